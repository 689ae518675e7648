import { type IncomingMessage, request } from 'node:http';

/** A reader of one event stream, over the socket of a listening API. */
export class EventReader {
  readonly response: IncomingMessage;
  text = '';
  ended = false;
  #arrived = () => {};

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.text += chunk;
      this.#arrived();
    });
    response.on('close', () => {
      this.ended = true;
      this.#arrived();
    });
    response.on('error', () => undefined);
  }

  static open(socketPath: string, path: string, headers: Record<string, string>): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath, path: `/api/v1${path}`, headers, agent: false }, (response) =>
        resolve(new EventReader(response)),
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  get messages(): { id?: string; event?: string; data: { text?: string; reason?: string; sequence?: number } }[] {
    return this.text
      .split('\n\n')
      .slice(0, -1)
      .flatMap((block) => {
        const fields = Object.fromEntries(
          block
            .split('\n')
            .filter((line) => !line.startsWith(':'))
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        return fields.data === undefined ? [] : [{ ...fields, data: JSON.parse(fields.data) }];
      });
  }

  get texts(): (string | undefined)[] {
    return this.messages.map(({ data }) => data.text ?? data.reason);
  }

  /** Resolves as soon as `holds`; the test's time limit is what ends it otherwise. */
  async until(holds: (reader: this) => boolean): Promise<void> {
    while (!holds(this)) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  close(): void {
    this.response.destroy();
  }
}

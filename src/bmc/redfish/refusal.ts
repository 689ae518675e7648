import { BmcError, type BmcFailure } from '../driver.ts';
import { type JsonObject, objectAt, objectsAt, textAt, textsAt } from './json.ts';
import { printable, withoutSecrets } from './words.ts';

const MAX_MESSAGES = 3;

export interface Refusal {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: JsonObject | undefined;
}

interface ServiceMessage {
  /** Without its registry and version: `ResourceInUse`. */
  readonly id: string;
  readonly text: string;
  readonly resolution: string | undefined;
  readonly arguments: readonly string[];
}

/** The BMC said no, with a status of HTTP and mostly with words (DSP0266 section 8.6). */
export class RedfishRefused extends BmcError {
  readonly status: number;
  readonly messageIds: readonly string[];
  /** The account whose password it wants changed, where that is why. */
  readonly accountToChange: string | undefined;

  constructor({ method, path, status, body }: Refusal, secrets: readonly string[]) {
    const messages = messagesOf(body);
    const change = messages.find(({ id }) => id === 'PasswordChangeRequired');
    const said = messages.slice(0, MAX_MESSAGES).map(sentence).join(' ');
    const what = `the BMC refuses ${method} ${printable(path, 120)} with ${status} (${meaning(status)})`;
    super(
      change === undefined ? failureOf(status, messages) : 'credentials',
      withoutSecrets(said === '' ? what : `${what}: ${said}`, secrets),
      // 501 and 503 say that nothing was done; other errors of a server may come in the middle.
      { mayHaveActed: method !== 'GET' && status >= 500 && status !== 501 && status !== 503 },
    );
    this.name = 'RedfishRefused';
    this.status = status;
    this.messageIds = messages.map(({ id }) => id);
    this.accountToChange = change?.arguments[0];
  }
}

/** Of an error, or of an answer that is one in spite of its good status. */
export function messagesOf(body: JsonObject | undefined): readonly ServiceMessage[] {
  const extended = [
    ...objectsAt(objectAt(body, 'error'), '@Message.ExtendedInfo'),
    ...objectsAt(body, '@Message.ExtendedInfo'),
  ];
  const messages = extended.flatMap((info) => {
    const text = textAt(info, 'Message');
    const id = textAt(info, 'MessageId') ?? '';
    if (text === undefined && id === '') return [];
    return [
      {
        id: id.slice(id.lastIndexOf('.') + 1),
        text: text ?? id,
        resolution: textAt(info, 'Resolution'),
        arguments: textsAt(info, 'MessageArgs') ?? [],
      },
    ];
  });
  if (messages.length > 0) return messages;
  const plain = textAt(objectAt(body, 'error'), 'message');
  return plain === undefined ? [] : [{ id: '', text: plain, resolution: undefined, arguments: [] }];
}

function sentence({ text, resolution }: ServiceMessage): string {
  const said = `“${printable(text)}”`;
  // The registry's way of saying nothing.
  if (resolution === undefined || /^none\.?$/i.test(resolution.trim())) return said;
  return `${said} It advises: “${printable(resolution)}”`;
}

function failureOf(status: number, messages: readonly ServiceMessage[]): BmcFailure {
  if (status === 401) return 'credentials';
  if (status === 403) return 'privilege';
  const isBusy = messages.some(({ id }) => id === 'SessionLimitExceeded' || id === 'ServiceTemporarilyUnavailable');
  return isBusy || status === 503 || status === 429 ? 'busy' : 'refused';
}

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'it can’t be done so',
  401: 'the name or the password is wrong',
  403: 'the user may not do this',
  404: 'there is nothing of that name',
  405: 'it has no such operation',
  409: 'not in its present state',
  412: 'it was changed meanwhile',
  428: 'it wants to be told which state is changed',
  429: 'too many requests',
  500: 'it failed inside',
  501: 'it has no such operation',
  503: 'it is busy',
};

function meaning(status: number): string {
  if (status >= 300 && status < 400) return 'it sends us elsewhere, which is not followed';
  return MEANINGS[status] ?? (status >= 500 ? 'it failed inside' : 'it says no');
}

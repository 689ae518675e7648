import type { Duplex } from 'node:stream';
import type { Clock, Endpoint, Timer } from '../../domain/ports.ts';
import { BrokenFraming, SyslogFraming } from './syslog-framing.ts';

const MAX_CONNECTIONS = 1_024;
const MAX_PER_CLIENT = 4;
/** An installer that says nothing for so long has gone. */
const IDLE_MS = 15 * 60_000;

export interface SyslogStreamParts {
  readonly clock: Clock;
  readonly onMessage: (text: string, from: Endpoint) => void;
}

/** The TCP connections of one listener, bounded; nothing is ever sent back. */
export class SyslogStreams {
  readonly #parts: SyslogStreamParts;
  readonly #open = new Map<Duplex, string>();
  refused = 0;

  constructor(parts: SyslogStreamParts) {
    this.#parts = parts;
  }

  get connections(): number {
    return this.#open.size;
  }

  accept(stream: Duplex, from: Endpoint): void {
    stream.on('error', () => stream.destroy());
    const own = [...this.#open.values()].filter((address) => address === from.address).length;
    if (this.#open.size >= MAX_CONNECTIONS || own >= MAX_PER_CLIENT) {
      this.refused += 1;
      stream.destroy();
      return;
    }
    this.#open.set(stream, from.address);
    const framing = new SyslogFraming();
    let idle = this.#idleTimer(stream);
    stream.on('data', (chunk: Uint8Array) => {
      idle.cancel();
      idle = this.#idleTimer(stream);
      try {
        for (const text of framing.push(chunk)) this.#parts.onMessage(text, from);
      } catch (error) {
        if (!(error instanceof BrokenFraming)) throw error;
        this.refused += 1;
        stream.destroy();
      }
    });
    stream.on('end', () => {
      const rest = framing.end();
      if (rest !== '') this.#parts.onMessage(rest, from);
      stream.destroy();
    });
    stream.on('close', () => {
      idle.cancel();
      this.#open.delete(stream);
    });
  }

  close(): void {
    for (const stream of [...this.#open.keys()]) stream.destroy();
  }

  #idleTimer(stream: Duplex): Timer {
    return this.#parts.clock.setTimeout(() => stream.destroy(), IDLE_MS);
  }
}

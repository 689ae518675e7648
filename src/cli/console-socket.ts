import { Agent, WebSocket } from 'undici';
import { HostRefused } from '../domain/errors.ts';
import type { ConsoleNotice } from '../power/console/ports.ts';
import type { ApiTarget } from './api-client.ts';

export interface ConsoleEnds {
  /** The machine's characters. */
  readonly output: (bytes: Uint8Array) => void;
  readonly notice: (notice: ConsoleNotice) => void;
}

export interface ConsoleSocket {
  type(bytes: Uint8Array): void;
  control(message: { readonly type: 'break' | 'write'; readonly takeOver?: boolean }): void;
  close(): void;
  /** Resolves when it is over. @throws HostRefused where the connection broke */
  readonly over: Promise<void>;
}

/** Longer pastes go in pieces. */
const MAX_MESSAGE_BYTES = 32 * 1024;

/** @throws HostRefused */
export async function openConsoleSocket(
  { host, port, socketPath }: ApiTarget,
  token: string,
  path: string,
  ends: ConsoleEnds,
): Promise<ConsoleSocket> {
  const dispatcher = new Agent(socketPath === undefined ? {} : { connect: { socketPath } });
  const authority = host === undefined ? 'localhost' : `${host.includes(':') ? `[${host}]` : host}:${port ?? 80}`;
  const socket = new WebSocket(`ws://${authority}/api/v1${path}`, {
    headers: { authorization: `Bearer ${token}` },
    dispatcher,
  });
  socket.binaryType = 'arraybuffer';
  let hasEnded = false;
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') {
      ends.output(new Uint8Array(data as ArrayBuffer));
      return;
    }
    const notice = JSON.parse(data) as ConsoleNotice;
    if (notice.type === 'ended') hasEnded = true;
    ends.notice(notice);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('close', ({ reason }) => reject(broken(`it was not opened ${reason}`)));
  });
  const over = new Promise<void>((resolve, reject) => {
    socket.addEventListener('close', ({ code }) => {
      void dispatcher.close();
      if (hasEnded || code === 1000) resolve();
      else reject(broken(`the connection to podboot broke (${code})`));
    });
  });
  // It is awaited later; until then a break is no fault of its own.
  over.catch(() => undefined);
  return {
    over,
    type(bytes) {
      for (let at = 0; at < bytes.length; at += MAX_MESSAGE_BYTES)
        socket.send(Uint8Array.from(bytes.subarray(at, at + MAX_MESSAGE_BYTES)));
    },
    control: (message) => socket.send(JSON.stringify(message)),
    close: () => socket.close(1000),
  };
}

function broken(what: string): HostRefused {
  return new HostRefused(`the console is over: ${what}`, 'Open it again; podboot’s log may say more.');
}

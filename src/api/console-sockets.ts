import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { PodbootError } from '../domain/errors.ts';
import type { Node } from '../domain/node.ts';
import type { Clock, Timer } from '../domain/ports.ts';
import type { ConsoleHub } from '../power/console/console-hub.ts';
import type { ConsoleNotice, ConsoleSeat } from '../power/console/ports.ts';
import { SlowReader } from '../power/console/slow-reader.ts';

export interface ConsoleRequest {
  readonly node: Node;
  readonly name: string;
  readonly mode: 'read' | 'write';
  readonly takeOver: boolean;
  readonly authorization: string | undefined;
}

const MAX_SOCKETS = 64;
const MAX_MESSAGE_BYTES = 64 * 1024;
/** A peer that is gone is noticed within two of them; those on the way keep the connection. */
const PING_MS = 15_000;
const MAX_CONTROL_CHARACTERS = 256;

/** Codes of RFC 6455 section 7.4.1. */
const CLOSE = { NORMAL: 1000, GOING_AWAY: 1001, UNREADABLE: 1007, POLICY: 1008 } as const;

/** Before the routes. */
export function registerWebSockets(app: FastifyInstance): void {
  app.register(websocket, {
    options: { maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false, clientTracking: false },
    // A connection that breaks is the end of that console, and no fault.
    errorHandler: (_error, socket) => socket.terminate(),
    preClose: (done) => done(),
  });
  // What was refused before the upgrade: nobody else would ever close its connection, for it is no longer the server's.
  app.addHook('onResponse', async ({ headers, raw }) => {
    if (headers.upgrade?.toLowerCase() === 'websocket') raw.socket.destroySoon();
  });
}

/** The consoles that are read over WebSockets, so that they are bounded and end with the API. */
export class ConsoleSockets {
  readonly #hub: ConsoleHub;
  readonly #clock: Clock;
  readonly #isAuthorized: (authorization: string | undefined) => boolean;
  readonly #open = new Set<ConsoleSocket>();

  constructor(hub: ConsoleHub, clock: Clock, isAuthorized: (authorization: string | undefined) => boolean) {
    this.#hub = hub;
    this.#clock = clock;
    this.#isAuthorized = isAuthorized;
  }

  get size(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size >= MAX_SOCKETS;
  }

  open(socket: WebSocket, request: ConsoleRequest): void {
    const opened = new ConsoleSocket(socket, {
      clock: this.#clock,
      isAuthorized: () => this.#isAuthorized(request.authorization),
      onClose: () => void this.#open.delete(opened),
    });
    this.#open.add(opened);
    opened.join(this.#hub, request);
  }

  close(): void {
    for (const each of this.#open) each.end({ type: 'ended', text: 'podboot stops' }, CLOSE.GOING_AWAY);
  }
}

interface SocketOptions {
  readonly clock: Clock;
  /** Its token may be replaced meanwhile. */
  readonly isAuthorized: () => boolean;
  readonly onClose: () => void;
}

class ConsoleSocket {
  readonly #socket: WebSocket;
  readonly #options: SocketOptions;
  readonly #reader: SlowReader;
  #seat: ConsoleSeat | undefined;
  #timer: Timer | undefined;
  #isAlive = true;

  constructor(socket: WebSocket, options: SocketOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new SlowReader({
      get bufferedBytes() {
        return socket.bufferedAmount;
      },
      // Copied: it is sent later than the call ends.
      characters: (bytes) => socket.send(Buffer.from(bytes), { binary: true }),
      notice: (notice) => this.#say(notice),
    });
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    socket.on('close', () => this.#leave());
    socket.on('message', (data, isBinary) => this.#hear(data as Buffer, isBinary));
    this.#tick();
  }

  join(hub: ConsoleHub, { node, name, mode, takeOver }: ConsoleRequest): void {
    const viewer = {
      name,
      output: (characters: Uint8Array) => this.#reader.output(characters),
      notice: (notice: ConsoleNotice) => (notice.type === 'ended' ? this.end(notice, CLOSE.NORMAL) : this.#say(notice)),
    };
    try {
      this.#seat = hub.join(node, viewer, { mode, takeOver });
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      const mend = error.mend === undefined ? {} : { mend: error.mend };
      this.end({ type: 'ended', text: error.message, ...mend }, CLOSE.POLICY);
    }
  }

  end(notice: ConsoleNotice, code: number): void {
    this.#say(notice);
    this.#leave();
    this.#socket.close(code);
    // Whoever does not answer the closing does not keep it.
    this.#options.clock.setTimeout(() => this.#socket.terminate(), 1_000);
  }

  #say(notice: ConsoleNotice): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(notice));
  }

  #leave(): void {
    this.#timer?.cancel();
    this.#seat?.leave();
    this.#seat = undefined;
    this.#options.onClose();
  }

  #tick(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      if (!this.#options.isAuthorized()) {
        this.end({ type: 'ended', text: 'its token is no longer in force' }, CLOSE.POLICY);
        return;
      }
      if (!this.#isAlive) {
        this.#leave();
        this.#socket.terminate();
        return;
      }
      this.#isAlive = false;
      this.#socket.ping();
      this.#reader.catchUp();
      this.#tick();
    }, PING_MS);
  }

  #hear(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.#seat?.type(data);
      return;
    }
    const control = controlOf(data);
    if (control === undefined) {
      const text =
        'a text message must be {"type":"break"} or {"type":"write","takeOver":true}; what is typed is binary';
      this.end({ type: 'ended', text }, CLOSE.UNREADABLE);
    } else if (control.type === 'break') this.#seat?.sendBreak();
    else this.#write(control.takeOver);
  }

  #write(takeOver: boolean): void {
    try {
      this.#seat?.write(takeOver);
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      this.#say({ type: 'refused', text: error.message, ...(error.mend === undefined ? {} : { mend: error.mend }) });
    }
  }
}

function controlOf(data: Buffer): { readonly type: 'break' | 'write'; readonly takeOver: boolean } | undefined {
  if (data.length > MAX_CONTROL_CHARACTERS) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data.toString());
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  if (value.type !== 'break' && value.type !== 'write') return undefined;
  return { type: value.type, takeOver: 'takeOver' in value && value.takeOver === true };
}

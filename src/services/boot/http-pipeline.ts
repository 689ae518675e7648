import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that may wait for the answers to those before them. No boot firmware sends ahead at all. */
const MOST_WAITING = 8;

/**
 * One answer at a time for each connection. Node hands over all requests that arrive in one packet, more than a thousand
 * of them: begun at once, each would hold an open file and a chunk of it, behind an answer that the client need not read.
 */
export class Pipelines {
  readonly #waiting = new WeakMap<Socket, number>();

  /** @returns false: too many wait; the connection is ended, as their answers could not be told apart if some were left out */
  take(request: IncomingMessage, response: ServerResponse, answer: () => void): boolean {
    const { socket } = request;
    if (socket.destroyed) return true;
    // Node gives a response its connection when the one before it is sent.
    if (response.socket !== null) {
      answer();
      return true;
    }
    const waiting = this.#waiting.get(socket) ?? 0;
    if (waiting >= MOST_WAITING) {
      socket.destroy();
      return false;
    }
    this.#waiting.set(socket, waiting + 1);
    response.once('socket', () => {
      this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1);
      answer();
    });
    return true;
  }
}

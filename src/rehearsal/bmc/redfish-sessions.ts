import type { Clock } from '../../domain/ports.ts';

const SESSION_LIFE_MS = 300_000;

interface Session {
  readonly token: string;
  requests: number;
  usedAt: number;
}

/** The few sessions that a BMC has. */
export class RedfishSessions {
  readonly #clock: Clock;
  readonly #maxSessions: number;
  /** Requests that one is good for. */
  readonly #maxRequests: number;
  readonly #byId = new Map<string, Session>();
  #nextId = 1;
  /** That were ever opened. */
  opened = 0;

  constructor(clock: Clock, maxSessions: number, maxRequests: number) {
    this.#clock = clock;
    this.#maxSessions = maxSessions;
    this.#maxRequests = maxRequests;
  }

  get open(): number {
    this.#expire();
    return this.#byId.size;
  }

  /** Undefined where all are taken. */
  login(token: string): string | undefined {
    if (this.open >= this.#maxSessions) return undefined;
    const id = `${this.#nextId++}`;
    this.#byId.set(id, { token, requests: 0, usedAt: this.#clock.monotonic() });
    this.opened += 1;
    return id;
  }

  isValid(token: string): boolean {
    this.#expire();
    for (const [id, session] of this.#byId) {
      if (session.token !== token) continue;
      session.requests += 1;
      session.usedAt = this.#clock.monotonic();
      if (session.requests <= this.#maxRequests) return true;
      this.#byId.delete(id);
    }
    return false;
  }

  end(id: string): boolean {
    return this.#byId.delete(id);
  }

  /** As at a restart of the BMC. */
  clear(): void {
    this.#byId.clear();
  }

  #expire(): void {
    const before = this.#clock.monotonic() - SESSION_LIFE_MS;
    for (const [id, { usedAt }] of this.#byId) if (usedAt < before) this.#byId.delete(id);
  }
}

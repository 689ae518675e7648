import type { KeptAnswer, KeptRequest } from '../domain/kept-request.ts';
import type { Clock, Store, StoreChange } from '../domain/ports.ts';

export interface IdempotencyKeysOptions {
  readonly store: Pick<Store, 'commit' | 'document'>;
  readonly clock: Pick<Clock, 'now'>;
  /** As the store has them at the start. */
  readonly known: Iterable<KeptRequest>;
}

/** `new`: do it, then `finish` or `fail`. */
export type Claim =
  | { readonly is: 'new' | 'other-request' | 'in-progress' | 'outcome-unknown' | 'answer-gone' }
  | { readonly is: 'answered'; readonly answer: KeptAnswer & { readonly body: string } };

const MAX_AGE_MS = 24 * 3_600_000;
const MAX_REQUESTS = 1_000;
/** All answers together; the store's snapshot holds them at the start for a moment. */
const MAX_CHARS = 8_000_000;
/** An import of 5,000 nodes is answered with about a megabyte. */
const MAX_ANSWER_CHARS = 2_000_000;

/** What memory has of a request: its answer is in the store. */
interface Entry {
  readonly fingerprint: string;
  readonly at: number;
  /** `unknown`: begun, and whether it was done can't be told. */
  state: 'running' | 'unknown' | 'done';
  chars: number;
}

/**
 * Requests by their Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): what was done is not done again, also over a
 * restart. That one is begun is on disk before it begins, its answer before it is sent. A refusal is not kept: it changed
 * nothing, and the mended request may come with the same key.
 */
export class IdempotencyKeys {
  readonly #options: IdempotencyKeysOptions;
  /** The oldest first. */
  readonly #entries = new Map<string, Entry>();
  #chars = 0;

  constructor(options: IdempotencyKeysOptions) {
    this.#options = options;
    for (const { key, fingerprint, at, answer } of [...options.known].sort((one, other) => one.at - other.at)) {
      const chars = answer?.body?.length ?? 0;
      this.#entries.set(key, { fingerprint, at, state: answer === undefined ? 'unknown' : 'done', chars });
      this.#chars += chars;
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @throws what the store throws; then the request is not begun */
  async claim(key: string, fingerprint: string): Promise<Claim> {
    const expired = this.#forgetOld();
    const entry = this.#entries.get(key);
    if (entry !== undefined) return await this.#repeated(key, entry, fingerprint);
    const at = this.#options.clock.now();
    this.#entries.set(key, { fingerprint, at, state: 'running', chars: 0 });
    try {
      const document: KeptRequest = { key, fingerprint, at };
      await this.#options.store.commit([...expired, { put: 'document', kind: 'request', id: key, document }]);
    } catch (error) {
      this.#entries.delete(key);
      throw error;
    }
    return { is: 'new' };
  }

  /** It was done. Never rejects: where the answer can't be stored, a repeat is told that the outcome is unknown. */
  async finish(key: string, answer: KeptAnswer): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const { body, ...head } = answer;
    const kept: KeptAnswer = body !== undefined && body.length <= MAX_ANSWER_CHARS ? answer : head;
    const { fingerprint, at } = entry;
    try {
      const document: KeptRequest = { key, fingerprint, at, answer: kept };
      await this.#options.store.commit([{ put: 'document', kind: 'request', id: key, document }]);
      entry.state = 'done';
      entry.chars = kept.body?.length ?? 0;
      this.#chars += entry.chars;
    } catch {
      entry.state = 'unknown';
    }
  }

  /** It was refused, and has changed nothing. */
  async withdraw(key: string): Promise<void> {
    if (!this.#entries.delete(key)) return;
    // A record that stays behind says that the outcome is unknown, which is not wrong.
    await this.#options.store.commit([{ remove: 'document', kind: 'request', id: key }]).catch(() => undefined);
  }

  /** A fault came between: it may be done or not. */
  lose(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.state = 'unknown';
  }

  async #repeated(key: string, entry: Entry, fingerprint: string): Promise<Claim> {
    if (entry.fingerprint !== fingerprint) return { is: 'other-request' };
    if (entry.state === 'running') return { is: 'in-progress' };
    if (entry.state === 'unknown') return { is: 'outcome-unknown' };
    const answer = (await this.#options.store.document('request', key))?.answer;
    if (answer === undefined) return { is: 'outcome-unknown' };
    const { body } = answer;
    return body === undefined ? { is: 'answer-gone' } : { is: 'answered', answer: { ...answer, body } };
  }

  /** Out of memory at once; out of the store with the next commit. */
  #forgetOld(): StoreChange[] {
    const now = this.#options.clock.now();
    const removed: StoreChange[] = [];
    for (const [key, entry] of this.#entries) {
      const isOld = Math.abs(now - entry.at) > MAX_AGE_MS;
      if (!isOld && this.#entries.size < MAX_REQUESTS && this.#chars <= MAX_CHARS) continue;
      if (entry.state === 'running') continue;
      this.#entries.delete(key);
      this.#chars -= entry.chars;
      removed.push({ remove: 'document', kind: 'request', id: key });
    }
    return removed;
  }
}

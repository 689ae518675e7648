import { BmcError } from '../driver.ts';
import { type Endpoint, REDFISH_PORT, readFingerprint } from './fingerprint.ts';
import type { JsonObject } from './json.ts';
import { pathOf } from './links.ts';
import { Deadline, type RedfishClock } from './ports.ts';
import { RedfishRefused } from './refusal.ts';
import { type Login, logIn, type RedfishCredentials } from './session.ts';
import { type Answer, Transport, type TransportRequest } from './transport.ts';

export interface RedfishClientOptions {
  readonly host: string;
  /** 443 unless told. */
  readonly port?: number;
  readonly credentials: RedfishCredentials;
  /** SHA-256 of the BMC's certificate, in hexadecimal. */
  readonly fingerprint: string;
  readonly clock: RedfishClock;
  /** How long a session rests before it is given back. */
  readonly idleMs?: number;
  /** How long one answer is waited for, but for those to an action, which take what the operation has. */
  readonly answerMs?: number;
}

/** A resource as it was read. */
export interface Resource {
  readonly path: string;
  readonly body: JsonObject;
  readonly etag: string | undefined;
}

export interface Change {
  readonly method: 'PATCH' | 'POST';
  readonly path: string;
  readonly body: JsonObject;
  /** If-Match. */
  readonly ifMatch?: string;
  /** In the body: a BMC may quote them, and nobody is to read them. */
  readonly secrets?: readonly string[];
}

const IDLE_MS = 15_000;
const ANSWER_MS = 30_000;
/** Of a session that is given back: a BMC that does not answer ends it by itself. */
const GOODBYE_MS = 3_000;
const MAX_QUEUED = 64;
const BUSY_PAUSE_MS = 2_000;
const MAX_BUSY_PAUSE_MS = 30_000;
const MAX_PATIENCE = 6;

/** Requests to one BMC, one at a time, in a session that is kept while it is used and given back when it is not. */
export class RedfishClient {
  readonly clock: RedfishClock;
  readonly #transport: Transport;
  readonly #idleMs: number;
  readonly #answerMs: number;
  #credentials: RedfishCredentials;
  #login: Login | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #idle: { cancel(): void } | undefined;
  #isClosed = false;

  /** @throws RangeError for a fingerprint that is none */
  constructor({ host, port = REDFISH_PORT, credentials, fingerprint, clock, ...times }: RedfishClientOptions) {
    const endpoint: Endpoint = { host, port };
    this.clock = clock;
    this.#transport = new Transport(endpoint, readFingerprint(fingerprint), clock);
    this.#credentials = credentials;
    this.#idleMs = times.idleMs ?? IDLE_MS;
    this.#answerMs = times.answerMs ?? ANSWER_MS;
  }

  get userName(): string {
    return this.#credentials.userName;
  }

  deadline(deadlineMs: number): Deadline {
    return new Deadline(this.clock, deadlineMs);
  }

  /** @param link as the BMC gave it @throws BmcError */
  async get(link: string, deadline: Deadline): Promise<Resource> {
    const path = pathOf(link, this.#transport.origin);
    const answer = await this.#inTurn(() => this.#repeatable({ method: 'GET', path }, deadline));
    if (answer.body === undefined) throw new BmcError('refused', `the BMC’s answer to GET ${path} is empty`);
    const inBody = answer.body['@odata.etag'];
    return { path, body: answer.body, etag: answer.etag ?? (typeof inBody === 'string' ? inBody : undefined) };
  }

  /** Undefined where there is nothing of that name. */
  async getIfThere(link: string | undefined, deadline: Deadline): Promise<Resource | undefined> {
    if (link === undefined) return undefined;
    try {
      return await this.get(link, deadline);
    } catch (error) {
      if (error instanceof RedfishRefused && ABSENT.includes(error.status)) return undefined;
      throw error;
    }
  }

  /** Sent once, unless the BMC says that it has not done it. @throws BmcError */
  async change({ method, path: link, body, ifMatch, secrets }: Change, deadline: Deadline): Promise<Answer> {
    const path = pathOf(link, this.#transport.origin);
    const headers = ifMatch === undefined ? {} : { 'if-match': ifMatch };
    const request = { method, path, body, headers, isFresh: method === 'POST' };
    return this.#inTurn(() => this.#authorised(request, deadline, secrets));
  }

  /** The account whose password the BMC wants changed before it does anything, as the last login told. */
  async accountToChange(deadline: Deadline): Promise<string | undefined> {
    const login = await this.#inTurn(() => this.#loggedIn(deadline));
    return login.kind === 'session' ? login.accountToChange : undefined;
  }

  /** After it was changed: the session of the old one is ended, BMCs end it or do not. */
  async usePassword(password: string): Promise<void> {
    await this.#inTurn(() => this.#logOut());
    this.#credentials = { ...this.#credentials, password };
  }

  /** The session ends at the BMC too. What waits fails. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const isRunning = this.#queue.then(() => undefined);
    await new Promise<void>((resolve) => {
      const timer = this.clock.setTimeout(resolve, GOODBYE_MS);
      void isRunning.finally(() => {
        timer.cancel();
        resolve();
      });
    });
    await this.#logOut();
    await this.#transport.close();
  }

  /** A connection that broke is no matter for what may be asked twice. */
  async #repeatable(request: Pick<TransportRequest, 'method' | 'path'>, deadline: Deadline): Promise<Answer> {
    try {
      return await this.#authorised({ ...request, headers: {} }, deadline);
    } catch (error) {
      const isBroken = error instanceof BmcError && error.failure === 'no-answer';
      if (!isBroken || !deadline.hasMoreThan(BUSY_PAUSE_MS)) throw error;
      return this.#authorised({ ...request, headers: {} }, deadline);
    }
  }

  async #authorised(
    request: Omit<TransportRequest, 'timeoutMs'>,
    deadline: Deadline,
    secrets: readonly string[] = [],
  ): Promise<Answer> {
    let hasRenewed = false;
    let pauseMs = BUSY_PAUSE_MS;
    for (let tries = 1; ; tries += 1) {
      const login = await this.#loggedIn(deadline);
      const answer = await this.#transport.request({
        ...request,
        headers: { ...request.headers, ...headersOf(login) },
        timeoutMs: request.method === 'POST' ? deadline.leftMs : Math.min(this.#answerMs, deadline.leftMs),
      });
      if (answer.status < 300) return answer;
      if (answer.status === 401) {
        // The BMC was restarted, or ended the session; where it has not, the slot is given back.
        await this.#logOut();
        const mayRenew = login.kind === 'session' && !hasRenewed;
        hasRenewed = true;
        // What it refuses for that, it has not done.
        if (mayRenew) continue;
      }
      const refused = new RedfishRefused({ ...request, ...answer }, [this.#credentials.password, ...secrets]);
      if (answer.status !== 503 && answer.status !== 429) throw refused;
      const waitMs = Math.min(MAX_BUSY_PAUSE_MS, (answer.retryAfterSeconds ?? 0) * 1_000 || pauseMs);
      if (tries >= MAX_PATIENCE || !(await deadline.pause(waitMs))) throw refused;
      pauseMs *= 2;
    }
  }

  async #loggedIn(deadline: Deadline): Promise<Login> {
    this.#login ??= await logIn(this.#transport, this.#credentials, deadline);
    return this.#login;
  }

  async #logOut(): Promise<void> {
    this.#idle?.cancel();
    const login = this.#login;
    this.#login = undefined;
    if (login?.kind !== 'session' || login.path === undefined) return;
    try {
      await this.#transport.request({
        method: 'DELETE',
        path: login.path,
        headers: headersOf(login),
        timeoutMs: GOODBYE_MS,
      });
    } catch (error) {
      // It ends by itself at the BMC.
      if (!(error instanceof BmcError)) throw error;
    }
  }

  #restIfIdle(): void {
    this.#idle?.cancel();
    if (this.#login === undefined || this.#queued > 0 || this.#isClosed) return;
    this.#idle = this.clock.setTimeout(() => {
      if (this.#queued === 0) void this.#inTurn(() => this.#logOut()).catch(() => undefined);
    }, this.#idleMs);
  }

  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#queued >= MAX_QUEUED) {
      return Promise.reject(new BmcError('busy', `${MAX_QUEUED} requests wait for this BMC already`));
    }
    this.#queued += 1;
    this.#idle?.cancel();
    const mine = this.#queue
      .then(() => {
        if (this.#isClosed) throw new BmcError('no-answer', 'the connection to the BMC was closed');
        return act();
      })
      .finally(() => {
        this.#queued -= 1;
        this.#restIfIdle();
      });
    this.#queue = mine.catch(() => undefined);
    return mine;
  }
}

const ABSENT: readonly number[] = [404, 405, 410, 501];

function headersOf(login: Login): Record<string, string> {
  return login.kind === 'session' ? { 'x-auth-token': login.token } : { authorization: login.authorization };
}

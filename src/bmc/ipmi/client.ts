import { randomBytes } from 'node:crypto';
import { type CipherSuite, SUITE_17 } from '../../codecs/ipmi/cipher-suite.ts';
import type { IpmiCommand } from '../../codecs/ipmi/command.ts';
import { getDeviceId } from '../../codecs/ipmi/commands/device.ts';
import { Privilege, setSessionPrivilege } from '../../codecs/ipmi/commands/session.ts';
import { isSuiteRefused } from '../../codecs/ipmi/completion-codes.ts';
import { RMCP_PORT } from '../../codecs/ipmi/rmcp.ts';
import { peekPacket } from '../../codecs/ipmi/session-packet.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import type { IpmiCredentials } from './credentials.ts';
import { IpmiError } from './errors.ts';
import { type OpenedSession, openSession, SessionRefused } from './handshake.ts';
import { Latency } from './latency.ts';
import { PlainExchange } from './plain-exchange.ts';
import type { IpmiChannel, IpmiClock, IpmiNetwork } from './ports.ts';
import { type IpmiQuirk, NO_QUIRK, quirkOf } from './quirks.ts';
import { type DropCounter, IpmiSession } from './session.ts';
import { listedSuite, otherSuite } from './suite-choice.ts';

export interface IpmiClientOptions {
  readonly host: string;
  /** 623 unless told. */
  readonly port?: number;
  readonly credentials: IpmiCredentials;
  /** Administrator unless told: boot options and consoles often want it. */
  readonly privilege?: Privilege;
  /** Unless told, the best that the BMC has: 17, else 3. */
  readonly suite?: CipherSuite;
  readonly clock: IpmiClock;
  readonly network: IpmiNetwork;
  /** A session that nobody uses is closed after this long; 15 s unless told. BMCs have few. */
  readonly idleMs?: number;
  /** Commands come no faster than this, nor than the BMC's quirk wants; 0 unless told. */
  readonly minGapMs?: number;
  /** By its maker and product; the table of this room unless told. */
  readonly quirks?: readonly IpmiQuirk[];
}

const IDLE_MS = 15_000;
/** Of one opening of a session. With a fifth of all packets lost, three of four handshakes fail. */
const MAX_HANDSHAKES = 16;
const MAX_WAITS = 3;
/** Of one command, each in a session of its own. */
const MAX_ATTEMPTS = 4;
const FULL_PAUSE_MS = 500;
const MAX_QUEUED = 256;
/** Sessions that were opened last, and how long a BMC may keep one that nobody uses, with the time that it was used. */
const MAX_OWN = 8;
const SESSION_LIFE_MS = 180_000;

export interface IpmiStatistics {
  readonly commands: number;
  readonly sessions: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** Undefined before the first answer. */
  readonly latencyMs: number | undefined;
}

/**
 * One BMC: a queue, so that it has one command at a time; a session that is opened when it is needed, kept while it is
 * used, and closed when it is not.
 */
export class IpmiClient {
  readonly #options: IpmiClientOptions;
  readonly #latency = new Latency();
  readonly #dropped: Record<string, number> = {};
  #queue: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #link: Link | undefined;
  /** What the BMC was found to have, kept over sessions. */
  #suite: CipherSuite | undefined;
  #quirk: IpmiQuirk | undefined;
  #idle: { cancel(): void } | undefined;
  /** What is told to those who hold the session when it is given up. */
  readonly #holders = new Set<() => void>();
  #lastCommandAt = Number.NEGATIVE_INFINITY;
  #commands = 0;
  #sessions = 0;
  #isClosed = false;
  /** By the BMC's id: when it was opened. */
  readonly #own = new Map<number, number>();

  constructor(options: IpmiClientOptions) {
    this.#options = options;
    this.#suite = options.suite;
  }

  /**
   * @param deadlineMs for the command, with the handshake where one is needed; not for the wait in the queue
   * @throws IpmiError
   */
  run<Result>(command: IpmiCommand<Result>, deadlineMs: number): Promise<Result> {
    return this.#inTurn(() => this.#run(command, deadlineMs));
  }

  /** How this BMC departs from the specification. @throws IpmiError */
  quirk(deadlineMs: number): Promise<IpmiQuirk> {
    return this.#quirk === undefined ? this.#inTurn(() => this.#learn(deadlineMs)) : Promise.resolve(this.#quirk);
  }

  /** The same, as far as it is known without asking: from the second command on. */
  get knownQuirk(): IpmiQuirk | undefined {
    return this.#quirk;
  }

  /**
   * A session that stays open until `release`, for a console: commands go through it meanwhile.
   *
   * @param lost told once where the session is given up: its BMC does not know it any more, or the client was closed
   * @throws IpmiError
   */
  async hold(deadlineMs: number, lost: () => void): Promise<HeldSession> {
    // A function of its own: the same listener may hold twice.
    const holder = () => lost();
    const session = await this.#inTurn(async () => {
      const opened = await this.#session(this.#options.clock.monotonic() + deadlineMs);
      this.#idle?.cancel();
      this.#holders.add(holder);
      return opened;
    });
    let isHeld = true;
    return {
      session,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#holders.delete(holder);
        session.onSol(undefined);
        this.#restIfIdle();
      },
    };
  }

  /**
   * A session of this client's, also one that it gave up a moment ago: where its close was lost on the way, the BMC still
   * keeps it, and what it holds.
   */
  hadSession(bmcSessionId: number): boolean {
    const at = this.#own.get(bmcSessionId);
    return at !== undefined && this.#options.clock.monotonic() - at < SESSION_LIFE_MS;
  }

  get statistics(): IpmiStatistics {
    return {
      commands: this.#commands,
      sessions: this.#sessions,
      dropped: { ...this.#dropped },
      latencyMs: this.#latency.smoothedMs,
    };
  }

  /** The session ends at the BMC too. What waits fails with `closed`. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  async #run<Result>(command: IpmiCommand<Result>, deadlineMs: number): Promise<Result> {
    // Before the second one: a first command can't come too fast, and one is all that many a BMC is ever sent.
    if (this.#quirk !== undefined || this.#commands === 0) return this.#send(command, deadlineMs);
    const { clock } = this.#options;
    const endsAt = clock.monotonic() + deadlineMs;
    await this.#learn(deadlineMs);
    return this.#send(command, Math.max(1, endsAt - clock.monotonic()));
  }

  async #learn(deadlineMs: number): Promise<IpmiQuirk> {
    if (this.#quirk !== undefined) return this.#quirk;
    try {
      this.#quirk = quirkOf(await this.#send(getDeviceId(), deadlineMs), this.#options.quirks);
    } catch (error) {
      if (!(error instanceof IpmiError)) throw error;
      // Of what was to be sent after it nothing has left.
      if (error.failure !== 'refused') throw new IpmiError(error.failure, error.message, { cause: error });
      this.#quirk = NO_QUIRK;
    }
    return this.#quirk;
  }

  async #send<Result>(command: IpmiCommand<Result>, deadlineMs: number): Promise<Result> {
    const { clock } = this.#options;
    const minGapMs = Math.max(this.#options.minGapMs ?? 0, this.#quirk?.minGapMs ?? 0);
    const endsAt = clock.monotonic() + deadlineMs;
    const gapMs = this.#lastCommandAt + minGapMs - clock.monotonic();
    if (gapMs > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, gapMs));
    this.#idle?.cancel();
    this.#commands += 1;
    try {
      return await this.#attempt(command, endsAt);
    } finally {
      this.#lastCommandAt = clock.monotonic();
      this.#restIfIdle();
    }
  }

  /** A BMC that was reset, or was silent for a moment, does not know the session any more: once more with another one. */
  async #attempt<Result>(command: IpmiCommand<Result>, endsAt: number): Promise<Result> {
    const { clock } = this.#options;
    for (let attempts = 1; ; attempts += 1) {
      let wasSent = false;
      try {
        const session = await this.#session(endsAt);
        wasSent = true;
        return await session.execute(command, Math.max(1, endsAt - clock.monotonic()));
      } catch (error) {
        if (!(error instanceof IpmiError) || !isLost(error)) throw error;
        this.#drop();
        const isPossible = attempts < MAX_ATTEMPTS && clock.monotonic() < endsAt && !this.#isClosed;
        // What never had a session will not have one for the asking.
        if (!isPossible || this.#sessions === 0 || (wasSent && !command.isRepeatable)) throw error;
      }
    }
  }

  async #session(endsAt: number): Promise<IpmiSession> {
    if (this.#isClosed) throw new IpmiError('closed', 'the client was closed');
    if (this.#link?.session !== undefined) return this.#link.session;
    const link = await this.#connect();
    try {
      const opened = await this.#handshake(link, endsAt);
      const session = this.#adopt(link, opened);
      const { privilege = Privilege.ADMINISTRATOR, clock } = this.#options;
      await session.execute(setSessionPrivilege(privilege), Math.max(1, endsAt - clock.monotonic()));
      return session;
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  async #connect(): Promise<Link> {
    const { network, host, port = RMCP_PORT, clock } = this.#options;
    const channel = await network.connect(host, port).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new IpmiError('unreachable', `${host} can’t be reached: ${why}`, { cause });
    });
    const plain = new PlainExchange({
      clock,
      send: (packet) => channel.send(packet),
      dropped: () => this.#count('unexpected'),
      silent: () => channel.silent(),
    });
    const link: Link = { channel, plain, session: undefined };
    this.#link = link;
    channel.onPacket((packet) => this.#receive(link, packet));
    channel.onError((error) => {
      link.plain.failed(error);
      link.session?.failed(
        new IpmiError('no-answer', `the BMC’s port is closed: ${error.message}`, { mayHaveActed: true, cause: error }),
      );
    });
    return link;
  }

  async #handshake(link: Link, endsAt: number): Promise<OpenedSession> {
    const { clock, credentials, privilege = Privilege.ADMINISTRATOR } = this.#options;
    this.#suite ??= (await listedSuite(link.plain, this.#latency.patienceMs)) ?? SUITE_17;
    let hasTriedOther = false;
    // Somebody else's session, or one of our own that was lost half-way, ends within a minute.
    let pauseMs = FULL_PAUSE_MS;
    for (let handshakes = 1; ; handshakes += 1) {
      const leftMs = Math.max(1, endsAt - clock.monotonic());
      const waitMs = Math.min(this.#latency.patienceMs * Math.min(handshakes, MAX_WAITS), leftMs);
      try {
        const suite = this.#suite;
        const opened = await openSession({
          exchange: link.plain,
          credentials,
          privilege,
          suite,
          random: randomBytes,
          waitMs,
        });
        this.#sessions += 1;
        return opened;
      } catch (error) {
        if (error instanceof SessionRefused && isSuiteRefused(error.status) && !hasTriedOther && !this.#options.suite) {
          hasTriedOther = true;
          this.#suite = otherSuite(this.#suite);
          continue;
        }
        if (error instanceof IpmiError && error.failure === 'no-session' && clock.monotonic() + pauseMs < endsAt) {
          await new Promise<void>((resolve) => void clock.setTimeout(resolve, pauseMs));
          pauseMs *= 2;
          handshakes -= 1;
          continue;
        }
        const isLostAnswer = error instanceof IpmiError && error.failure === 'no-answer';
        if (!isLostAnswer || handshakes >= MAX_HANDSHAKES || clock.monotonic() >= endsAt)
          throw asUnreachable(error, this.#sessions);
      }
    }
  }

  #adopt(link: Link, opened: OpenedSession): IpmiSession {
    this.#own.delete(opened.bmcSessionId);
    if (this.#own.size >= MAX_OWN) this.#own.delete(this.#own.keys().next().value as number);
    this.#own.set(opened.bmcSessionId, this.#options.clock.monotonic());
    const dropped: DropCounter = (reason) => this.#count(reason);
    link.session = new IpmiSession({
      ...opened,
      clock: this.#options.clock,
      send: (packet) => link.channel.send(packet),
      dropped,
      patienceMs: () => this.#latency.patienceMs,
      answered: (latencyMs) => this.#latency.answered(latencyMs),
    });
    return link.session;
  }

  #receive(link: Link, packet: Uint8Array): void {
    try {
      const { version, sessionId } = peekPacket(packet);
      if (version === 'v2.0' && sessionId !== 0 && link.session !== undefined) link.session.receive(packet);
      else link.plain.receive(packet);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
      this.#count('malformed');
    }
  }

  #restIfIdle(): void {
    this.#idle?.cancel();
    if (this.#link === undefined || this.#holders.size > 0 || this.#queued > 1) return;
    this.#idle = this.#options.clock.setTimeout(() => {
      if (this.#holders.size === 0 && this.#queued === 0) this.#drop();
    }, this.#options.idleMs ?? IDLE_MS);
  }

  #drop(): void {
    const link = this.#link;
    this.#link = undefined;
    this.#idle?.cancel();
    link?.session?.close();
    link?.channel.close();
    const holders = [...this.#holders];
    this.#holders.clear();
    for (const lost of holders) lost();
  }

  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new IpmiError('closed', 'the client was closed'));
    if (this.#queued >= MAX_QUEUED) {
      return Promise.reject(new IpmiError('no-answer', `${MAX_QUEUED} commands wait for this BMC already`));
    }
    this.#queued += 1;
    const mine = this.#queue.then(act).finally(() => {
      this.#queued -= 1;
    });
    this.#queue = mine.catch(() => undefined);
    return mine;
  }

  #count(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }
}

export interface HeldSession {
  readonly session: IpmiSession;
  release(): void;
}

interface Link {
  readonly channel: IpmiChannel;
  readonly plain: PlainExchange;
  session: IpmiSession | undefined;
}

function isLost({ failure }: IpmiError): boolean {
  return failure === 'no-answer' || failure === 'unreachable';
}

/** A BMC that never answered is not there, as far as can be told: wrong address, IPMI over LAN switched off. */
function asUnreachable(error: unknown, sessions: number): unknown {
  if (!(error instanceof IpmiError) || error.failure !== 'no-answer' || sessions > 0) return error;
  const message = 'nothing answers IPMI there: is the address right, the BMC on, and IPMI over LAN switched on in it?';
  return new IpmiError('unreachable', message, { cause: error });
}

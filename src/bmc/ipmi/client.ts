import type { CipherSuite } from '../../codecs/ipmi/cipher-suite.ts';
import type { IpmiCommand } from '../../codecs/ipmi/command.ts';
import { getDeviceId } from '../../codecs/ipmi/commands/device.ts';
import { Privilege, setSessionPrivilege } from '../../codecs/ipmi/commands/session.ts';
import { RMCP_PORT } from '../../codecs/ipmi/rmcp.ts';
import { peekPacket } from '../../codecs/ipmi/session-packet.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import type { IpmiCredentials } from './credentials.ts';
import { IpmiError } from './errors.ts';
import type { OpenedSession } from './handshake.ts';
import { Latency } from './latency.ts';
import { OwnSessions } from './own-sessions.ts';
import { PlainExchange } from './plain-exchange.ts';
import type { IpmiChannel, IpmiClock, IpmiNetwork } from './ports.ts';
import { type IpmiQuirk, NO_QUIRK, quirkOf } from './quirks.ts';
import { IpmiSession } from './session.ts';
import { SessionOpener } from './session-opener.ts';
import { TurnQueue } from './turn-queue.ts';

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
/** Of one command, each in a session of its own. */
const MAX_ATTEMPTS = 4;

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
  readonly #opener: SessionOpener;
  readonly #own: OwnSessions;
  readonly #queue = new TurnQueue();
  readonly #dropped: Record<string, number> = {};
  readonly #privilege: Privilege;
  #link: Link | undefined;
  /** What the BMC was found to be, kept over sessions. */
  #quirk: IpmiQuirk | undefined;
  #idle: { cancel(): void } | undefined;
  /** When the session is to be closed, unless it is used meanwhile. */
  #idleAt = 0;
  /** What is told to those who hold the session when it is given up. */
  readonly #holders = new Set<() => void>();
  #lastCommandAt = Number.NEGATIVE_INFINITY;
  #commands = 0;
  #isClosed = false;

  constructor(options: IpmiClientOptions) {
    this.#options = options;
    const { clock, credentials, suite, privilege = Privilege.ADMINISTRATOR } = options;
    this.#privilege = privilege;
    this.#opener = new SessionOpener({ clock, credentials, privilege, suite, latency: this.#latency });
    this.#own = new OwnSessions(clock);
  }

  /**
   * @param deadlineMs for the command, with the handshake where one is needed; not for the wait in the queue
   * @throws IpmiError
   */
  run<Result>(command: IpmiCommand<Result>, deadlineMs: number): Promise<Result> {
    return this.#queue.run(() => this.#run(command, deadlineMs));
  }

  /** How this BMC departs from the specification. @throws IpmiError */
  async quirk(deadlineMs: number): Promise<IpmiQuirk> {
    return this.#quirk ?? (await this.#queue.run(() => this.#learn(deadlineMs)));
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
    const session = await this.#queue.run(async () => {
      const opened = await this.#session(this.#options.clock.monotonic() + deadlineMs);
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
        this.#rest();
      },
    };
  }

  /**
   * A session of this client's, also one that it gave up a moment ago: where its close was lost on the way, the BMC still
   * keeps it, and what it holds.
   */
  hadSession(bmcSessionId: number): boolean {
    return this.#own.has(bmcSessionId);
  }

  get statistics(): IpmiStatistics {
    return {
      commands: this.#commands,
      sessions: this.#opener.opened,
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
      if (error.failure !== 'refused' && error.failure !== 'unreadable')
        throw new IpmiError(error.failure, error.message, { cause: error });
      this.#quirk = NO_QUIRK;
    }
    return this.#quirk;
  }

  async #send<Result>(command: IpmiCommand<Result>, deadlineMs: number): Promise<Result> {
    const { clock } = this.#options;
    const minGapMs = Math.max(this.#options.minGapMs ?? 0, this.#quirk?.minGapMs ?? 0);
    if (minGapMs > 0) await this.#pause(this.#lastCommandAt + minGapMs - clock.monotonic());
    this.#commands += 1;
    try {
      return await this.#attempt(command, clock.monotonic() + deadlineMs);
    } finally {
      this.#lastCommandAt = clock.monotonic();
      this.#rest();
    }
  }

  async #pause(delayMs: number): Promise<void> {
    if (delayMs > 0) await new Promise<void>((resolve) => void this.#options.clock.setTimeout(resolve, delayMs));
  }

  /** A BMC that was reset, or was silent for a moment, does not know the session any more: once more with another one. */
  async #attempt<Result>(command: IpmiCommand<Result>, endsAt: number): Promise<Result> {
    const { clock } = this.#options;
    for (let attempts = 1; ; attempts += 1) {
      let wasSent = false;
      try {
        const session = this.#link?.session ?? (await this.#session(endsAt));
        wasSent = true;
        return await session.execute(command, Math.max(1, endsAt - clock.monotonic()));
      } catch (error) {
        if (!(error instanceof IpmiError) || !isLost(error)) throw error;
        this.#drop();
        const isPossible = attempts < MAX_ATTEMPTS && clock.monotonic() < endsAt && !this.#isClosed;
        // What never had a session will not have one for the asking.
        if (!isPossible || this.#opener.opened === 0 || (wasSent && !command.isRepeatable)) throw error;
      }
    }
  }

  async #session(endsAt: number): Promise<IpmiSession> {
    if (this.#isClosed) throw new IpmiError('closed', 'the client was closed');
    if (this.#link?.session !== undefined) return this.#link.session;
    const link = await this.#connect();
    try {
      const session = this.#adopt(link, await this.#opener.open(link.plain, endsAt));
      await session.execute(setSessionPrivilege(this.#privilege), this.#leftMs(endsAt));
      return session;
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  #leftMs(endsAt: number): number {
    return Math.max(1, endsAt - this.#options.clock.monotonic());
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

  #adopt(link: Link, opened: OpenedSession): IpmiSession {
    this.#own.add(opened.bmcSessionId);
    link.session = new IpmiSession({
      ...opened,
      clock: this.#options.clock,
      send: (packet) => link.channel.send(packet),
      dropped: (reason) => this.#count(reason),
      latency: this.#latency,
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

  /** It is used no more, as far as is known now. One timer serves any number of commands. */
  #rest(): void {
    const { clock, idleMs = IDLE_MS } = this.#options;
    this.#idleAt = clock.monotonic() + idleMs;
    if (this.#link !== undefined) this.#idle ??= clock.setTimeout(() => this.#idled(), idleMs);
  }

  #idled(): void {
    this.#idle = undefined;
    if (this.#link === undefined || this.#holders.size > 0) return;
    const { clock, idleMs = IDLE_MS } = this.#options;
    const isUsed = this.#queue.isBusy;
    const leftMs = isUsed ? idleMs : this.#idleAt - clock.monotonic();
    if (leftMs > 0) this.#idle = clock.setTimeout(() => this.#idled(), leftMs);
    else this.#drop();
  }

  #drop(): void {
    const link = this.#link;
    this.#link = undefined;
    this.#idle?.cancel();
    this.#idle = undefined;
    link?.session?.close();
    link?.channel.close();
    const holders = [...this.#holders];
    this.#holders.clear();
    for (const lost of holders) lost();
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

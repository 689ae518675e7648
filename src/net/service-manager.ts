import type { Clock, Timer } from '../domain/ports.ts';
import type { Libc } from './libc.ts';

/**
 * systemd, or whoever else started the daemon and waits for its word (sd_notify(3)): one datagram of `NAME=value` lines to
 * the socket of $NOTIFY_SOCKET. Where there is none, nothing is sent.
 */
export interface ServiceManager {
  /** All sockets are open, or a reload is over. @param status a sentence for `systemctl status` */
  ready(status: string): void;
  reloading(): void;
  /** The watchdog is no longer fed: who hangs in the stop is killed by the stop's own limit. */
  stopping(status: string): void;
  /** A sentence for `systemctl status`; the same one again is not sent. */
  status(text: string): void;
  /**
   * From here on the watchdog is fed by the event loop, until `stopping`.
   * @param status what is told with it; undefined: let it starve, only a restart helps
   */
  feedWatchdog(status: () => string | undefined): void;
}

export interface ServiceManagerParts {
  /** Its NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are taken out: children must not speak for the daemon. */
  readonly env: NodeJS.ProcessEnv;
  readonly libc: Pick<Libc, 'socket' | 'sendto' | 'close' | 'errno'> | undefined;
  readonly pid: number;
  readonly clock: Clock;
  /** CLOCK_MONOTONIC in microseconds, as systemd has it. */
  readonly monotonicMicroseconds: () => bigint;
  /** Once: the manager waits for words that can't be sent. */
  readonly unreachable: (why: string) => void;
}

/** Without a watchdog, the status is looked at this often. */
const STATUS_INTERVAL_MS = 30_000;
/** systemd cuts longer ones; a sentence has no need of it. */
const MOST_STATUS_CHARACTERS = 512;
/** systemd may have hundreds of services' words to read: what it waits for is sent again. */
const RETRY_MS = 100;
const MOST_RETRIES = 100;

export function createServiceManager(parts: ServiceManagerParts): ServiceManager {
  const { env, pid } = parts;
  const address = socketAddress(env.NOTIFY_SOCKET ?? '');
  const watchdogMs = watchdogInterval(env, pid);
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (address === undefined) return NOBODY;
  return new Notifier(address, watchdogMs, parts);
}

const NOBODY: ServiceManager = {
  ready() {},
  reloading() {},
  stopping() {},
  status() {},
  feedWatchdog() {},
};

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** sun_path, its end included. */
const PATH_BYTES = 108;

class Notifier implements ServiceManager {
  readonly #address: Uint8Array;
  readonly #watchdogMs: number | undefined;
  readonly #parts: ServiceManagerParts;
  #timer: Timer | undefined;
  #retry: Timer | undefined;
  #unsent: readonly string[] = [];
  #isUnreachable = false;
  #status = '';

  constructor(address: Uint8Array, watchdogMs: number | undefined, parts: ServiceManagerParts) {
    this.#address = address;
    this.#watchdogMs = watchdogMs;
    this.#parts = parts;
  }

  ready(status: string): void {
    this.#send('READY=1', this.#statusLine(status));
  }

  reloading(): void {
    // Type=notify-reload takes a RELOADING=1 for an answer to its SIGHUP only by this time.
    this.#send('RELOADING=1', `MONOTONIC_USEC=${this.#parts.monotonicMicroseconds()}`);
  }

  stopping(status: string): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#send('STOPPING=1', this.#statusLine(status));
  }

  status(text: string): void {
    const before = this.#status;
    const line = this.#statusLine(text);
    if (this.#status !== before) this.#send(line);
  }

  feedWatchdog(status: () => string | undefined): void {
    const again = () => {
      const before = this.#status;
      const text = status();
      if (text === undefined) return;
      const line = this.#statusLine(text);
      const lines = [
        ...(this.#watchdogMs === undefined ? [] : ['WATCHDOG=1']),
        ...(this.#status === before ? [] : [line]),
      ];
      if (lines.length > 0) this.#send(...lines);
      // Twice in each interval (sd_watchdog_enabled(3)): one that comes late does no harm.
      this.#timer = this.#parts.clock.setTimeout(
        again,
        Math.min((this.#watchdogMs ?? 2 * STATUS_INTERVAL_MS) / 2, STATUS_INTERVAL_MS),
      );
    };
    this.#timer?.cancel();
    again();
  }

  #statusLine(text: string): string {
    this.#status = text.replaceAll(/\s+/g, ' ').slice(0, MOST_STATUS_CHARACTERS);
    return `STATUS=${this.#status}`;
  }

  #send(...lines: string[]): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#unsent = [...this.#unsent, ...lines];
    this.#try(MOST_RETRIES);
  }

  /** In their order, in one datagram: a READY=1 that waited must not come after the STOPPING=1 that followed it. */
  #try(retries: number): void {
    const { libc, clock } = this.#parts;
    const errno = libc === undefined ? 'the C library can not be called' : this.#sendTo(libc, this.#unsent.join('\n'));
    if (errno === 'EAGAIN' && retries > 0) {
      this.#retry = clock.setTimeout(() => this.#try(retries - 1), RETRY_MS);
      return;
    }
    this.#unsent = [];
    if (errno !== undefined) this.#failed(errno);
  }

  /** @returns what went wrong, by name */
  #sendTo(libc: NonNullable<ServiceManagerParts['libc']>, text: string): string | undefined {
    const socket = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return libc.errno();
    const data = Buffer.from(text);
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const sent = libc.sendto(socket, data, data.length, flags, this.#address, this.#address.length);
    const errno = sent < 0 ? libc.errno() : undefined;
    libc.close(socket);
    return errno;
  }

  #failed(why: string): void {
    if (this.#isUnreachable) return;
    this.#isUnreachable = true;
    this.#parts.unreachable(why);
  }
}

/** struct sockaddr_un: a path, or a name of the abstract namespace (`@…`). Undefined for none, and for vsock's. */
function socketAddress(name: string): Uint8Array | undefined {
  if (!/^[/@]./.test(name)) return undefined;
  const path = Buffer.from(name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`);
  if (path.length > PATH_BYTES) return undefined;
  const address = new Uint8Array(2 + path.length);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(path, 2);
  return address;
}

/** Undefined: nobody watches, or another process of the service is watched. */
function watchdogInterval(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const microseconds = Number(env.WATCHDOG_USEC);
  const isOurs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(pid);
  return isOurs && microseconds > 0 ? microseconds / 1_000 : undefined;
}

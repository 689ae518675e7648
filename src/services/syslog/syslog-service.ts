import { PodbootError } from '../../domain/errors.ts';
import type { EventSubject } from '../../domain/events.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from '../../domain/ipv4.ts';
import type { NodeId } from '../../domain/node.ts';
import type {
  Clock,
  DatagramSocket,
  Endpoint,
  EventSink,
  Network,
  StreamListener,
  StreamNetwork,
} from '../../domain/ports.ts';
import { RequestBudget } from '../../domain/request-budget.ts';
import type { InterfaceSettings, Settings } from '../../domain/settings.ts';
import { Turns } from '../../domain/turns.ts';
import { parseSyslog } from './parse-syslog.ts';
import { SyslogStreams } from './syslog-stream.ts';

export interface SyslogServiceParts {
  readonly settings: Settings;
  readonly network: Network;
  readonly streams: StreamNetwork;
  readonly clock: Clock;
  readonly events: EventSink;
  /** Who has an address, as far as leases and reservations tell. */
  readonly subjectAt: (address: Ipv4) => EventSubject;
  /** Whether a node's words are worth its timeline: it is being installed. */
  readonly isHeard: (nodeId: NodeId) => boolean;
}

export interface SyslogService {
  /** @throws HostRefused; nothing listens then */
  start(): Promise<void>;
  /** @throws HostRefused; then the old settings are still in force */
  reload(settings: Settings): Promise<void>;
  interfaceChanged(name: string): Promise<void>;
  stop(): Promise<void>;
  statistics(): Record<string, number>;
}

export const SYSLOG_PORT = 514;
/** Severity 4 is a warning, 6 is informational; 7 and kernel chatter would push everything else out. */
const LEAST_SEVERITY = 6;
const MAX_TEXT = 400;
/** A whole installation says thousands of lines: its timeline gets a part of them, what is told as an error comes first. */
const LINES = { burst: 60, perSecond: 0.2, maxKeys: 8_192 };
const ERRORS = { burst: 40, perSecond: 0.2, maxKeys: 8_192 };

interface Listener {
  readonly place: string;
  readonly socket: DatagramSocket;
  readonly accepting: StreamListener;
  readonly streams: SyslogStreams;
}

/** Syslog (RFC 3164, 5424, 5426, 6587) of installers, on interfaces with `syslog: true`. Keeps nothing itself. */
export function createSyslogService(parts: SyslogServiceParts): SyslogService {
  return new Service(parts);
}

class Service implements SyslogService {
  readonly #parts: SyslogServiceParts;
  readonly #turns = new Turns();
  readonly #lines: RequestBudget<NodeId>;
  readonly #errors: RequestBudget<NodeId>;
  readonly #counters = { messages: 0, told: 0, heldBack: 0, strangers: 0 };
  #settings: Settings;
  #open = new Map<string, Listener>();

  constructor(parts: SyslogServiceParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
    this.#lines = new RequestBudget(parts.clock, LINES);
    this.#errors = new RequestBudget(parts.clock, ERRORS);
  }

  start(): Promise<void> {
    return this.#turns.take(() => this.#apply(this.#settings));
  }

  reload(settings: Settings): Promise<void> {
    return this.#turns.take(() => this.#apply(settings));
  }

  interfaceChanged(name: string): Promise<void> {
    return this.#turns.take(() => this.#reopen(name));
  }

  stop(): Promise<void> {
    return this.#turns.take(async () => {
      for (const listener of this.#open.values()) close(listener);
      this.#open.clear();
    });
  }

  statistics(): Record<string, number> {
    const open = [...this.#open.values()];
    return {
      ...this.#counters,
      connections: open.reduce((sum, { streams }) => sum + streams.connections, 0),
      refusedConnections: open.reduce((sum, { streams }) => sum + streams.refused, 0),
    };
  }

  async #apply(settings: Settings): Promise<void> {
    const next = new Map<string, Listener>();
    const opened: Listener[] = [];
    try {
      for (const each of settings.interfaces.filter(({ syslog }) => syslog === true)) {
        const kept = this.#open.get(each.name);
        const listener = kept?.place === placeOf(each) ? kept : await this.#openOne(each);
        if (listener !== kept) opened.push(listener);
        next.set(each.name, listener);
      }
    } catch (error) {
      for (const listener of opened) close(listener);
      throw error;
    }
    for (const [name, listener] of this.#open) if (next.get(name) !== listener) close(listener);
    this.#open = next;
    this.#settings = settings;
  }

  /** Sockets that are bound to an interface that was made anew are deaf. */
  async #reopen(name: string): Promise<void> {
    const each = this.#settings.interfaces.find((candidate) => candidate.name === name && candidate.syslog === true);
    if (each === undefined) return;
    const old = this.#open.get(name);
    this.#open.delete(name);
    if (old !== undefined) close(old);
    try {
      this.#open.set(name, await this.#openOne(each));
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      const mend = error.mend === undefined ? {} : { mend: error.mend };
      this.#parts.events.emit({
        type: 'syslog.no-listener',
        level: 'warn',
        subject: { interfaceName: name },
        text: error.message,
        ...mend,
        throttle: name,
      });
    }
  }

  async #openOne(each: InterfaceSettings): Promise<Listener> {
    const { network, streams, clock } = this.#parts;
    const address = formatIpv4(each.address);
    const socket = await network.openDatagram({ interfaceName: each.name, address, port: SYSLOG_PORT });
    const hear = (text: string, from: Endpoint): void => this.#hear(text, from);
    const connections = new SyslogStreams({ clock, onMessage: hear });
    try {
      const where = { what: 'syslog', interfaceName: each.name, address, port: SYSLOG_PORT };
      const accepting = await streams.listen(where, (stream, from) => connections.accept(stream, from));
      socket.onMessage((data, from) => hear(Buffer.from(data).toString('utf8').replace(/\n+$/, ''), from));
      socket.onError((error) => this.#tellError(each.name, error));
      return { place: placeOf(each), socket, accepting, streams: connections };
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  #hear(raw: string, from: Endpoint): void {
    this.#counters.messages += 1;
    const subject = this.#parts.subjectAt(parseIpv4(from.address) ?? 0);
    const { nodeId, nodeName = from.address } = subject;
    if (nodeId === undefined || !this.#parts.isHeard(nodeId)) {
      this.#counters.strangers += 1;
      return;
    }
    const { severity = LEAST_SEVERITY, program, text } = parseSyslog(raw);
    const isError = severity <= 3;
    if (text === '' || severity > LEAST_SEVERITY) return;
    if (!(isError ? this.#errors : this.#lines).take(nodeId)) {
      this.#counters.heldBack += 1;
      return;
    }
    this.#counters.told += 1;
    const words = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
    this.#parts.events.emit({
      type: 'syslog.line',
      level: isError ? 'warn' : 'info',
      subject,
      text: `${nodeName}: ${program === undefined ? '' : `${program}: `}${words}`,
      data: { severity, ...(program === undefined ? {} : { program }) },
    });
  }

  #tellError(interfaceName: string, error: Error): void {
    this.#parts.events.emit({
      type: 'syslog.socket-error',
      level: 'warn',
      subject: { interfaceName },
      text: `syslog on ${interfaceName}: ${error.message}`,
      throttle: interfaceName,
    });
  }
}

function placeOf({ name, address }: InterfaceSettings): string {
  return `${name} ${formatIpv4(address)}`;
}

function close({ socket, accepting, streams }: Listener): void {
  socket.close();
  accepting.close();
  streams.close();
}

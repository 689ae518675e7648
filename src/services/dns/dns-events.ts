import type { BootEvent } from '../../domain/events.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { EventSink } from '../../domain/ports.ts';

/** What the operator has to know of DNS, in words; all that a stranger can cause is throttled. */
export class DnsEvents {
  readonly #sink: EventSink;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  malformed(client: Ipv4, problem: string): void {
    const address = formatIpv4(client);
    const text = `malformed question from ${address}: ${problem}`;
    this.#tell({ type: 'dns.malformed', level: 'warn', subject: { address: client }, text, throttle: address });
  }

  refused(client: Ipv4, name: string): void {
    const address = formatIpv4(client);
    this.#tell({
      type: 'dns.refused',
      level: 'warn',
      subject: { address: client },
      text: `${address} asked for ${name} and was refused: it is on none of our networks`,
      mend: `if it is yours, add its network to dns.clients; if not, keep port 53 from it`,
      throttle: address,
    });
  }

  limited(client: Ipv4): void {
    const address = formatIpv4(client);
    this.#tell({
      type: 'dns.limited',
      level: 'warn',
      subject: { address: client },
      text: `answers to ${address} are held back: it is on none of our networks, and someone asks in its name too often`,
      mend: 'if it is a resolver of yours, add its network to dns.clients; if not, its address is forged: keep port 53 from outside',
      throttle: 'limited',
    });
  }

  busy(client: Ipv4): void {
    const address = formatIpv4(client);
    this.#tell({
      type: 'dns.busy',
      level: 'warn',
      subject: { address: client },
      text: `${address} got no answer: too many questions wait for the upstream servers`,
      mend: 'look at what the machine asks for (tcpdump port 53), and whether the upstream servers are slow',
      throttle: address,
    });
  }

  loop(name: string, client: Ipv4): void {
    const address = formatIpv4(client);
    this.#tell({
      type: 'dns.loop',
      level: 'warn',
      subject: { address: client },
      text: `${address} asked us for ${name} while we ask its side for it: the two of us would ask each other for ever`,
      mend: `let the upstream server answer by itself, or write another one to dns.upstreams`,
      throttle: address,
    });
  }

  upstreamSilent(upstream: string, why: string): void {
    this.#tell({
      type: 'dns.upstream-silent',
      level: 'warn',
      subject: {},
      text: `the DNS server ${upstream} does not answer (${why}); others are asked before it`,
      mend: `try \`dig @${upstream} .\` from this machine, or correct dns.upstreams`,
      throttle: upstream,
    });
  }

  failed(name: string, type: string): void {
    this.#tell({
      type: 'dns.failed',
      level: 'warn',
      subject: {},
      text: `no upstream server has an answer for ${name} ${type}`,
      mend: 'look whether the servers of dns.upstreams can be reached and answer',
      throttle: 'failed',
    });
  }

  noUpstream(): void {
    this.#tell({
      type: 'dns.no-upstream',
      level: 'warn',
      subject: {},
      text: 'this machine names no DNS server but itself, so machines get our own names and nothing else',
      mend: 'write the DNS servers of the site to dns.upstreams, or [] if that is how it should be',
    });
  }

  interfaceLost(interfaceName: string, error: { readonly message: string; readonly mend: string | undefined }): void {
    this.#tell({
      type: 'dns.interface-lost',
      level: 'warn',
      subject: { interfaceName },
      text: `no DNS on ${interfaceName} at the moment: ${error.message}`,
      ...(error.mend === undefined ? {} : { mend: error.mend }),
    });
  }

  socketError(interfaceName: string, error: Error): void {
    this.#tell({
      type: 'dns.socket-error',
      level: 'warn',
      subject: { interfaceName },
      text: `the DNS socket of ${interfaceName} reports: ${error.message}`,
      throttle: interfaceName,
    });
  }

  /** A step of a boot: the machine has its address and asks for its first name. */
  firstQuestion(client: Ipv4, interfaceName: string, name: string, type: string): void {
    const address = formatIpv4(client);
    this.#tell({
      type: 'dns.first-question',
      level: 'info',
      subject: { address: client, interfaceName },
      text: `${address} asks for ${name} ${type}, its first question since it has its address`,
      throttle: address,
      data: { name, recordType: type },
    });
  }

  #tell(event: BootEvent): void {
    this.#sink.emit(event);
  }
}

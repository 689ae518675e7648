import { decodeDhcp } from '../../codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../codecs/dhcp/encode.ts';
import { BootOp, type DhcpMessage, MessageType } from '../../codecs/dhcp/message.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import type { BootInformation } from '../../domain/boot.ts';
import type { SightingSink } from '../../domain/discovered-machine.ts';
import { type Ipv4, parseIpv4 } from '../../domain/ipv4.ts';
import type { BootPolicy, Endpoint, EventSink } from '../../domain/ports.ts';
import type { InterfaceSettings, SubnetSettings } from '../../domain/settings.ts';
import { buildNak } from './build-reply.ts';
import type { CommitQueue } from './commit-queue.ts';
import { composeAnswer } from './compose-answer.ts';
import type { Counters } from './counters.ts';
import { decideOutcome } from './decide-outcome.ts';
import { declineEvent, nakEvent, nothingToBootEvent, poolFullEvent, releaseEvent, replyEvent } from './dhcp-events.ts';
import { inquire } from './inquire.ts';
import { type Inquiry, type Request, readRequest } from './inquiry.ts';
import type { Door } from './interface-sockets.ts';
import type { Desk } from './lease-policy.ts';
import type { LeaseTable } from './lease-table.ts';
import type { OptionPlans } from './option-plans.ts';
import type { LeaseChange, Outcome, Reply, SilentReason } from './outcome.ts';
import { type ReplyDestination, replyDestination } from './reply-destination.ts';
import type { RogueServers } from './rogue-servers.ts';
import { tellSighting } from './sightings.ts';
import type { SubnetIndex } from './subnet-index.ts';

/** One interface as the engine sees it. */
export interface EngineInterface {
  readonly settings: InterfaceSettings;
  readonly subnets: SubnetIndex;
  readonly otherServers: RogueServers;
  /** @param asker whoever sent the request; proxyDHCP's second port answers it where it is */
  send(bytes: Uint8Array, destination: ReplyDestination, door: Door, asker: Endpoint): void;
}

export interface DhcpEngineOptions {
  readonly desk: Desk;
  /** The desk's lease book, with what is done to it when a lease reaches the disk. */
  readonly leases: LeaseTable;
  readonly plans: OptionPlans;
  readonly policy: BootPolicy;
  readonly commits: CommitQueue;
  readonly counters: Counters;
  readonly events: EventSink;
  /** Absent: nobody wants to know of strangers. */
  readonly sightings?: SightingSink;
}

const POOL_FULL_AGAIN_MS = 60_000;
const TYPE_COUNTER: Readonly<Record<MessageType, string>> = {
  [MessageType.DISCOVER]: 'received.discover',
  [MessageType.OFFER]: 'received.offer',
  [MessageType.REQUEST]: 'received.request',
  [MessageType.DECLINE]: 'received.decline',
  [MessageType.ACK]: 'received.ack',
  [MessageType.NAK]: 'received.nak',
  [MessageType.RELEASE]: 'received.release',
  [MessageType.INFORM]: 'received.inform',
};

interface Arrival {
  readonly at: EngineInterface;
  readonly from: Endpoint;
  readonly door: Door;
}

/** Takes packets through: read, find out who and where, decide, answer. One for each configuration that is in force. */
export class DhcpEngine {
  readonly #options: DhcpEngineOptions;
  readonly #poolFullToldAt = new WeakMap<SubnetSettings, number>();

  constructor(options: DhcpEngineOptions) {
    this.#options = options;
  }

  receive(at: EngineInterface, data: Uint8Array, from: Endpoint, door: Door): void {
    try {
      const message = decodeDhcp(data);
      const request = message.op === BootOp.BOOTREQUEST ? readRequest(message) : undefined;
      if (request === undefined) {
        this.#count('ignored.not-ours-to-answer');
      } else if (door === 'everyone' && at.otherServers.isOwnProbe(message.xid)) {
        this.#count('ignored.own-probe');
      } else {
        this.#count(request.type === undefined ? 'received.bootp' : TYPE_COUNTER[request.type]);
        this.#handle(request, { at, from, door });
      }
    } catch (error) {
      this.#failed(error, at, from);
    }
  }

  #handle(request: Request, arrival: Arrival): void {
    const inquiry = this.#inquire(request, arrival);
    if (inquiry === undefined) return;
    const { desk, sightings } = this.#options;
    const outcome = decideOutcome(inquiry, arrival.door, desk);
    if (sightings !== undefined) tellSighting(inquiry, outcome, sightings);
    switch (outcome.kind) {
      case 'silent':
        this.#count(`silent.${outcome.reason}`);
        this.#noticeOtherServer(inquiry, outcome.reason, arrival.at);
        return;
      case 'pool-full':
        this.#count('silent.pool-full');
        this.#tellPoolFull(inquiry, outcome);
        return;
      case 'declined':
        this.#quarantine(inquiry, outcome.address, outcome.changes);
        return;
      case 'released':
        this.#count('released');
        this.#commit(outcome.changes, () => this.#tellReleased(inquiry, outcome.address));
        return;
      case 'nak': {
        this.#count('sent.nak');
        this.#count(`nak.${outcome.reason}`);
        const nak = buildNak(inquiry, outcome.reason);
        this.#send(this.#encode(nak, inquiry), inquiry, 'nak', 0, arrival);
        this.#options.events.emit(nakEvent(inquiry, outcome.reason, outcome.address));
        return;
      }
      case 'reply':
        this.#answer(inquiry, outcome.reply, outcome.changes, arrival);
    }
  }

  /** Undefined where nobody here may answer. */
  #inquire(request: Request, { at, from, door }: Arrival): Inquiry | undefined {
    const inquired = inquire(request, at, door, this.#options.desk);
    switch (inquired.kind) {
      case 'inquiry':
        return inquired.inquiry;
      case 'nobody':
        this.#count('silent.no-identity');
        return undefined;
      case 'not-served': {
        const { reason, text, mend } = inquired.selection;
        const { name } = at.settings;
        this.#count(`refused.${reason}`);
        this.#options.events.emit({
          type: `dhcp.${reason}`,
          level: 'warn',
          subject: { interfaceName: name },
          text,
          mend,
          throttle: `${name} ${from.address}`,
        });
        return undefined;
      }
    }
  }

  /** The bytes are made now: they hold what is only valid during this call. They leave when the lease is on disk. */
  #answer(inquiry: Inquiry, reply: Reply, changes: readonly LeaseChange[] | undefined, arrival: Arrival): void {
    const { plans, policy, events } = this.#options;
    const answer = composeAnswer(inquiry, reply, plans, policy);
    if (answer === undefined) {
      this.#count('silent.nothing-to-boot');
      if (inquiry.identity.port !== undefined && inquiry.type === MessageType.DISCOVER) {
        events.emit(nothingToBootEvent(inquiry));
      }
      return;
    }
    const { boot } = answer;
    const bytes = this.#encode(answer.message, inquiry);
    const event = this.#eventFor(inquiry, reply, boot);
    if (changes === undefined) {
      this.#count(`sent.${reply.type}`);
      this.#send(bytes, inquiry, reply.type, reply.address, arrival);
      if (event !== undefined) events.emit(event);
      return;
    }
    const destination = destinationOf(inquiry, reply.type, reply.address, arrival);
    const kept = destination.kind === 'neighbour' ? { ...destination, mac: destination.mac.slice() } : destination;
    this.#commit(changes, () => {
      this.#count(`sent.${reply.type}`);
      arrival.at.send(bytes, kept, arrival.door, arrival.from);
      if (event !== undefined) events.emit(event);
    });
  }

  #eventFor(inquiry: Inquiry, reply: Reply, boot: BootInformation | undefined) {
    return inquiry.client.stage !== 'os' || this.#options.events.wantsDebug
      ? replyEvent(inquiry, reply, boot)
      : undefined;
  }

  #commit(changes: readonly LeaseChange[], onDisk: () => void): void {
    const { commits, desk, events, leases } = this.#options;
    const { settings } = desk;
    const taken = commits.add({
      changes,
      committed: () => {
        for (const { lease, endsAt } of changes) {
          if (lease.state === 'bound') leases.committed(lease, endsAt);
          else leases.apply(lease, endsAt);
        }
        onDisk();
      },
      failed: () => {
        for (const { lease } of changes) if (lease.state === 'bound') leases.notCommitted(lease, settings.offerHoldMs);
      },
    });
    if (taken) {
      for (const { lease } of changes) if (lease.state === 'bound') leases.committing(lease);
      return;
    }
    this.#count('dropped.commits-queue-full');
    events.emit({
      type: 'dhcp.overloaded',
      level: 'warn',
      subject: {},
      text: `${commits.pending} leases wait for the disk: further requests are dropped, their clients ask again`,
      mend: 'look at the disk that dataDir is on (`iostat -x 1`): each batch of leases is one fsync',
      throttle: 'commits',
    });
  }

  /** In memory at once: the client asks anew before the disk has answered, and must not get the same address. */
  #quarantine(inquiry: Inquiry, address: Ipv4, changes: readonly LeaseChange[]): void {
    const { desk, events, leases } = this.#options;
    this.#count('quarantined');
    for (const { lease, endsAt } of changes) leases.apply(lease, endsAt);
    events.emit(declineEvent(inquiry, address, desk.settings.quarantineMs));
    this.#commit(changes, () => {});
  }

  #tellReleased(inquiry: Inquiry, address: Ipv4): void {
    const { events } = this.#options;
    if (inquiry.client.stage !== 'os' || events.wantsDebug) events.emit(releaseEvent(inquiry, address));
  }

  #tellPoolFull(inquiry: Inquiry, { subnet, census }: Extract<Outcome, { kind: 'pool-full' }>): void {
    const now = this.#options.desk.clock.monotonic();
    const toldAt = this.#poolFullToldAt.get(subnet);
    if (toldAt !== undefined && now - toldAt < POOL_FULL_AGAIN_MS) return;
    this.#poolFullToldAt.set(subnet, now);
    this.#options.events.emit(poolFullEvent(inquiry, subnet, census(), now));
  }

  #noticeOtherServer({ serverId, relayed, broadcast }: Inquiry, reason: SilentReason, at: EngineInterface): void {
    if (reason === 'other-server-chosen' && broadcast && !relayed) at.otherServers.saw(serverId, 'chosen');
  }

  #encode(message: DhcpMessage, { maxMessageBytes, at }: Inquiry): Uint8Array {
    const dropped: number[] = [];
    const bytes = encodeDhcp(message, { ...(maxMessageBytes !== undefined && { maxMessageBytes }), dropped });
    if (dropped.length > 0) {
      this.#count('sent.options-dropped', dropped.length);
      this.#options.events.emit({
        type: 'dhcp.options-dropped',
        level: 'warn',
        subject: { interfaceName: at.name },
        text: `an answer has no room for options ${dropped.join(', ')}: the client takes ${maxMessageBytes ?? 576} bytes`,
        mend: 'give these clients fewer or shorter options',
        throttle: at.name,
      });
    }
    return bytes;
  }

  #send(bytes: Uint8Array, inquiry: Inquiry, answer: Reply['type'] | 'nak', yiaddr: Ipv4, arrival: Arrival): void {
    arrival.at.send(bytes, destinationOf(inquiry, answer, yiaddr, arrival), arrival.door, arrival.from);
  }

  /** One packet's trouble is one packet's: the next one is served. */
  #failed(error: unknown, { settings }: EngineInterface, from: Endpoint): void {
    const malformed = error instanceof MalformedPacket;
    this.#count(malformed ? 'dropped.malformed' : 'dropped.fault');
    this.#options.events.emit({
      type: malformed ? 'dhcp.malformed' : 'dhcp.fault',
      level: malformed ? 'warn' : 'error',
      subject: { interfaceName: settings.name },
      text: `packet from ${from.address} on ${settings.name} dropped: ${error instanceof Error ? error.message : String(error)}`,
      throttle: `${settings.name} ${from.address}`,
    });
  }

  #count(name: string, count = 1): void {
    this.#options.counters.add(name, count);
  }
}

function destinationOf(
  { message }: Inquiry,
  answer: Reply['type'] | 'nak',
  yiaddr: Ipv4,
  { from }: Arrival,
): ReplyDestination {
  // Read only where it decides: it comes as text.
  const decides = yiaddr === 0 && message.giaddr === 0 && from.address !== '0.0.0.0';
  const source = decides ? (parseIpv4(from.address) ?? 0) : 0;
  return replyDestination({ request: message, answer, yiaddr, source });
}

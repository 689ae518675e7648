import type { SightingSink } from '../../domain/discovered-machine.ts';
import { NotFound } from '../../domain/errors.ts';
import type { Accompaniment, FormerHardware } from '../../domain/former-hardware.ts';
import type {
  BootPolicy,
  Clock,
  Endpoint,
  EventSink,
  Network,
  NodeDirectory,
  StoreChange,
} from '../../domain/ports.ts';
import type { InterfaceSettings, Settings } from '../../domain/settings.ts';
import { Turns } from '../../domain/turns.ts';
import { ClockWatch } from './clock-watch.ts';
import { CommitQueue } from './commit-queue.ts';
import { Counters } from './counters.ts';
import { DhcpEngine } from './dhcp-engine.ts';
import { DhcpInterface } from './dhcp-interface.ts';
import { createDhcpPreview, type DhcpPreview } from './explain-dhcp.ts';
import { freeLeases } from './free-leases.ts';
import type { Door } from './interface-sockets.ts';
import { type Desk, isReserved } from './lease-policy.ts';
import { LeasePreview } from './lease-preview.ts';
import type { LeaseTable } from './lease-table.ts';
import { OptionPlans } from './option-plans.ts';
import { ReservationIndex } from './reservation-index.ts';

export interface DhcpServiceOptions {
  readonly settings: Settings;
  readonly network: Network;
  readonly clock: Clock;
  readonly nodes: NodeDirectory;
  readonly leases: LeaseTable;
  readonly policy: BootPolicy;
  /** Resolves when the batch is on disk. */
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly events: EventSink;
  /** Hears of machines that are not enrolled. */
  readonly sightings?: SightingSink;
}

export interface DhcpService {
  /** @throws HostRefused by the first interface that can't be served; nothing stays open then */
  start(): Promise<void>;
  /** @throws HostRefused, and the old settings stay in force */
  reload(settings: Settings): Promise<void>;
  /** What is on its way to the disk gets its answers first. */
  stop(): Promise<void>;
  interfaceChanged(name: string): Promise<void>;
  statistics(): Record<string, number>;
  /**
   * What a client would be answered now; nothing is changed by asking.
   * @param policy as the service's own, without its effects
   * @throws NotFound for an interface on which DHCP is not served
   */
  preview(interfaceName: string, policy: BootPolicy): DhcpPreview;
  /** Ends the leases of hardware that is a node's no more, together with the change of the node. */
  free(former: FormerHardware): Accompaniment;
}

/** Answers that wait for the disk: at 300 bytes each, a few megabytes. */
const MAX_PENDING_COMMITS = 8_192;

export function createDhcpService(options: DhcpServiceOptions): DhcpService {
  return new Service(options);
}

class Service implements DhcpService {
  readonly #options: DhcpServiceOptions;
  readonly #counters = new Counters();
  readonly #commits: CommitQueue;
  readonly #clockWatch: ClockWatch;
  readonly #interfaces = new Map<string, DhcpInterface>();
  #settings: Settings;
  #engine: DhcpEngine | undefined;
  #inForce: { readonly desk: Desk; readonly plans: OptionPlans } | undefined;
  /** An interface that comes back during a reload would take the port from its successor. */
  readonly #turns = new Turns();

  constructor(options: DhcpServiceOptions) {
    const { clock, events, commit, settings } = options;
    this.#options = options;
    this.#settings = settings;
    this.#commits = new CommitQueue({
      commit,
      maxPending: MAX_PENDING_COMMITS,
      failed: (error, lost) => this.#commitFailed(error, lost),
    });
    this.#clockWatch = new ClockWatch({ clock, events, jumped: () => this.#restampLeases() });
  }

  async start(): Promise<void> {
    await this.#turns.take(() => this.#enforce(this.#settings));
    this.#clockWatch.start();
  }

  async reload(settings: Settings): Promise<void> {
    await this.#turns.take(() => this.#enforce(settings));
  }

  async stop(): Promise<void> {
    this.#clockWatch.stop();
    for (const each of this.#interfaces.values()) each.deafen();
    await this.#turns.take(async () => {
      // A reload that was under way has opened others.
      for (const each of this.#interfaces.values()) each.deafen();
      await this.#commits.drained();
      for (const each of this.#interfaces.values()) each.close();
      this.#interfaces.clear();
    });
  }

  async interfaceChanged(name: string): Promise<void> {
    await this.#turns.take(async () => this.#interfaces.get(name)?.reopen());
  }

  free(former: FormerHardware): Accompaniment {
    const { leases, clock } = this.#options;
    return freeLeases(former, { leases, clock, commits: this.#commits });
  }

  statistics(): Record<string, number> {
    const { bound, offered, quarantined } = this.#options.leases.counts();
    return {
      ...this.#counters.snapshot(),
      'leases.bound': bound,
      'leases.offered': offered,
      'leases.quarantined': quarantined,
      'commits.pending': this.#commits.pending,
      'commits.batches': this.#commits.written.batches,
      'commits.leases': this.#commits.written.leases,
    };
  }

  preview(interfaceName: string, policy: BootPolicy): DhcpPreview {
    const at = this.#interfaces.get(interfaceName);
    const { desk, plans } = this.#inForce ?? {};
    if (at === undefined || desk === undefined || plans === undefined) {
      const served = [...this.#interfaces.keys()].join(', ') || 'none';
      throw new NotFound(`DHCP is not served on ${interfaceName}.`, `It is on: ${served}.`);
    }
    return createDhcpPreview(at, { ...desk, leases: new LeasePreview(this.#options.leases) }, plans, policy);
  }

  /** Opens what is new before anything else changes; then nothing can fail any more. */
  async #enforce(settings: Settings): Promise<void> {
    const wanted = settings.interfaces.filter((each) => each.dhcp !== 'off');
    const opened: DhcpInterface[] = [];
    const kept = new Set<string>();
    try {
      for (const each of wanted) {
        const old = this.#interfaces.get(each.name);
        if (old?.serves(each, settings.dhcp) === true) kept.add(each.name);
        else opened.push(await this.#open(each, settings, old));
      }
    } catch (error) {
      for (const each of opened) each.close();
      // What had to make room for its successor takes its place again.
      for (const each of this.#interfaces.values()) if (each.isSuspended) await each.reopen();
      throw error;
    }
    for (const [name, each] of this.#interfaces) {
      if (kept.has(name)) continue;
      each.close();
      this.#interfaces.delete(name);
    }
    for (const each of opened) this.#interfaces.set(each.name, each);
    this.#takeOver(settings);
  }

  async #open(at: InterfaceSettings, settings: Settings, old: DhcpInterface | undefined): Promise<DhcpInterface> {
    const { network, clock, events } = this.#options;
    const created = new DhcpInterface({
      settings: at,
      dhcp: settings.dhcp,
      network,
      clock,
      events,
      counters: this.#counters,
      receive: (from, data, sender, door) => this.#receive(from, data, sender, door),
    });
    // An old one on the same interface has the port; with its address changed it could not serve any more anyhow.
    old?.suspend();
    await created.open();
    return created;
  }

  #takeOver(settings: Settings): void {
    const { nodes, leases, clock, policy, events, sightings } = this.#options;
    this.#settings = settings;
    const { dhcp } = settings;
    const taken = new Set([
      ...settings.interfaces.map((each) => each.address),
      ...dhcp.subnets.flatMap((subnet) => subnet.relays),
    ]);
    const reservations = new ReservationIndex(dhcp.reservations);
    const desk: Desk = { settings: dhcp, leases, nodes, reservations, taken, clock };
    leases.configure(dhcp.subnets, (address) => isReserved(address, desk));
    const plans = new OptionPlans(dhcp, (node, name, problem) =>
      events.emit({
        type: 'dhcp.option-ignored',
        level: 'warn',
        subject: { nodeId: node.id, nodeName: node.name },
        text: `option ${name} of ${node.name} is left out: ${problem}`,
        mend: `change the options of ${node.name}`,
      }),
    );
    this.#inForce = { desk, plans };
    this.#engine = new DhcpEngine({
      desk,
      leases,
      plans,
      policy,
      commits: this.#commits,
      counters: this.#counters,
      events,
      ...(sightings !== undefined && { sightings }),
    });
    for (const each of this.#interfaces.values()) each.adopt(dhcp, taken);
  }

  #receive(at: DhcpInterface, data: Uint8Array, from: Endpoint, door: Door): void {
    this.#engine?.receive(at, data, from, door);
  }

  #commitFailed(error: unknown, lost: number): void {
    this.#counters.add('dropped.commit-failed', lost);
    this.#options.events.emit({
      type: 'dhcp.commit-failed',
      level: 'error',
      subject: {},
      text: `${lost} leases could not be written and were not confirmed: ${error instanceof Error ? error.message : String(error)}`,
      mend: `make room on the disk of ${this.#settings.dataDir} (\`df ${this.#settings.dataDir}\`); the clients ask again`,
      throttle: 'commit',
    });
  }

  #restampLeases(): void {
    const { leases } = this.#options;
    const changes = [...leases.restamped()];
    if (changes.length === 0) return;
    this.#commits.add({
      changes,
      committed: () => {
        for (const { lease, endsAt } of changes) {
          // What was renewed or given back meanwhile has newer times already.
          const row = leases.row(lease.address);
          if (row?.leaseEndsAt === endsAt && row.lease?.key === lease.key) leases.apply(lease, endsAt);
        }
      },
    });
  }
}

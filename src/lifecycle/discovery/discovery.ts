import type { DiscoveredMachine, Identification, Sighting, SightingSink } from '../../domain/discovered-machine.ts';
import { NotFound } from '../../domain/errors.ts';
import type { InterfaceKey } from '../../domain/lease.ts';
import type { MacAddress } from '../../domain/mac.ts';
import type { Node, NodePort } from '../../domain/node.ts';
import type { Clock, EventSink, LeaseDirectory, StoreChange } from '../../domain/ports.ts';
import type { DiscoveryRule, Settings } from '../../domain/settings.ts';
import type { NodeRegistry } from '../registry-port.ts';
import { Adoption } from './adoption.ts';
import type { AdoptionInput, AttachmentInput } from './adoption-input.ts';
import { enrolledAs } from './enrolled-as.ts';
import { StrangerIdentification } from './identification.ts';
import { MacLearning } from './mac-learning.ts';
import { MachineJournal } from './machine-journal.ts';
import { MachineTable, type TableLimits } from './machine-table.ts';
import { Reception } from './reception.ts';
import type { MachineFacts } from './rule-match.ts';
import { type RuleOutcome, RuleRunner } from './rule-runner.ts';
import { type Suggestion, suggestNodes } from './suggestions.ts';
import { Vendors } from './vendors.ts';

export interface DiscoveryOptions {
  readonly settings: Settings;
  /** As the store has them. */
  readonly machines: readonly DiscoveredMachine[];
  readonly registry: NodeRegistry;
  readonly leases: Pick<LeaseDirectory, 'byKey'>;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  /** What a profile of these settings boots can write to a disk, or nobody knows. */
  readonly isDestructive: (profile: string, settings: Settings) => boolean;
  /** Others than usual, for tests. */
  readonly limits?: TableLimits;
  readonly vendors?: Vendors;
}

/** What of one machine is shown. */
export interface MachineReport {
  readonly machine: DiscoveredMachine;
  readonly vendor?: string;
  readonly suggestions: readonly Suggestion[];
}

/** Machines that ask and are no nodes: what is known of them, and how they become some. */
export interface Discovery {
  /** For DHCP. */
  readonly sightings: SightingSink;
  /** For boot scripts. */
  readonly identification: Identification;
  readonly rules: readonly DiscoveryRule[];
  /** All that are no nodes now, by key; each is a copy. */
  list(): readonly DiscoveredMachine[];
  /** Who made a machine's interface, once the registry of makers is read. */
  makers(): Promise<(machine: DiscoveredMachine) => string | undefined>;
  report(machines: readonly DiscoveredMachine[]): Promise<readonly MachineReport[]>;
  /** @throws NotFound */
  get(key: InterfaceKey): DiscoveredMachine;
  /** @throws NotFound, Conflict, InvalidInput */
  adopt(key: InterfaceKey, input: AdoptionInput): Promise<Node>;
  /** @throws NotFound, Conflict, InvalidInput */
  attach(key: InterfaceKey, input: AttachmentInput): Promise<Node>;
  /** It comes back when it asks again. @throws NotFound */
  forget(key: InterfaceKey): void;
  dryRun(): Promise<readonly RuleOutcome[]>;
  applyRules(): Promise<readonly RuleOutcome[]>;
  start(): Promise<void>;
  reload(settings: Settings): Promise<void>;
  /** What is not in the store yet is written first. */
  stop(): Promise<void>;
  statistics(): Record<string, number>;
}

/** About 700 bytes each. */
const LIMITS: TableLimits = { settled: 8_000, fleeting: 2_000 };

export function createDiscovery(options: DiscoveryOptions): Discovery {
  return new DiscoveryRoom(options);
}

class DiscoveryRoom implements Discovery {
  readonly sightings: SightingSink;
  readonly identification: Identification;
  readonly #options: DiscoveryOptions;
  readonly #table: MachineTable;
  readonly #journal: MachineJournal;
  readonly #vendors: Vendors;
  readonly #reception: Reception;
  readonly #adoption: Adoption;
  readonly #runner: RuleRunner;
  readonly #learning: MacLearning;
  readonly #identification: StrangerIdentification;
  #settings: Settings;
  #dropped = 0;

  constructor(options: DiscoveryOptions) {
    const { registry, leases, clock, events, commit, settings } = options;
    this.#options = options;
    this.#settings = settings;
    const leaves = (key: InterfaceKey) => this.#remove(key);
    this.#table = new MachineTable(options.limits ?? LIMITS, (entry) => {
      this.#dropped += 1;
      this.#journal.removed(entry);
    });
    const table = this.#table;
    this.#journal = new MachineJournal({ table, commit, clock, events, sweep: () => this.#sweep() });
    this.#vendors = options.vendors ?? new Vendors(events);
    this.#learning = new MacLearning({ registry, leases, clock, events });
    this.#adoption = new Adoption({ table, registry, events, adopted: leaves });
    this.#identification = new StrangerIdentification({
      table,
      registry,
      learning: this.#learning,
      clock,
      events,
      settings: () => this.#settings.discovery,
      identified: leaves,
    });
    this.#runner = new RuleRunner({
      registry,
      adoption: this.#adoption,
      clock,
      events,
      rules: () => this.rules,
      isDestructive: (profile) => options.isDestructive(profile, this.#settings),
    });
    this.#reception = new Reception({
      table,
      vendors: this.#vendors,
      clock,
      events,
      isEnrolled: (machine) => this.#isEnrolled(machine),
      settled: (machines) => this.#runner.applyAutomatic(machines.map((each) => this.#facts(each))),
    });
    const oldestFirst = [...options.machines].sort((one, other) => one.lastSeenAt - other.lastSeenAt);
    for (const machine of oldestFirst) table.restore(machine);
    this.identification = this.#identification;
    this.sightings = {
      saw: (sighting) => this.#saw(sighting),
      used: (port, mac, evidence) => this.#used(port, mac, evidence),
    };
  }

  get rules(): readonly DiscoveryRule[] {
    return this.#settings.discovery?.rules ?? [];
  }

  list(): readonly DiscoveredMachine[] {
    return [...this.#table.entries()]
      .filter(({ machine }) => !this.#isEnrolled(machine))
      .map(({ machine }) => ({ ...machine }))
      .sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  async makers(): Promise<(machine: DiscoveredMachine) => string | undefined> {
    await this.#vendors.ready();
    return ({ mac }) => this.#vendors.of(mac);
  }

  async report(machines: readonly DiscoveredMachine[]): Promise<readonly MachineReport[]> {
    const makerOf = await this.makers();
    return machines.map((machine) => {
      const vendor = makerOf(machine);
      const suggestions = suggestNodes(machine, this.#options.registry);
      return { machine, suggestions, ...(vendor === undefined ? {} : { vendor }) };
    });
  }

  get(key: InterfaceKey): DiscoveredMachine {
    const machine = this.#table.get(key)?.machine;
    if (machine === undefined || this.#isEnrolled(machine)) throw notThere();
    return { ...machine };
  }

  adopt(key: InterfaceKey, input: AdoptionInput): Promise<Node> {
    return this.#adoption.adopt(key, input);
  }

  attach(key: InterfaceKey, input: AttachmentInput): Promise<Node> {
    return this.#adoption.attach(key, input);
  }

  forget(key: InterfaceKey): void {
    const { mac } = this.get(key);
    this.#remove(key);
    const text = `${mac ?? key} was taken from the list of discovered machines; it comes back when it asks again`;
    this.#options.events.emit({ type: 'machine.forgotten', level: 'info', subject: { key }, text });
  }

  async dryRun(): Promise<readonly RuleOutcome[]> {
    await this.#vendors.ready();
    return this.#runner.dryRun(this.list().map((each) => this.#facts(each)));
  }

  async applyRules(): Promise<readonly RuleOutcome[]> {
    await this.#vendors.ready();
    return this.#runner.apply(this.list().map((each) => this.#facts(each)));
  }

  async start(): Promise<void> {
    this.#journal.start();
  }

  async reload(settings: Settings): Promise<void> {
    this.#settings = settings;
  }

  async stop(): Promise<void> {
    this.#reception.stop();
    await this.#journal.stop();
  }

  statistics(): Record<string, number> {
    return { machines: this.#table.size, dropped: this.#dropped };
  }

  #saw(sighting: Sighting): void {
    const { clock } = this.#options;
    const { entry, isNew, hasSettled } = this.#table.saw(sighting, clock.now(), clock.monotonic());
    if (isNew || hasSettled) this.#reception.arrived(sighting.key, hasSettled);
    this.#identification.heard(entry);
  }

  #used(port: NodePort, mac: MacAddress, evidence: 'switch-port' | 'uuid'): void {
    if (evidence === 'switch-port') this.#learning.seenAtPort(port, mac);
    else if (this.#settings.discovery?.identify === 'when-needed') {
      void this.#learning.learn(port.node, mac, 'its UUID (option 97)');
    }
  }

  #facts(machine: DiscoveredMachine): MachineFacts {
    const vendor = this.#vendors.of(machine.mac);
    const at = this.#settings.interfaces.find(({ name }) => name === machine.interfaceName);
    return {
      machine,
      ...(vendor === undefined ? {} : { vendor }),
      ...(at === undefined ? {} : { interfaceAddress: at.address }),
    };
  }

  #isEnrolled({ key }: DiscoveredMachine): boolean {
    return enrolledAs(key, this.#options.registry) !== undefined;
  }

  #remove(key: InterfaceKey): void {
    const entry = this.#table.remove(key);
    if (entry !== undefined) this.#journal.removed(entry);
  }

  /** Those that were enrolled by hand. */
  #sweep(): void {
    for (const { machine } of [...this.#table.entries()]) if (this.#isEnrolled(machine)) this.#remove(machine.key);
  }
}

function notThere(): NotFound {
  return new NotFound('There is no such discovered machine.', 'podboot discovered lists those that there are.');
}

import type { DiscoveredMachine, Sighting } from '../../../src/domain/discovered-machine.ts';
import type { BootEvent } from '../../../src/domain/events.ts';
import { parseIpv4 } from '../../../src/domain/ipv4.ts';
import { macKey } from '../../../src/domain/lease.ts';
import type { MacAddress } from '../../../src/domain/mac.ts';
import type { StoreChange } from '../../../src/domain/ports.ts';
import type { DiscoveryRule, DiscoverySettings } from '../../../src/domain/settings.ts';
import { createDiscovery, type Discovery } from '../../../src/lifecycle/discovery/discovery.ts';
import type { TableLimits } from '../../../src/lifecycle/discovery/machine-table.ts';
import { VendorTableBuilder } from '../../../src/lifecycle/discovery/vendor-table.ts';
import { Vendors } from '../../../src/lifecycle/discovery/vendors.ts';
import type { NodeInput } from '../../../src/lifecycle/node-input.ts';
import { createNodeRegistry } from '../../../src/lifecycle/node-registry.ts';
import type { NodeRegistry } from '../../../src/lifecycle/registry-port.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { podSettings } from '../../services/dhcp/pod.ts';

export const DELL = 'd0:94:66';

export interface FixtureOptions {
  readonly discovery?: Partial<DiscoverySettings>;
  readonly limits?: TableLimits;
  readonly machines?: readonly DiscoveredMachine[];
  readonly destructive?: readonly string[];
}

/** Discovery on a registry and a store of its own. */
export class DiscoveryFixture {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore();
  readonly events: BootEvent[] = [];
  readonly registry: NodeRegistry;
  readonly discovery: Discovery;
  readonly batches: (readonly StoreChange[])[] = [];
  /** Set to make the disk refuse. */
  commit: (batch: readonly StoreChange[]) => Promise<void> = (batch) => this.store.commit(batch);
  readonly #options: FixtureOptions;

  constructor(options: FixtureOptions = {}) {
    this.#options = options;
    const events = { wantsDebug: true, emit: (event: BootEvent) => void this.events.push(event) };
    this.registry = createNodeRegistry({
      nodes: [],
      commit: (batch) => this.commit(batch),
      clock: this.clock,
      events,
    });
    const builder = new VendorTableBuilder();
    builder.add(6, 0xd09466, Buffer.from('Dell Inc.'));
    builder.add(6, 0xb83fd2, Buffer.from('Mellanox Technologies, Inc.'));
    this.discovery = createDiscovery({
      settings: this.settings(options.discovery),
      machines: options.machines ?? [],
      registry: this.registry,
      leases: { byKey: () => undefined },
      commit: (batch) => {
        this.batches.push(batch);
        return this.commit(batch);
      },
      clock: this.clock,
      events,
      isDestructive: (profile) => options.destructive?.includes(profile) === true,
      vendors: new Vendors(events, async () => builder.build()),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
  }

  settings(discovery: Partial<DiscoverySettings> = {}) {
    return { ...podSettings(), discovery: { identify: 'when-needed' as const, rules: [], ...discovery } };
  }

  static async started(options: FixtureOptions = {}): Promise<DiscoveryFixture> {
    const fixture = new DiscoveryFixture(options);
    await fixture.discovery.start();
    return fixture;
  }

  /** The same disk, another process. */
  async restarted(): Promise<DiscoveryFixture> {
    const { documents } = await this.store.load();
    return new DiscoveryFixture({ ...this.#options, machines: documents.machine ?? [] });
  }

  saw(number: number, more: Partial<Sighting> = {}): string {
    const sighting = sightingOf(number, more);
    this.discovery.sightings.saw(sighting);
    return sighting.key;
  }

  /** It comes, and comes again: nobody made it up. */
  async came(number: number, more: Partial<Sighting> = {}): Promise<string> {
    this.saw(number, more);
    await this.clock.advanceSettling(4_000, 1_000);
    const key = this.saw(number, more);
    await this.clock.advanceSettling(2_000, 1_000);
    return key;
  }

  async wait(ms: number): Promise<void> {
    await this.clock.advanceSettling(ms, Math.min(ms, 1_000));
    await settle();
  }

  keys(): string[] {
    return this.discovery.list().map(({ key }) => key);
  }

  eventsOf(type: string): BootEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  async enrol(name: string, more: Partial<NodeInput> = {}) {
    return this.registry.enrol({ name, interfaces: [{ name: 'boot' }], ...more });
  }

  /** Machines that the store has. */
  async stored(): Promise<readonly DiscoveredMachine[]> {
    return (await this.store.load()).documents.machine ?? [];
  }
}

export function macOf(number: number, maker = DELL): MacAddress {
  const digits = number.toString(16).padStart(6, '0');
  return `${maker}:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}` as MacAddress;
}

export function sightingOf(number: number, more: Partial<Sighting> = {}): Sighting {
  const mac = more.mac ?? macOf(number);
  const place = { key: macKey(mac), mac, interfaceName: 'eno2' };
  // An operating system says nothing of its firmware.
  if (more.stage === 'os') return { ...place, stage: 'os', ...more };
  return { ...place, stage: 'pxe', firmware: 'uefi-x64', architecture: 7, ...more };
}

export function ip(text: string): number {
  return parseIpv4(text) ?? 0;
}

/** Option 82 with a text in sub-option 1. */
export function portOf(circuit: string, remote?: string) {
  const hex = (text: string) => Buffer.from(text).toString('hex');
  return { switchPort: { circuitId: hex(circuit), ...(remote === undefined ? {} : { remoteId: hex(remote) }) } };
}

export function ruleOf(name: string, change: Partial<DiscoveryRule> = {}): DiscoveryRule {
  return {
    name,
    match: { oui: DELL },
    adopt: { namePattern: 'node-{mac}', interfaceName: 'boot', roles: [], labels: {} },
    automatic: false,
    ...change,
  };
}

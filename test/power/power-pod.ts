import { lookAtLan } from '../../src/bmc/ipmi/lan-look.ts';
import { createDriver } from '../../src/bmc/registry.ts';
import { BootDeviceSelector } from '../../src/codecs/ipmi/commands/boot-options.ts';
import type { BootEvent } from '../../src/domain/events.ts';
import type { Node } from '../../src/domain/node.ts';
import type { StoreChange } from '../../src/domain/ports.ts';
import { hasEnded, type JobStep, type PowerSettings } from '../../src/domain/power.ts';
import type { JobRecord } from '../../src/power/job-record.ts';
import type { NodeStanding } from '../../src/power/ports.ts';
import { PowerService } from '../../src/power/power-service.ts';
import { Chassis, type ChassisQuirks } from '../../src/rehearsal/bmc/chassis.ts';
import type { LineFaults } from '../../src/rehearsal/bmc/faulty-line.ts';
import type { SimulatedBmcOptions } from '../../src/rehearsal/bmc/simulated-bmc.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { BmcPod, PASSWORD } from '../bmc/ipmi/pod.ts';
import { settle } from '../harness/clock.ts';
import { nodeNumber } from '../lifecycle/life/house.ts';
import { FixedNodes } from '../services/boot/fixtures.ts';
import { powerSettings } from './power-settings.ts';

export const KEY = 'k'.repeat(64);

export interface PodOptions {
  readonly nodes: number;
  readonly faults?: LineFaults;
  readonly settings?: Partial<PowerSettings>;
  readonly quirks?: (number: number) => ChassisQuirks;
  readonly bmc?: (number: number) => Partial<SimulatedBmcOptions>;
  /** Those that are not plugged in. */
  readonly dead?: (number: number) => boolean;
  readonly change?: (number: number) => Partial<Node>;
  readonly store?: MemoryStore;
  readonly isOn?: boolean;
}

/** The power service on simulated BMCs, in simulated time. */
export class PowerPod {
  readonly bmcs: BmcPod;
  readonly chassis = new Map<string, Chassis>();
  readonly store: MemoryStore;
  readonly events: BootEvent[] = [];
  readonly nodes: Node[];
  readonly reserved = new Map<string, string>();
  /** Whose grant has ended. */
  readonly unwanted = new Set<string>();
  readonly settings: PowerSettings;
  /** What a machine does when it starts: by its network flag it asks the network. */
  bootDelayMs = 30_000;
  commits = 0;
  /** A magic packet is on the network. */
  woken: (name: string) => void = () => {};
  /** What is at the addresses of BMCs, to who only looks. */
  readonly look = {
    answers: false,
    fingerprint: undefined as string | undefined,
    hostAnswers: async () => this.look.answers,
    ipmi: (host: string, port: number | undefined) =>
      lookAtLan({ host, port }, { network: this.bmcs.line, clock: this.bmcs.clock, waitMs: 500 }),
    certificate: async () => this.look.fingerprint,
  };
  commit: (batch: readonly StoreChange[]) => Promise<void> = async (batch) => {
    this.commits += 1;
    await this.store.commit(batch);
  };
  readonly directory = new FixedNodes();
  service!: PowerService;

  static async open(options: PodOptions): Promise<PowerPod> {
    const pod = new PowerPod(options);
    await pod.start();
    await pod.service.vault.write('bmc', { userName: 'admin', password: PASSWORD });
    return pod;
  }

  private constructor(options: PodOptions) {
    this.bmcs = new BmcPod(options.faults);
    this.store = options.store ?? new MemoryStore();
    this.settings = powerSettings(options.settings);
    this.nodes = Array.from({ length: options.nodes }, (_, index) => {
      const number = index + 1;
      return nodeNumber(number, {
        rack: `r${Math.floor(index / 16)}`,
        bmc: { driver: 'ipmi', host: `bmc${number}` },
        ...options.change?.(number),
      });
    });
    for (const [index, node] of this.nodes.entries()) {
      const number = index + 1;
      if (options.dead?.(number) === true) continue;
      const machine = {
        powerOn: (flags: { readonly device: number } | undefined) => {
          if (flags?.device === BootDeviceSelector.PXE)
            this.bmcs.clock.setTimeout(() => this.discover(node), this.bootDelayMs);
        },
        powerOff: () => {},
      };
      const chassis = new Chassis(this.bmcs.clock, machine, options.quirks?.(number));
      if (options.isOn !== false) chassis.turnOn();
      this.chassis.set(node.name, chassis);
      this.bmcs.bmc(`bmc${number}`, { chassis, ...options.bmc?.(number) });
    }
  }

  /** Again, as after a crash: what is in the store is all that is left. */
  async start(): Promise<void> {
    const { clock } = this.bmcs;
    this.directory.nodes = this.nodes;
    const standing: NodeStanding = {
      reserved: (node) => this.reserved.get(node.name),
      awaitsBoot: (node) => !this.unwanted.has(node.name),
      hasBooted: () => false,
      bootDeadlineMs: () => 1_200_000,
    };
    this.service = new PowerService({
      documents: (await this.store.load()).documents,
      nodes: this.directory,
      commit: (batch) => this.commit(batch),
      clock,
      events: { wantsDebug: false, emit: (event) => void this.events.push(event) },
      settings: () => this.settings,
      standing,
      readKey: () => KEY,
      createDriver: (name, target) =>
        createDriver(name, target, {
          clock,
          network: this.bmcs.line,
          broadcast: async (target) => this.woken(target.name),
        }),
      leasedAddress: () => undefined,
      look: this.look,
      random: () => 0.5,
    });
    await this.service.start();
  }

  discover(node: Node): void {
    this.service.emit({
      type: 'dhcp.offer',
      level: 'info',
      subject: { nodeId: node.id, nodeName: node.name },
      text: 'it asks',
      data: { stage: 'pxe' },
    });
  }

  node(name: string): Node {
    const node = this.nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(name);
    return node;
  }

  counts(name: string): Chassis['counts'] {
    const chassis = this.chassis.get(name);
    if (chassis === undefined) throw new Error(name);
    return chassis.counts;
  }

  /** Lets time pass until the job has ended. */
  async ended(record: JobRecord, limitMs = 3_600_000, stepMs = 20): Promise<readonly JobStep[]> {
    for (let passedMs = 0; passedMs < limitMs; passedMs += stepMs) {
      await settle(1);
      const steps = [...record.steps.values()];
      if (record.isOver && steps.every(hasEnded)) return steps;
      this.bmcs.clock.advance(stepMs);
    }
    throw new Error(
      `not ended: ${JSON.stringify(record.counts())} ${JSON.stringify([...record.steps.values()].at(-1))}`,
    );
  }
}

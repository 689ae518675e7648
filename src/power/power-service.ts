import type { BmcDriver, BootOverride, RawAnswer } from '../bmc/driver.ts';
import type { BmcTarget } from '../bmc/registry.ts';
import type { BootEvent } from '../domain/events.ts';
import type { EffectPort } from '../domain/install-ports.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { MacAddress } from '../domain/mac.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { Clock, EventSink, NodeDirectory, StoreChange, StoreSnapshot } from '../domain/ports.ts';
import type { PowerSettings } from '../domain/power.ts';
import { BmcCare } from './bmc-care.ts';
import { BmcMeter } from './bmc-meter.ts';
import { bootText } from './boot-order.ts';
import { BootWatch } from './boot-watch.ts';
import { type Credentials, CredentialVault, type CredentialVaultOptions } from './credential-vault.ts';
import { powerEffects } from './effects.ts';
import { EnrolmentTests } from './enrolment-tests.ts';
import { Fleet, hasPower } from './fleet.ts';
import { JobBook } from './job-book.ts';
import { refusalOf } from './job-nodes.ts';
import type { JobRequest } from './job-request.ts';
import { type LogPosition, type LogReading, readLog } from './log-reading.ts';
import { lacks } from './mends.ts';
import { PasswordRotation } from './password-rotation.ts';
import { askPatiently } from './patience.ts';
import type { BmcLook, NodeStanding } from './ports.ts';
import { checkRaw, type RawOrder, rawText } from './raw-order.ts';
import { type LaneView, Scheduler } from './scheduler.ts';
import { StatePoller } from './state-poller.ts';
import { StoppableClock } from './stoppable-clock.ts';

export interface PowerServiceOptions {
  readonly documents: StoreSnapshot['documents'];
  readonly nodes: NodeDirectory;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly settings: () => PowerSettings;
  readonly standing: NodeStanding;
  readonly readKey: CredentialVaultOptions['readKey'];
  /** @throws BmcError */
  readonly createDriver: (name: string, target: BmcTarget) => Promise<BmcDriver>;
  readonly leasedAddress: (mac: MacAddress) => Ipv4 | undefined;
  readonly look: BmcLook;
  readonly random?: () => number;
}

/** What would become of a node in a job, before it is one. */
export interface Forecast {
  readonly node: Node;
  readonly outcome: 'would' | 'skipped';
  readonly text: string;
  readonly mend?: string;
}

/** The power of the nodes: who may speak to their BMCs, what was asked of them, and what they say. */
export class PowerService {
  readonly jobs: JobBook;
  readonly vault: CredentialVault;
  readonly meter: BmcMeter;
  readonly fleet: Fleet;
  readonly poller: StatePoller;
  readonly care: BmcCare;
  readonly rotation: PasswordRotation;
  readonly effects: readonly EffectPort[];
  readonly scheduler: Scheduler;
  readonly #options: PowerServiceOptions;
  readonly #watch: BootWatch;
  readonly #enrolments: EnrolmentTests;
  readonly #clock: StoppableClock;

  constructor(options: PowerServiceOptions) {
    const { documents, nodes, commit, events, settings, standing, readKey, createDriver, leasedAddress } = options;
    this.#options = options;
    const clock = new StoppableClock(options.clock);
    this.#clock = clock;
    const random = options.random ?? Math.random;
    const minGapMs = () => settings().minGapMs;
    this.scheduler = new Scheduler({ clock, random, atOnce: () => settings().atOnce, minGapMs });
    this.vault = new CredentialVault({
      known: documents.credentials ?? [],
      commit,
      clock,
      readKey,
      rules: () => settings().credentials,
    });
    this.meter = new BmcMeter(clock);
    const { scheduler, vault, meter } = this;
    this.fleet = new Fleet({ scheduler, vault, createDriver, leasedAddress, minGapMs, meter });
    this.#watch = new BootWatch(clock);
    this.poller = new StatePoller({ nodes, fleet: this.fleet, clock, random, pollMs: () => settings().pollMs });
    this.jobs = new JobBook({
      jobs: documents.job ?? [],
      steps: documents['job-step'] ?? [],
      nodes,
      fleet: this.fleet,
      standing,
      watch: this.#watch,
      commit,
      clock,
      events,
      settings,
    });
    this.effects = powerEffects(this.jobs);
    const found = documents['bmc-finding'] ?? [];
    this.care = new BmcCare({ scheduler, vault, fleet: this.fleet, look: options.look, clock, found, commit });
    this.rotation = new PasswordRotation(this.fleet, vault);
    this.#enrolments = new EnrolmentTests({ nodes, events, test: (node) => this.care.test(node, 'poll') });
  }

  start(): Promise<void> {
    this.#enrolments.start();
    return this.jobs.start();
  }

  async stop(): Promise<void> {
    this.poller.stop();
    this.#enrolments.stop();
    await this.jobs.stop();
    this.#clock.stop();
    await this.fleet.close();
  }

  /** Hears of the network and of the nodes' records. */
  emit(event: BootEvent): void {
    this.#watch.emit(event);
    const { nodeId } = event.subject;
    if (nodeId === undefined) return;
    if (event.type === 'node.removed') {
      this.fleet.forget(nodeId);
      this.poller.forget(nodeId);
      this.care.forget(nodeId);
    } else if (event.type === 'node.changed' || event.type === 'node.replaced') this.#changed(nodeId);
    this.#enrolments.emit(event);
  }

  /** What a BMC refused it may take now: of a node that is merely labelled otherwise it is not asked again. */
  #changed(nodeId: NodeId): void {
    const node = this.#options.nodes.byId(nodeId);
    if (node !== undefined && this.fleet.isOther(node)) this.scheduler.forgive(nodeId);
  }

  /** What a job would do to each, from what is known: nobody is asked. */
  forecast(nodes: readonly Node[], request: JobRequest): readonly Forecast[] {
    const { origin = 'person', evenInMaintenance = false, action } = request;
    return nodes.map((node) => {
      const refusal = refusalOf(node, { origin, evenInMaintenance }, this.#options.standing);
      if (refusal !== undefined)
        return {
          node,
          outcome: 'skipped',
          text: refusal.text,
          ...(refusal.mend === undefined ? {} : { mend: refusal.mend }),
        };
      const state = this.poller.known(node.id)?.state ?? 'unknown';
      return {
        node,
        outcome: 'would',
        text: `${action}; it is ${state === 'unknown' ? 'not known to be on or off' : state}`,
      };
    });
  }

  lane(node: Node): LaneView | undefined {
    return this.scheduler.view(node.id);
  }

  /**
   * Something of its BMC, for a person who waits.
   *
   * @throws HostRefused with what the BMC said and what to do
   */
  async ask<T>(node: Node, use: (driver: BmcDriver, deadlineMs: number) => Promise<T>): Promise<T> {
    return askPatiently(node, () => this.fleet.run(node, 'person', use));
  }

  bootOverride(node: Node): Promise<BootOverride> {
    return this.ask(node, (driver, deadlineMs) => bootDevice(driver).read(deadlineMs));
  }

  /**
   * Who asks for it is in the timeline before it leaves.
   *
   * @returns what the BMC says of it afterwards
   * @throws HostRefused
   */
  setBootOverride(
    node: Node,
    override: BootOverride,
    { by, reason }: { readonly by?: string; readonly reason?: string } = {},
  ): Promise<BootOverride> {
    const wanted = override.device === 'none' ? 'none' : bootText(override);
    const told = by === undefined ? `its boot device is set to ${wanted}` : `${by} sets its boot device to ${wanted}`;
    this.#tellOrder(node, 'bmc.boot-device', reason === undefined ? told : `${told}: ${reason}`);
    return this.ask(node, async (driver, deadlineMs) => {
      const control = bootDevice(driver);
      if (!control.devices.includes(override.device)) throw lacks(driver, `can’t set ${override.device}`);
      await control.set(override, deadlineMs);
      return control.read(deadlineMs);
    });
  }

  identify(node: Node, seconds: number): Promise<void> {
    return this.ask(node, (driver, deadlineMs) => {
      if (driver.identify === undefined) throw lacks(driver, 'has no light');
      return driver.identify.identify(seconds, deadlineMs);
    });
  }

  log(node: Node, since: LogPosition, limit: number): Promise<LogReading> {
    return this.ask(node, (driver, deadlineMs) => {
      if (driver.log === undefined) throw lacks(driver, 'has no log');
      return readLog(driver.log, since, limit, deadlineMs);
    });
  }

  /**
   * A command as a person typed it, sent once; who, and what, is in the timeline before it leaves.
   *
   * @throws InvalidInput, HostRefused
   */
  async raw(node: Node, order: RawOrder): Promise<RawAnswer> {
    checkRaw(order);
    const { by, reason } = order;
    const told = `${by} sends ${rawText(order)} to its BMC`;
    this.#tellOrder(node, 'bmc.raw', reason === undefined ? told : `${told}: ${reason}`);
    const answer = await this.ask(node, (driver, deadlineMs) => {
      if (driver.raw === undefined) throw lacks(driver, 'takes no raw commands');
      return driver.raw.send(order, deadlineMs);
    });
    this.#tellOrder(node, 'bmc.raw-answer', `its BMC answers ${rawText(order)} of ${by}: ${answer.text}`);
    return answer;
  }

  #tellOrder({ id, name }: Node, type: string, text: string): void {
    const subject = { nodeId: id, nodeName: name };
    this.#options.events.emit({ type, level: 'info', subject, text: `${name}: ${text}` });
  }

  /** What was refused with the old ones may be tried again. @throws InvalidInput, HostRefused */
  async setCredentials(name: string, credentials: Credentials): Promise<void> {
    await this.vault.write(name, credentials);
    for (const node of this.#options.nodes.all())
      if (this.vault.nameFor(node) === name) this.scheduler.forgive(node.id);
  }

  statistics(): Record<string, number> {
    const withPower = [...this.#options.nodes.all()].filter(hasPower).length;
    return { ...this.scheduler.statistics(), ...this.jobs.statistics(), nodesWithPower: withPower };
  }
}

function bootDevice(driver: BmcDriver) {
  if (driver.bootDevice !== undefined) return driver.bootDevice;
  throw lacks(driver, 'has no boot device');
}

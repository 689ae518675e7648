import type { AnswerContext, AnswerFile, AnswerRenderer } from '../../../src/domain/answer-file.ts';
import type { ClientStage } from '../../../src/domain/client.ts';
import type { BootEvent, EventSubject } from '../../../src/domain/events.ts';
import type { CallbackKind, EffectPort, HostKeyProbe, ProfileFact } from '../../../src/domain/install-ports.ts';
import { parseIpv4 } from '../../../src/domain/ipv4.ts';
import type { MacAddress } from '../../../src/domain/mac.ts';
import type { Node } from '../../../src/domain/node.ts';
import type { NodeFault } from '../../../src/domain/node-life.ts';
import type { Store } from '../../../src/domain/ports.ts';
import type { LifecycleSettings } from '../../../src/domain/settings.ts';
import { ownerOf } from '../../../src/domain/stored-event.ts';
import { LifeBook } from '../../../src/lifecycle/life-book.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { lifecycleSettings } from '../../harness/lifecycle-settings.ts';
import { FixedNodes } from '../../services/boot/fixtures.ts';

export const ORIGIN = 'http://10.77.0.1';
export const PROFILES: Readonly<Record<string, ProfileFact>> = {
  os: { destructive: true, switchesOff: false },
  other: { destructive: true, switchesOff: false },
  'dgx-os-5': { destructive: true, switchesOff: true },
  wrong: { destructive: true, switchesOff: false, problem: 'it has no kernel' },
  rescue: { destructive: false, switchesOff: false },
};

export function address(number: number): number {
  return (parseIpv4('10.77.0.0') ?? 0) + number;
}

export function nodeNumber(number: number, change: Partial<Node> = {}): Node {
  const hex = number.toString(16).padStart(2, '0');
  return {
    id: `n${number}`,
    name: `dgx${String(number).padStart(2, '0')}`,
    interfaces: [{ name: 'eno1', role: 'boot', mac: `52:54:00:77:00:${hex}` as MacAddress, address: address(number) }],
    labels: {},
    roles: [],
    options: {},
    boot: { profile: 'local', loader: 'auto' },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    ...change,
  };
}

/** No system runs an SSH server. */
export const NO_SSH: HostKeyProbe = { look: async () => ({ verdict: 'no-answer', text: 'it does not answer by SSH' }) };

export interface HouseOptions {
  readonly nodes?: readonly Node[];
  readonly store?: Store;
  readonly clock?: FakeClock;
  readonly lifecycle?: Partial<LifecycleSettings>;
  readonly effects?: readonly EffectPort[];
  readonly hostKeyProbe?: HostKeyProbe;
}

/** A life book with everything around it simulated: time, store, profiles, and machines that are driven by hand. */
export class House {
  readonly clock: FakeClock;
  readonly store: Store;
  readonly nodes: FixedNodes;
  readonly events: BootEvent[] = [];
  readonly rendered: AnswerContext[] = [];
  readonly book: LifeBook;
  /** What a template says beside the node's name; throws where a test wants it to. */
  template: (node: Node, profile: string) => string = (_, profile) => profile;
  fault: Omit<NodeFault, 'at'> = { code: 'late', text: 'it is late' };

  static async open(options: HouseOptions = {}): Promise<House> {
    const store = options.store ?? new MemoryStore();
    const house = new House(store, options, (await store.load()).documents);
    await house.book.start();
    return house;
  }

  private constructor(store: Store, options: HouseOptions, documents: Awaited<ReturnType<Store['load']>>['documents']) {
    this.store = store;
    this.clock = options.clock ?? new FakeClock();
    this.nodes = new FixedNodes(...(options.nodes ?? [nodeNumber(1), nodeNumber(2)]));
    const settings = lifecycleSettings(options.lifecycle);
    this.book = new LifeBook({
      documents,
      nodes: this.nodes,
      commit: async (batch, told) => {
        const at = this.clock.now();
        await store.commitWithEvents(
          batch,
          told.map((event) => ({ add: { owner: ownerOf(event), at, event } })),
        );
      },
      clock: this.clock,
      told: { wantsDebug: false, emit: (event) => void this.events.push(event) },
      events: { wantsDebug: false, emit: (event) => void this.events.push(event) },
      settings: () => settings,
      profiles: { profile: (name) => PROFILES[name] },
      renderer: this.#renderer(),
      effects: options.effects ?? [],
      hostKeyProbe: options.hostKeyProbe ?? NO_SSH,
      subjectAt: (at) => this.#subjectAt(at),
      diagnose: async () => this.fault,
    });
  }

  /** The same house after a crash: what is on disk, and nothing else. */
  async restart(): Promise<House> {
    await this.book.stop();
    return await House.open({ nodes: this.nodes.nodes, store: this.store, clock: this.clock });
  }

  node(number = 1): Node {
    return this.nodes.byId(`n${number}`) as Node;
  }

  arm(number = 1, profile = 'os', by = 'anna', explicit = true) {
    return this.book.armoury.arm(this.node(number), { profile, by, explicit });
  }

  /** Its firmware asks for an address. */
  async discover(number = 1, stage: ClientStage = 'pxe'): Promise<void> {
    const node = this.node(number);
    this.book.emit({
      type: 'dhcp.offer',
      level: 'info',
      subject: { nodeId: node.id, nodeName: node.name },
      text: `${node.name} is offered an address`,
      data: { stage },
    });
    await this.settled();
  }

  /** It fetches its boot script; returns the token in it, undefined where it is sent to its disk. */
  async script(number = 1, from = address(number)): Promise<string | undefined> {
    const standing = this.book.standing(`n${number}`);
    if (standing.kind !== 'armed') return undefined;
    const { token } = await this.book.desk.ticket(`n${number}`, from, ORIGIN);
    this.book.emit({ type: 'http.script', level: 'info', subject: { nodeId: `n${number}` }, text: 'script' });
    return token;
  }

  /** One network boot up to the script. */
  async boot(number = 1): Promise<string | undefined> {
    await this.discover(number);
    return await this.script(number);
  }

  answer(token: string, name = 'preseed.cfg', from = address(1)): Promise<AnswerFile> {
    return this.book.desk.answerFile({ token, peer: from, origin: ORIGIN }, name);
  }

  tell(token: string, kind: CallbackKind, text = '', from = address(1)): Promise<void> {
    return this.book.desk.callback({ token, peer: from, origin: ORIGIN }, kind, text);
  }

  life(number = 1) {
    return this.book.life(this.node(number));
  }

  grant(number = 1) {
    return this.book.grantsOf(`n${number}`).at(-1);
  }

  of(type: string): BootEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  /** Whatever was begun is on disk, and its effects are told: nothing here waits for more than promises. */
  async settled(): Promise<void> {
    await settle(1);
    await this.book.settled();
  }

  #renderer(): AnswerRenderer {
    return {
      render: (node, profile, context) => {
        this.rendered.push(context);
        const text = `${this.template(node, profile)} for ${node.name} calls ${context.baseUrl}`;
        return [
          { name: 'preseed.cfg', contentType: 'text/plain', text },
          { name: 'callback.sh', contentType: 'text/x-shellscript', text: `#!/bin/sh\n# ${context.baseUrl}\n` },
        ];
      },
    };
  }

  #subjectAt(at: number): EventSubject {
    const port = this.nodes.byAddress(at);
    return port === undefined ? { address: at } : { address: at, nodeId: port.node.id, nodeName: port.node.name };
  }
}

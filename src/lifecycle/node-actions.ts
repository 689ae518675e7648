import type { BootGrant } from '../domain/boot-grant.ts';
import { PodbootError } from '../domain/errors.ts';
import type { Accompaniment, FormerHardware } from '../domain/former-hardware.ts';
import type { Node } from '../domain/node.ts';
import type { NodeLife } from '../domain/node-life.ts';
import type { StoreChange } from '../domain/ports.ts';
import type { Diagnosis } from './diagnosis/diagnosis-evidence.ts';
import { clockText } from './grant-rules.ts';
import type { LifeBook } from './life-book.ts';
import { placeText } from './life-words.ts';
import { NODE_COMMANDS, type NodeCommand } from './node-commands.ts';
import { interfaceKey } from './node-words.ts';
import type { NodeRegistry } from './registry-port.ts';

/** What people do with nodes, one or many. */
export const NODE_ACTIONS = ['install', 'revoke', ...NODE_COMMANDS] as const;
export type NodeAction = 'install' | 'revoke' | NodeCommand;

export interface ActionRequest {
  readonly action: NodeAction;
  /** A person's name. */
  readonly by: string;
  readonly reason?: string;
  /** Of `install`. */
  readonly profile?: string;
  /** Of `install`: how long its grant waits; the configuration's otherwise. */
  readonly grantMs?: number;
  /** The node is named by itself, and may be in maintenance or in a runner's hands. */
  readonly explicit: boolean;
  /** Of its life, where the action is only meant for what was read. */
  readonly expectedVersion?: number;
}

export interface ActionOutcome {
  readonly node: Node;
  /** `would`: a dry run. */
  readonly outcome: 'done' | 'would' | 'already' | 'refused';
  readonly text: string;
  readonly mend?: string;
}

/** What the API needs of the nodes' lives. */
export interface LifeControl {
  life(node: Node): NodeLife;
  /** Oldest first. */
  grantsOf(node: Node): readonly BootGrant[];
  grants(): Iterable<BootGrant>;
  diagnosis(node: Node): Promise<Diagnosis>;
  /** What an action would come to. */
  judge(node: Node, request: ActionRequest): ActionOutcome;
  /** On disk when it resolves. @throws PodbootError */
  act(node: Node, request: ActionRequest): Promise<ActionOutcome>;
}

export interface NodeActionsOptions {
  readonly book: LifeBook;
  readonly registry: NodeRegistry;
  readonly diagnose: (node: Node) => Promise<Diagnosis>;
  /** Leases of a node that is retired. */
  readonly free: (former: FormerHardware) => Accompaniment;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
}

export class NodeActions implements LifeControl {
  readonly #options: NodeActionsOptions;

  constructor(options: NodeActionsOptions) {
    this.#options = options;
  }

  life(node: Node): NodeLife {
    return this.#options.book.life(node);
  }

  grantsOf(node: Node): readonly BootGrant[] {
    return this.#options.book.grantsOf(node.id);
  }

  grants(): Iterable<BootGrant> {
    return this.#options.book.grants();
  }

  diagnosis(node: Node): Promise<Diagnosis> {
    return this.#options.diagnose(node);
  }

  judge(node: Node, request: ActionRequest): ActionOutcome {
    const { book } = this.#options;
    const { action } = request;
    if (action === 'install') {
      const verdict = book.armoury.judge(node, { ...request, profile: request.profile ?? '' });
      if (verdict.verdict === 'refuse') return { node, outcome: 'refused', text: verdict.text, mend: verdict.mend };
      return { node, outcome: verdict.verdict === 'arm' ? 'would' : 'already', text: verdict.text };
    }
    if (action === 'revoke') return this.#judgeRevoke(node);
    const verdict = book.commands.judge(node, action, request);
    if (verdict.verdict === 'do') return { node, outcome: 'would', text: verdict.text };
    const mend = 'mend' in verdict && verdict.mend !== undefined ? { mend: verdict.mend } : {};
    return { node, outcome: verdict.verdict === 'already' ? 'already' : 'refused', text: verdict.text, ...mend };
  }

  async act(node: Node, request: ActionRequest): Promise<ActionOutcome> {
    const { book } = this.#options;
    const { action } = request;
    if (action === 'install') {
      const before = book.grantsOf(node.id).at(-1);
      const grant = await book.armoury.arm(node, { ...request, profile: request.profile ?? '' });
      const isSame = grant.id === before?.id;
      const text = `${node.name} is armed for ${grant.profile}${isSame ? ' already' : ''}, until ${clockText(grant.expiresAt)}`;
      return { node, outcome: isSame ? 'already' : 'done', text };
    }
    if (action === 'revoke') {
      const grant = await book.armoury.revoke(node, request);
      return { node, outcome: 'done', text: `the boot grant of ${node.name} for ${grant.profile} is ${grant.state}` };
    }
    const before = book.life(node);
    const life = await book.commands.command(node, action, request);
    if (action === 'retire') await this.#dropAddresses(node);
    const outcome = life.version === before.version ? 'already' : 'done';
    return { node, outcome, text: `${node.name} is ${placeText(life)}` };
  }

  #judgeRevoke(node: Node): ActionOutcome {
    const grant = this.#options.book.grantsOf(node.id).at(-1);
    const life = this.#options.book.life(node);
    const isUnderWay = life.state === 'installing' && life.step !== 'finished';
    if (grant?.state === 'armed') {
      return { node, outcome: 'would', text: `${node.name} would lose its boot grant for ${grant.profile}` };
    }
    if (grant?.state === 'claimed' || isUnderWay) {
      return { node, outcome: 'would', text: `the installation of ${node.name} would be given up` };
    }
    return { node, outcome: 'refused', text: `${node.name} has no boot grant to revoke` };
  }

  /** What a retired node had is free for others; its record and its history stay. */
  async #dropAddresses(node: Node): Promise<void> {
    const { registry, free, commit } = this.#options;
    const keys = new Set(node.interfaces.flatMap((each) => interfaceKey(each) ?? []));
    const addresses = new Set(node.interfaces.flatMap(({ address }) => address ?? []));
    const former = { nodeId: node.id, keys, stays: new Set<string>(), addresses, wholeMachine: true };
    const { changes, committed } = free(former);
    if (changes.length > 0) await commit(changes);
    committed?.();
    if (addresses.size === 0) return;
    const interfaces = node.interfaces.map(({ address: _, ...rest }) => rest);
    await registry.change(node.id, { interfaces });
  }
}

/** One after another: a refusal of one leaves the others as they are. */
export async function actOnMany(
  control: LifeControl,
  nodes: readonly Node[],
  request: ActionRequest,
  dryRun: boolean,
): Promise<readonly ActionOutcome[]> {
  const outcomes: ActionOutcome[] = [];
  for (let at = 0; at < nodes.length; at += AT_ONCE) {
    const some = nodes.slice(at, at + AT_ONCE);
    outcomes.push(
      ...(await Promise.all(
        some.map((node) => (dryRun ? control.judge(node, request) : tried(control, node, request))),
      )),
    );
    // Answer files of thousands of nodes are made on trial: DHCP has its turn between them.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return outcomes;
}

const AT_ONCE = 20;

async function tried(control: LifeControl, node: Node, request: ActionRequest): Promise<ActionOutcome> {
  try {
    return await control.act(node, request);
  } catch (error) {
    if (!(error instanceof PodbootError)) throw error;
    return { node, outcome: 'refused', text: error.message, ...(error.mend === undefined ? {} : { mend: error.mend }) };
  }
}

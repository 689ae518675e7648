import type { BootGrant } from '../domain/boot-grant.ts';
import type { NodeId } from '../domain/node.ts';
import type { NodeLife } from '../domain/node-life.ts';
import type { StoreChange } from '../domain/ports.ts';
import { placeText } from './life-words.ts';
import { VersionMismatch } from './registry-port.ts';
import { newLife } from './transition.ts';

/** Lives and grants as they stand, or as they will if a draft of changes is committed. */
export interface LifeView {
  life(nodeId: NodeId): NodeLife | undefined;
  grant(id: string): BootGrant | undefined;
  /** Newest last. */
  grantsOf(nodeId: NodeId): readonly string[];
}

/** Grants of a node that are kept, for who asks what was installed when. */
const KEPT_GRANTS = 5;

/** What is on disk. */
export class LifeMemory implements LifeView {
  readonly #lives = new Map<NodeId, NodeLife>();
  readonly #grants = new Map<string, BootGrant>();
  readonly #byNode = new Map<NodeId, readonly string[]>();
  readonly #byToken = new Map<string, string>();

  constructor(lives: Iterable<NodeLife>, grants: Iterable<BootGrant>) {
    for (const life of lives) this.#lives.set(life.nodeId, life);
    const oldestFirst = [...grants].sort((one, other) => one.armedAt - other.armedAt || one.attempt - other.attempt);
    for (const grant of oldestFirst) this.#putGrant(grant);
  }

  life(nodeId: NodeId): NodeLife | undefined {
    return this.#lives.get(nodeId);
  }

  grant(id: string): BootGrant | undefined {
    return this.#grants.get(id);
  }

  grantsOf(nodeId: NodeId): readonly string[] {
    return this.#byNode.get(nodeId) ?? [];
  }

  /** The newest, whatever became of it. */
  currentGrant(nodeId: NodeId): BootGrant | undefined {
    return currentGrant(this, nodeId);
  }

  grantByToken(tokenHash: string): BootGrant | undefined {
    const id = this.#byToken.get(tokenHash);
    return id === undefined ? undefined : this.#grants.get(id);
  }

  lives(): Iterable<NodeLife> {
    return this.#lives.values();
  }

  grants(): Iterable<BootGrant> {
    return this.#grants.values();
  }

  apply(draft: Draft): void {
    for (const [nodeId, life] of draft.changedLives) {
      if (life === undefined) this.#lives.delete(nodeId);
      else this.#lives.set(nodeId, life);
    }
    for (const [id, grant] of draft.changedGrants) {
      if (grant === undefined) this.#removeGrant(id);
      else this.#putGrant(grant);
    }
  }

  #putGrant(grant: BootGrant): void {
    const before = this.#grants.get(grant.id);
    for (const hash of tokenHashes(before)) this.#byToken.delete(hash);
    for (const hash of tokenHashes(grant)) this.#byToken.set(hash, grant.id);
    this.#grants.set(grant.id, grant);
    if (before === undefined) this.#byNode.set(grant.nodeId, [...this.grantsOf(grant.nodeId), grant.id]);
  }

  #removeGrant(id: string): void {
    const grant = this.#grants.get(id);
    if (grant === undefined) return;
    for (const hash of tokenHashes(grant)) this.#byToken.delete(hash);
    this.#grants.delete(id);
    const left = this.grantsOf(grant.nodeId).filter((each) => each !== id);
    if (left.length === 0) this.#byNode.delete(grant.nodeId);
    else this.#byNode.set(grant.nodeId, left);
  }
}

function tokenHashes(grant: BootGrant | undefined): string[] {
  return [grant?.claim?.tokenHash ?? grant?.ticket?.tokenHash ?? []].flat();
}

/** Changes that are not on disk yet, over what is. */
export class Draft implements LifeView {
  readonly #under: LifeView;
  /** Undefined: removed. */
  readonly changedLives = new Map<NodeId, NodeLife | undefined>();
  readonly changedGrants = new Map<string, BootGrant | undefined>();
  readonly #byNode = new Map<NodeId, readonly string[]>();

  constructor(under: LifeView) {
    this.#under = under;
  }

  life(nodeId: NodeId): NodeLife | undefined {
    return this.changedLives.has(nodeId) ? this.changedLives.get(nodeId) : this.#under.life(nodeId);
  }

  grant(id: string): BootGrant | undefined {
    return this.changedGrants.has(id) ? this.changedGrants.get(id) : this.#under.grant(id);
  }

  grantsOf(nodeId: NodeId): readonly string[] {
    return this.#byNode.get(nodeId) ?? this.#under.grantsOf(nodeId);
  }

  putLife(life: NodeLife): void {
    this.changedLives.set(life.nodeId, life);
  }

  putGrant(grant: BootGrant): void {
    if (this.grant(grant.id) === undefined) this.#list(grant);
    this.changedGrants.set(grant.id, grant);
  }

  /** Everything of a node that is no more. */
  forget(nodeId: NodeId): void {
    this.changedLives.set(nodeId, undefined);
    for (const id of this.grantsOf(nodeId)) this.changedGrants.set(id, undefined);
    this.#byNode.set(nodeId, []);
  }

  #list(grant: BootGrant): void {
    const all = [...this.grantsOf(grant.nodeId), grant.id];
    for (const id of all.slice(0, -KEPT_GRANTS)) this.changedGrants.set(id, undefined);
    this.#byNode.set(grant.nodeId, all.slice(-KEPT_GRANTS));
  }

  /** Takes another draft, made over this one, for its own. */
  merge(draft: Draft): void {
    for (const [id, life] of draft.changedLives) this.changedLives.set(id, life);
    for (const [id, grant] of draft.changedGrants) this.changedGrants.set(id, grant);
    for (const [id, grants] of draft.#byNode) this.#byNode.set(id, grants);
  }

  changes(): StoreChange[] {
    const changes: StoreChange[] = [];
    for (const [id, life] of this.changedLives) {
      if (life === undefined) changes.push({ remove: 'document', kind: 'life', id });
      else changes.push({ put: 'document', kind: 'life', id, document: life });
    }
    for (const [id, grant] of this.changedGrants) {
      if (grant === undefined) changes.push({ remove: 'document', kind: 'grant', id });
      else changes.push({ put: 'document', kind: 'grant', id, document: grant });
    }
    return changes;
  }
}

export function lifeOf(view: LifeView, node: { readonly id: NodeId; readonly createdAt: number }): NodeLife {
  return view.life(node.id) ?? newLife(node);
}

export function currentGrant(view: LifeView, nodeId: NodeId): BootGrant | undefined {
  const id = view.grantsOf(nodeId).at(-1);
  return id === undefined ? undefined : view.grant(id);
}

/** What a person saw may have changed before his word has its turn. @throws VersionMismatch */
export function expectVersion(node: { readonly name: string }, life: NodeLife, expected: number | undefined): void {
  if (expected === undefined || expected === life.version) return;
  const text = `${node.name} has gone on meanwhile: it is ${placeText(life)}`;
  throw new VersionMismatch(text, [], 'Look at it again, and repeat the command if it still makes sense.');
}

import type { AnswerRenderer } from '../domain/answer-file.ts';
import type { BootGrant, GrantTicket } from '../domain/boot-grant.ts';
import type { ClientStage } from '../domain/client.ts';
import type { BootEvent, EventSubject } from '../domain/events.ts';
import type { Accompaniment } from '../domain/former-hardware.ts';
import type { EffectPort, GrantDirectory, GrantStanding, HostKeyProbe, ProfileFacts } from '../domain/install-ports.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { NodeFault, NodeLife } from '../domain/node-life.ts';
import type { Clock, EventSink, NodeDirectory, StoreSnapshot } from '../domain/ports.ts';
import type { LifecycleSettings } from '../domain/settings.ts';
import { AlarmClock } from './alarm-clock.ts';
import { BootSessions } from './boot-sessions.ts';
import { DiskProof } from './disk-proof.ts';
import { GrantArmoury } from './grant-armoury.ts';
import { GrantDesk } from './grant-desk.ts';
import { ended, isArmed, lastSessionOf, sessionOf, standingOf } from './grant-rules.ts';
import { HandOffLives } from './hand-off-lives.ts';
import { createLifeCore, deadlinesOf, type LifeCore } from './life-core.ts';
import { EffectRunner } from './life-effects.ts';
import { type Draft, LifeMemory, lifeOf } from './life-memory.ts';
import { placeText, subjectOfNode } from './life-words.ts';
import { type LifeCommit, LifeWriter } from './life-writer.ts';
import { NodeCommands } from './node-commands.ts';
import { transition } from './transition.ts';

export interface LifeBookOptions {
  readonly documents: StoreSnapshot['documents'];
  readonly nodes: NodeDirectory;
  readonly commit: LifeCommit;
  /** Whoever hears what a commit has put into the timeline itself. */
  readonly told: EventSink;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly settings: () => LifecycleSettings;
  readonly profiles: ProfileFacts;
  readonly renderer: AnswerRenderer;
  readonly effects: readonly EffectPort[];
  readonly hostKeyProbe: HostKeyProbe;
  readonly subjectAt: (address: Ipv4) => EventSubject;
  /** Why a node is late, from its timeline. */
  readonly diagnose: (node: Node, life: NodeLife) => Promise<Omit<NodeFault, 'at'>>;
}

/**
 * Lives and grants of all nodes: what a node may boot (asked for each packet), what installers are given, what people
 * command, and what the clock brings. It hears of the network by the events of the servers, as a sink.
 */
export class LifeBook implements GrantDirectory, EventSink {
  readonly wantsDebug = false;
  readonly desk: GrantDesk;
  readonly armoury: GrantArmoury;
  readonly commands: NodeCommands;
  readonly handOffs: HandOffLives;
  readonly #options: LifeBookOptions;
  readonly #memory: LifeMemory;
  readonly #core: LifeCore;
  readonly #sessions = new BootSessions();
  readonly #alarms: AlarmClock;
  readonly #effects: EffectRunner;
  readonly #proof: DiskProof;

  constructor(options: LifeBookOptions) {
    this.#options = options;
    const { documents, nodes, commit, clock, events, settings, profiles, renderer, subjectAt } = options;
    this.#memory = new LifeMemory(documents.life ?? [], documents.grant ?? []);
    const writer = new LifeWriter({
      memory: this.#memory,
      commit,
      told: options.told,
      onCommitted: (draft) => this.#committed(draft),
    });
    this.#core = createLifeCore({ memory: this.#memory, writer, settings });
    this.#alarms = new AlarmClock(clock, (key) => this.#ring(key));
    this.#effects = new EffectRunner({ core: this.#core, nodes, ports: options.effects, clock, events });
    this.#proof = new DiskProof({ core: this.#core, nodes, clock, events, probe: options.hostKeyProbe });
    const parts = { core: this.#core, nodes, clock, events, profiles, renderer };
    this.desk = new GrantDesk({ ...parts, sessions: this.#sessions, subjectAt });
    this.armoury = new GrantArmoury(parts);
    this.commands = new NodeCommands(parts);
    this.handOffs = new HandOffLives(parts);
  }

  /** Takes up what a crash or a stop left: effects, deadlines, grants that ran out meanwhile, what removed nodes left behind. */
  async start(): Promise<void> {
    const { nodes } = this.#options;
    const owners = new Set([...this.#memory.lives(), ...this.#memory.grants()].map(({ nodeId }) => nodeId));
    const gone = [...owners].filter((nodeId) => nodes.byId(nodeId) === undefined);
    if (gone.length > 0) await this.#core.writer.write((draft) => void gone.map((nodeId) => draft.forget(nodeId)));
    await this.#core.writer.write((draft, tell) => this.#endStarts(draft, tell));
    for (const life of this.#memory.lives()) {
      this.#alarms.set(`life ${life.nodeId}`, life.deadlineAt);
      this.#effects.takeUp(life.nodeId);
      this.#proof.follow(life.nodeId, life);
    }
    for (const grant of this.#memory.grants()) this.#alarms.set(`grant ${grant.id}`, this.#dueAt(grant));
  }

  /** Nodes that were being started by a grant that is no more: it ended in the very moment of a crash. */
  #endStarts(draft: Draft, tell: (event: BootEvent) => void): void {
    for (const { nodeId, state } of this.#memory.lives()) {
      const node = this.#options.nodes.byId(nodeId);
      const isStarting = state === 'powering' || state === 'booting';
      if (node === undefined || !isStarting || this.#memory.currentGrant(nodeId)?.state === 'armed') continue;
      this.#core.happen(draft, tell, node, { kind: 'grant-ended', at: this.#options.clock.now() });
    }
  }

  async stop(): Promise<void> {
    this.#alarms.stop();
    await this.#proof.stop();
    await this.#core.writer.settled();
  }

  standing(nodeId: NodeId): GrantStanding {
    const life = this.#memory.life(nodeId) ?? { nodeId, state: 'enrolled', since: 0, deadlineAt: null, version: 0 };
    return standingOf(life, this.#memory.currentGrant(nodeId), this.#options.clock.now());
  }

  life(node: Node): NodeLife {
    return lifeOf(this.#memory, node);
  }

  /** On its way through an installation, or just at its end: what its installer says is worth its timeline. */
  isBeingInstalled(nodeId: NodeId): boolean {
    const state = this.#memory.life(nodeId)?.state;
    return state === 'booting' || state === 'installing';
  }

  /** Oldest first. */
  grantsOf(nodeId: NodeId): readonly BootGrant[] {
    return this.#memory.grantsOf(nodeId).flatMap((id) => this.#memory.grant(id) ?? []);
  }

  /** Profiles that the node may still boot, or is booting, by its grant: their files are needed. */
  profilesInUse(nodeId: NodeId): readonly string[] {
    const grant = this.#memory.currentGrant(nodeId);
    const isInUse = grant?.state === 'armed' || this.isBeingInstalled(nodeId);
    return grant !== undefined && isInUse ? [grant.profile] : [];
  }

  grants(): Iterable<BootGrant> {
    return this.#memory.grants();
  }

  /** How long a node has for what it is at, for who explains it. */
  deadlines(node: Node) {
    return deadlinesOf(node, this.#options.settings());
  }

  statistics(): Record<string, number> {
    return { ...this.desk.counters, deadlines: this.#alarms.size };
  }

  /** What of a node's grants ends with its hardware: on disk together with the change of its record. */
  dropped(nodeId: NodeId, why: string): Accompaniment {
    // Once more in its turn: what is on its way to the disk at the same time must not stand above it, nor be overlooked.
    const committed = () => this.#fulfil(nodeId, 'the end of its grant', this.armoury.drop(nodeId, 'podboot', why));
    const grant = this.#memory.currentGrant(nodeId);
    if (grant?.state !== 'armed' && grant?.state !== 'claimed') return { changes: [], committed };
    const at = this.#options.clock.now();
    const document = ended(grant, grant.state === 'armed' ? 'revoked' : 'spent', at, why);
    return { changes: [{ put: 'document', kind: 'grant', id: grant.id, document }], committed };
  }

  /** Everything that was asked for is on disk. */
  settled(): Promise<void> {
    return this.#core.writer.settled();
  }

  emit(event: BootEvent): void {
    const { nodeId } = event.subject;
    if (nodeId === undefined) return;
    switch (event.type) {
      case 'dhcp.offer':
      case 'dhcp.nothing-to-boot':
        this.#discovered(nodeId, event.data?.stage as ClientStage);
        return;
      case 'http.script':
      case 'tftp.config':
        this.#sessions.script(nodeId);
        return;
      case 'node.enrolled':
        this.#fulfil(nodeId, 'a rule', this.armoury.followRules(nodeId));
        return;
      case 'node.removed':
        this.#sessions.forget(nodeId);
        this.desk.forget(nodeId);
        this.#fulfil(
          nodeId,
          'its end',
          this.#core.writer.write((draft) => draft.forget(nodeId)),
        );
    }
  }

  /** Its firmware asks for an address: a new boot session. */
  #discovered(nodeId: NodeId, stage: ClientStage): void {
    const node = this.#options.nodes.byId(nodeId);
    const grant = this.#memory.currentGrant(nodeId);
    const session = this.#sessions.discover(nodeId, stage, lastSessionOf(grant));
    if (node === undefined || session === undefined) return;
    const at = this.#options.clock.now();
    const life = this.life(node);
    const event = { kind: 'network-boot', at, fault: interrupted(node) } as const;
    const wasClaimed = grant?.claim !== undefined;
    if (wasClaimed) this.#alarm(node, life, grant, session);
    // In its turn, also where nothing seems to end: a ticket or a claim may be on its way to the disk at this moment.
    const mayEnd = grant?.state === 'claimed' || grant?.state === 'armed';
    if (!mayEnd && transition(life, event, this.deadlines(node)).next === life) return;
    const written = this.#core.writer.write((draft, tell) => {
      const now = grant === undefined ? undefined : draft.grant(grant.id);
      if (now?.state === 'claimed') draft.putGrant(ended(now, 'spent', at, 'its firmware asked for an address again'));
      // Whatever the state of the node is, and whether or not it gets a script this time: its older ticket ends on disk.
      if (hasTicket(now) && now.ticket.session < session) {
        draft.putGrant({ ...now, laterSession: session, version: now.version + 1 });
      }
      this.#core.happen(draft, tell, node, event);
    });
    this.#fulfil(nodeId, 'its network boot', written);
  }

  /** The worst that a boot server can do is to install again: it does not, and says what came close. */
  #alarm(node: Node, life: NodeLife, grant: BootGrant, session: number): void {
    const isUnderWay = life.state === 'installing' && life.step !== 'finished';
    const text = isUnderWay
      ? `${node.name} boots from the network again in the middle of its installation (session ${session}, claimed by ${sessionOf(grant)}): it is sent to its disk and not installed again`
      : `${node.name} (${placeText(life)}) boots from the network again after its installation: it is sent to its disk and not installed again`;
    const mend = isUnderWay
      ? `Look at its console and its timeline; if it is to be installed anew: podboot install ${node.name} --profile ${grant.profile}`
      : 'Put its disk first in the boot order if it is not meant to ask the network.';
    this.#options.events.emit({
      type: 'install.network-boot-again',
      level: 'warn',
      subject: subjectOfNode(node),
      text,
      mend,
      throttle: node.id,
      data: { session, claimedBySession: sessionOf(grant), state: life.state },
    });
  }

  #committed(draft: Draft): void {
    for (const [nodeId, life] of draft.changedLives) {
      this.#alarms.set(`life ${nodeId}`, life?.deadlineAt ?? null);
      if (life?.pending !== undefined) this.#effects.takeUp(nodeId);
      this.#proof.follow(nodeId, life);
    }
    for (const [id, grant] of draft.changedGrants) {
      this.#alarms.set(`grant ${id}`, grant === undefined ? null : this.#dueAt(grant));
    }
  }

  #dueAt(grant: BootGrant): number | null {
    if (grant.state === 'armed') return grant.expiresAt;
    if (grant.state === 'claimed' && grant.claim !== undefined) {
      return grant.claim.claimedAt + this.#options.settings().claimMs;
    }
    return null;
  }

  #ring(key: string): void {
    const [kind, id = ''] = key.split(' ');
    const grant = kind === 'grant' ? this.#memory.grant(id) : undefined;
    if (grant !== undefined) this.#fulfil(grant.nodeId, 'the end of its grant', this.#grantIsDue(grant));
    else if (kind === 'life') this.#fulfil(id, 'its deadline', this.#lifeIsDue(id));
  }

  async #grantIsDue({ id, nodeId }: BootGrant): Promise<void> {
    const node = this.#options.nodes.byId(nodeId);
    if (node === undefined) return;
    await this.#core.writer.write((draft, tell) => {
      const at = this.#options.clock.now();
      const grant = draft.grant(id);
      if (grant?.state === 'armed' && !isArmed(grant, at)) {
        draft.putGrant(ended(grant, 'expired', at, 'nobody came'));
        const text = `the boot grant of ${node.name} for ${grant.profile} expired: it did not boot from the network in time`;
        tell({
          type: 'grant.expired',
          level: 'warn',
          subject: subjectOfNode(node),
          text,
          mend: `podboot diagnose ${node.name}`,
        });
        this.#core.happen(draft, tell, node, { kind: 'grant-ended', at });
      }
      const dueAt = grant?.state === 'claimed' ? this.#dueAt(grant) : null;
      if (grant !== undefined && dueAt !== null && dueAt <= at) {
        draft.putGrant(ended(grant, 'spent', at, 'the time of its claim has passed'));
      }
    });
  }

  async #lifeIsDue(nodeId: NodeId): Promise<void> {
    const { nodes, clock, diagnose } = this.#options;
    const node = nodes.byId(nodeId);
    const late = node === undefined ? undefined : this.#memory.life(nodeId);
    if (node === undefined || late === undefined) return;
    const fault = await diagnose(node, late);
    await this.#core.writer.write((draft, tell) => {
      const life = lifeOf(draft, node);
      // It has gone on while its timeline was read.
      if (life.deadlineAt === null || life.deadlineAt > clock.now() || life.version !== late.version) return;
      const isKnown = life.fault?.code === fault.code && life.fault.text === fault.text;
      this.#core.happen(draft, isKnown ? () => {} : tell, node, { kind: 'deadline', at: clock.now(), fault });
    });
  }

  /** What nobody waits for, and what must not be lost without a word. */
  #fulfil(nodeId: NodeId, what: string, done: Promise<unknown>): void {
    done.catch((error: unknown) => {
      this.#options.events.emit({
        type: 'life.not-stored',
        level: 'error',
        subject: { nodeId },
        text: `${what} could not be put down: ${error instanceof Error ? error.message : String(error)}`,
        mend: 'Look at the disk of dataDir; podboot takes it up again with the next event of the node, or its next start.',
        throttle: nodeId,
      });
      // A deadline that was not put down comes again.
      const life = this.#memory.life(nodeId);
      if (life?.deadlineAt !== undefined && life.deadlineAt !== null) {
        this.#alarms.set(`life ${nodeId}`, Math.max(life.deadlineAt, this.#options.clock.now() + 60_000));
      }
    });
  }
}

/** One that an installer could still claim by: no later session is known to the disk. */
function hasTicket(grant: BootGrant | undefined): grant is BootGrant & { readonly ticket: GrantTicket } {
  return grant?.state === 'armed' && grant.ticket !== undefined && lastSessionOf(grant) === grant.ticket.session;
}

function interrupted(node: Node): Omit<NodeFault, 'at'> {
  return {
    code: 'rebooted-while-installing',
    text: `${node.name} booted from the network again before its installer was done`,
    mend: `Look at its console and its timeline. Its disk may be half written: podboot install ${node.name} starts anew.`,
  };
}

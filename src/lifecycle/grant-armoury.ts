import type { AnswerRenderer } from '../domain/answer-file.ts';
import type { BootGrant } from '../domain/boot-grant.ts';
import { Conflict, InvalidInput, NotFound, PodbootError } from '../domain/errors.ts';
import type { BootEvent } from '../domain/events.ts';
import type { ProfileFacts } from '../domain/install-ports.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { Clock, EventSink, NodeDirectory } from '../domain/ports.ts';
import type { ArmRule } from '../domain/settings.ts';
import { type ArmRequest, type ArmVerdict, clockText, ended, isArmed, judgeArm, newGrant } from './grant-rules.ts';
import type { LifeCore } from './life-core.ts';
import { currentGrant, type Draft, expectVersion, type LifeView, lifeOf } from './life-memory.ts';
import { subjectOfNode } from './life-words.ts';

export interface ArmouryOptions {
  readonly core: LifeCore;
  readonly nodes: NodeDirectory;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly profiles: ProfileFacts;
  readonly renderer: AnswerRenderer;
}

export interface ArmOptions extends ArmRequest {
  /** How long the grant waits; the configuration's otherwise. */
  readonly grantMs?: number;
  /** For the timeline. */
  readonly reason?: string;
  /** Of its life, where it is only meant for what was read. */
  readonly expectedVersion?: number;
}

export interface RevokeOptions {
  readonly by: string;
  readonly reason?: string;
  readonly expectedVersion?: number;
}

/** A template is tried with these before a grant is armed. No request ever carries such a token. */
const TRIAL = {
  origin: 'http://192.0.2.1',
  token: '0'.repeat(40),
  baseUrl: `http://192.0.2.1/install/${'0'.repeat(40)}/`,
  address: 0xc0000202,
};

/** Arms and revokes. */
export class GrantArmoury {
  readonly #options: ArmouryOptions;

  constructor(options: ArmouryOptions) {
    this.#options = options;
  }

  /** What arming the node would come to; its answer files are made on trial. */
  judge(node: Node, request: ArmRequest): ArmVerdict {
    const verdict = this.#judgeIn(this.#options.core.memory, node, request);
    return verdict.verdict === 'arm' ? (this.#trial(node, request.profile) ?? verdict) : verdict;
  }

  /**
   * On disk when it resolves. Armed twice by the same for the same: the grant that there is.
   * @throws Conflict with who has armed it; VersionMismatch; InvalidInput where it can't be armed for the profile, with the template's place
   */
  async arm(node: Node, request: ArmOptions): Promise<BootGrant> {
    const { core, clock } = this.#options;
    const trial = this.judge(node, request);
    if (trial.verdict === 'refuse') throw refusal(trial);
    return await core.writer.write((draft, tell) => {
      expectVersion(node, lifeOf(draft, node), request.expectedVersion);
      // Of two that arm it at the same time, the second finds the first one's grant here.
      const verdict = this.#judgeIn(draft, node, request);
      if (verdict.verdict === 'refuse') throw refusal(verdict);
      if (verdict.verdict === 'already') return verdict.grant;
      const now = clock.now();
      const before = currentGrant(draft, node.id);
      if (before?.state === 'claimed') draft.putGrant(ended(before, 'spent', now, 'another one was armed'));
      if (before?.state === 'armed') draft.putGrant(ended(before, 'expired', now, 'nobody came'));
      const grantMs = request.grantMs ?? core.settings().grantMs;
      const grant = newGrant({ node, profile: request.profile, by: request.by, now, grantMs });
      draft.putGrant(grant);
      const reason = request.reason === undefined ? {} : { reason: request.reason };
      const why = request.reason === undefined ? '' : `: ${request.reason}`;
      tell({
        type: 'grant.armed',
        level: 'info',
        subject: subjectOfNode(node),
        text: `${node.name} is armed for ${grant.profile} by ${grant.armedBy}, until ${clockText(grant.expiresAt)}${why}`,
        data: { profile: grant.profile, by: grant.armedBy, grant: grant.id },
      });
      core.happen(draft, tell, node, { kind: 'armed', at: now, by: request.by, ...reason });
      return grant;
    });
  }

  /**
   * Takes back what is armed; gives up what is claimed: its installer gets no answer file any more.
   * @throws NotFound where there is nothing to take back, VersionMismatch
   */
  revoke(node: Node, options: RevokeOptions): Promise<BootGrant> {
    return this.#options.core.writer.write((draft, tell) => this.#revokeIn(draft, tell, node, options));
  }

  /** Whatever is armed or claimed of a node whose hardware was replaced. */
  async drop(nodeId: NodeId, by: string, why: string): Promise<void> {
    const node = this.#options.nodes.byId(nodeId);
    if (node === undefined) return;
    await this.#options.core.writer.write((draft, tell) => {
      // In its turn: one that was just on its way to the disk was armed for the hardware that is gone.
      const state = currentGrant(draft, nodeId)?.state;
      if (state === 'armed' || state === 'claimed') this.#revokeIn(draft, tell, node, { by, reason: why });
    });
  }

  /** The first of the operator's rules that fits a node that was just enrolled. */
  async followRules(nodeId: NodeId): Promise<void> {
    const { nodes, core, events } = this.#options;
    const node = nodes.byId(nodeId);
    const rule = node === undefined ? undefined : core.settings().rules.find((each) => fits(each, node));
    if (node === undefined || rule === undefined || core.memory.grantsOf(nodeId).length > 0) return;
    try {
      await this.arm(node, { profile: rule.profile, by: `rule ${rule.name}`, explicit: false });
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      const mend = error.mend === undefined ? {} : { mend: error.mend };
      const text = `rule ${rule.name} could not arm ${node.name}: ${error.message}`;
      events.emit({ type: 'grant.rule-failed', level: 'warn', subject: subjectOfNode(node), text, ...mend });
    }
  }

  #revokeIn(
    draft: Draft,
    tell: (event: BootEvent) => void,
    node: Node,
    { by, reason, expectedVersion }: RevokeOptions,
  ): BootGrant {
    const { core, clock } = this.#options;
    expectVersion(node, lifeOf(draft, node), expectedVersion);
    const now = clock.now();
    const grant = currentGrant(draft, node.id);
    const words = `revoked by ${by}${reason === undefined ? '' : `: ${reason}`}`;
    if (grant?.state === 'armed') {
      const revoked = ended(grant, isArmed(grant, now) ? 'revoked' : 'expired', now, words);
      draft.putGrant(revoked);
      const text = `the boot grant of ${node.name} for ${grant.profile} is ${words}`;
      tell({
        type: 'grant.revoked',
        level: 'info',
        subject: subjectOfNode(node),
        text,
        data: { by, grant: grant.id },
      });
      core.happen(draft, tell, node, { kind: 'grant-ended', at: now, by });
      return revoked;
    }
    const life = lifeOf(draft, node);
    const isUnderWay = life.state === 'installing' && life.step !== 'finished';
    if (grant === undefined || (grant.state !== 'claimed' && !isUnderWay)) {
      throw new NotFound(`${node.name} has no boot grant to revoke.`, `podboot grants ${node.name} shows what it had.`);
    }
    const spent = grant.state === 'claimed' ? ended(grant, 'spent', now, `given up, ${words}`) : grant;
    if (spent !== grant) draft.putGrant(spent);
    const fault = {
      code: 'given-up',
      text: `its installation was given up by ${by}`,
      mend: `podboot install ${node.name} starts anew; the disk may be half written.`,
    };
    core.happen(draft, tell, node, { kind: 'installer-failed', at: now, by, fault });
    return spent;
  }

  #judgeIn(view: LifeView, node: Node, request: ArmRequest): ArmVerdict {
    const { clock, profiles } = this.#options;
    const fact = profiles.profile(request.profile);
    return judgeArm(node, lifeOf(view, node), currentGrant(view, node.id), fact, request, clock.now());
  }

  #trial(node: Node, profile: string): ArmVerdict | undefined {
    try {
      this.#options.renderer.render(node, profile, TRIAL);
      return undefined;
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      const problems = error instanceof InvalidInput ? error.problems : [];
      // The first is in the message as a rule.
      const others = problems.filter(({ message }) => !error.message.includes(message));
      const where = others.map(
        ({ path, line, message }) => `${path}${line === undefined ? '' : `:${line}`}: ${message}`,
      );
      const text = [`the answer files of ${node.name} can't be made: ${error.message}`, ...where].join('; ');
      return {
        verdict: 'refuse',
        code: 'template',
        text,
        mend: error.mend ?? `podboot render ${node.name} shows where.`,
      };
    }
  }
}

function refusal({ code, text, mend }: Extract<ArmVerdict, { verdict: 'refuse' }>): PodbootError {
  const isTaken = ['armed-already', 'installing', 'handing-off', 'maintenance', 'retired'].includes(code);
  return isTaken ? new Conflict(text, [], mend) : new InvalidInput(text, [], mend);
}

function fits(rule: ArmRule, node: Node): boolean {
  const has = (wanted: readonly string[], values: readonly (string | undefined)[]) =>
    wanted.length === 0 || wanted.some((each) => values.includes(each));
  return has(rule.roles, node.roles) && has(rule.racks, [node.rack]) && has(rule.groups, [node.group]);
}

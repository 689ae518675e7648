import type { AnswerContext, AnswerFile, AnswerRenderer } from '../domain/answer-file.ts';
import type { BootGrant, GrantClaim, GrantTicket } from '../domain/boot-grant.ts';
import { AccessDenied, NotFound, PodbootError } from '../domain/errors.ts';
import type { BootEvent, EventSubject } from '../domain/events.ts';
import {
  type AnswerTickets,
  type CallbackKind,
  type InstallDesk,
  type InstallRequest,
  type ProfileFacts,
  TooManyRequests,
} from '../domain/install-ports.ts';
import { formatIpv4, type Ipv4 } from '../domain/ipv4.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { Clock, EventSink, NodeDirectory } from '../domain/ports.ts';
import { RequestBudget } from '../domain/request-budget.ts';
import { AnswerCache } from './answer-cache.ts';
import type { BootSessions } from './boot-sessions.ts';
import { callbackEffect } from './grant-callbacks.ts';
import { type Circumstances, judgeAnswerRequest, judgeCallback, type Refusal } from './grant-requests.ts';
import { hashOfAnswers, hashOfToken, isArmed, lastSessionOf, newToken, sessionOf } from './grant-rules.ts';
import type { LifeCore } from './life-core.ts';
import { currentGrant, type Draft, type LifeView, lifeOf } from './life-memory.ts';
import { subjectOfNode } from './life-words.ts';

export interface GrantDeskOptions {
  readonly core: LifeCore;
  readonly nodes: NodeDirectory;
  readonly sessions: BootSessions;
  readonly renderer: AnswerRenderer;
  readonly profiles: ProfileFacts;
  readonly clock: Clock;
  readonly events: EventSink;
  /** Who has an address, as far as leases and reservations tell. */
  readonly subjectAt: (address: Ipv4) => EventSubject;
}

/** The token of a ticket whose session may ask for its boot script again; the store has only its hash. */
interface KnownToken {
  readonly grantId: string;
  readonly session: number;
  readonly address: Ipv4;
  readonly token: string;
}

type Tell = (event: BootEvent) => void;

/** More than a whole rack that asks again and again behind one router. */
const PER_ADDRESS = { burst: 120, perSecond: 10, maxKeys: 8_192 };
/** An address that guesses is no installer. */
const REFUSED = { burst: 20, perSecond: 0.2, maxKeys: 8_192 };

/** Where installers get their answer files and tell how they get on. What it promises is on disk before it is said. */
export class GrantDesk implements InstallDesk, AnswerTickets {
  readonly #options: GrantDeskOptions;
  readonly #tokens = new Map<NodeId, KnownToken>();
  readonly #answers = new AnswerCache();
  readonly #budget: RequestBudget<Ipv4>;
  readonly #guesses: RequestBudget<Ipv4>;
  readonly #logLines: RequestBudget<NodeId>;
  readonly counters: Record<string, number> = { tickets: 0, claims: 0, answers: 0, callbacks: 0, refused: 0 };

  constructor(options: GrantDeskOptions) {
    this.#options = options;
    this.#budget = new RequestBudget(options.clock, PER_ADDRESS);
    this.#guesses = new RequestBudget(options.clock, REFUSED);
    this.#logLines = new RequestBudget(options.clock, { burst: 60, perSecond: 0.5, maxKeys: 8_192 });
  }

  async ticket(nodeId: NodeId, address: Ipv4, origin: string): Promise<AnswerContext> {
    const { core, clock } = this.#options;
    const known = this.#knownToken(core.memory, nodeId, address);
    if (known !== undefined) return contextOf(known.token, address, origin);
    const token = newToken();
    const tokenHash = hashOfToken(token);
    const made = await core.writer.write((draft): KnownToken => {
      // Asked for twice at the same time: both get the first one.
      const earlier = this.#knownToken(draft, nodeId, address);
      if (earlier !== undefined) return earlier;
      const grant = this.#armed(draft, nodeId);
      const session = this.#sessionOf(nodeId, grant);
      const ticket: GrantTicket = { session, at: clock.now(), address, tokenHash };
      draft.putGrant({ ...grant, ticket, version: grant.version + 1 });
      const fresh = { grantId: grant.id, session, address, token };
      this.#tokens.set(nodeId, fresh);
      return fresh;
    });
    this.counters.tickets = (this.counters.tickets ?? 0) + 1;
    return contextOf(made.token, address, origin);
  }

  async claimByScript(nodeId: NodeId, answers: AnswerContext): Promise<void> {
    const { core, nodes, renderer } = this.#options;
    const node = nodes.byId(nodeId);
    if (node === undefined) throw new AccessDenied('there is no such node');
    const files = renderer.render(node, this.#armed(core.memory, nodeId).profile, answers);
    await core.writer.write((draft, tell) => {
      const grant = this.#armed(draft, nodeId);
      const isIts = grant.ticket?.tokenHash === hashOfToken(answers.token);
      if (!isIts || grant.ticket?.session !== this.#sessionOf(nodeId, grant)) {
        throw new AccessDenied('its firmware has asked for an address again meanwhile');
      }
      this.#claim(draft, tell, node, grant, hashOfAnswers(files));
    });
  }

  async answerFile(request: InstallRequest, name: string): Promise<AnswerFile> {
    const { core } = this.#options;
    const { grant, node } = this.#find(request, name);
    const refusal = this.#judgeAnswer(core.memory, grant, node, request);
    if (refusal !== undefined) this.#refuse(request, node, `the answer file ${plainName(name)}`, refusal);
    const context = contextOf(request.token, request.peer, request.origin);
    const files = this.#files(grant, node, context);
    const file = files.find((each) => each.name === name);
    if (file === undefined) return this.#unknown(request, node, grant, name);
    const hash = hashOfAnswers(files);
    // On disk before the first byte leaves: whatever ends this process now, no other session gets it.
    const claimed = grant.claim ?? (await this.#claimInTurn(request, node, grant.id, hash)).claim;
    if (claimed?.answersHash !== hash) this.#changed(node, name);
    this.#answers.put(grant.id, files);
    this.counters.answers = (this.counters.answers ?? 0) + 1;
    this.#options.events.emit({
      type: 'install.answer',
      level: 'info',
      subject: { ...subjectOfNode(node), address: request.peer },
      text: `${node.name} got ${name} of ${grant.profile}`,
      throttle: `${node.id} ${name}`,
      data: { file: name, profile: grant.profile, session: sessionOf(grant) },
    });
    return file;
  }

  async callback(request: InstallRequest, kind: CallbackKind, text: string): Promise<void> {
    const { core, clock, profiles } = this.#options;
    const { grant, node } = this.#find(request, kind);
    const isOwnAddress = this.#options.subjectAt(request.peer).nodeId === node.id;
    const judge = (view: LifeView, now: BootGrant) =>
      judgeCallback(now, lifeOf(view, node), kind, this.#circumstances(view, now, request), isOwnAddress);
    const refusal = judge(core.memory, grant);
    if (refusal !== undefined) this.#refuse(request, node, `the callback ${kind}`, refusal);
    this.counters.callbacks = (this.counters.callbacks ?? 0) + 1;
    const effect = callbackEffect(kind, text, {
      node,
      now: clock.now(),
      switchesOff: profiles.profile(grant.profile)?.switchesOff ?? false,
      mayTell: () => this.#logLines.take(node.id),
    });
    if (effect.isQuiet) {
      for (const event of effect.events) this.#options.events.emit(event);
      if (effect.life === undefined) return;
    }
    await core.writer.write((draft, tell) => {
      const now = draft.grant(grant.id);
      // Two callbacks in one turn: the second is judged by what the first did.
      if (now === undefined || judge(draft, now) !== undefined) return;
      if (!effect.isQuiet) for (const event of effect.events) tell(event);
      effect.apply(core, draft, tell, now);
    });
    if (core.memory.grant(grant.id)?.state !== 'claimed') this.#answers.drop(grant.id);
  }

  /** What is kept in memory of a node's grant that has ended. */
  forget(nodeId: NodeId): void {
    const known = this.#tokens.get(nodeId);
    if (known !== undefined) this.#answers.drop(known.grantId);
    this.#tokens.delete(nodeId);
  }

  #knownToken(view: LifeView, nodeId: NodeId, address: Ipv4): KnownToken | undefined {
    const known = this.#tokens.get(nodeId);
    const grant = currentGrant(view, nodeId);
    if (known === undefined || grant === undefined || known.grantId !== grant.id || known.address !== address) return;
    if (grant.state !== 'armed' || grant.ticket?.tokenHash !== hashOfToken(known.token)) return;
    return known.session === this.#sessionOf(nodeId, grant) ? known : undefined;
  }

  /** @throws AccessDenied */
  #armed(view: LifeView, nodeId: NodeId): BootGrant {
    const grant = currentGrant(view, nodeId);
    const life = view.life(nodeId);
    const leftAlone = life?.state === 'maintenance' || life?.state === 'retired';
    if (grant === undefined || leftAlone || !isArmed(grant, this.#options.clock.now())) {
      throw new AccessDenied('its boot grant is not armed any more');
    }
    return grant;
  }

  #sessionOf(nodeId: NodeId, grant: BootGrant | undefined): number {
    return this.#options.sessions.current(nodeId, lastSessionOf(grant));
  }

  #circumstances(view: LifeView, grant: BootGrant, { peer }: InstallRequest): Circumstances {
    const { core, clock } = this.#options;
    return {
      now: clock.now(),
      peer,
      session: this.#sessionOf(grant.nodeId, grant),
      claimMs: core.settings().claimMs,
      isCurrent: view.grantsOf(grant.nodeId).at(-1) === grant.id,
    };
  }

  #judgeAnswer(view: LifeView, grant: BootGrant, node: Node, request: InstallRequest): Refusal | undefined {
    return judgeAnswerRequest(grant, lifeOf(view, node), this.#circumstances(view, grant, request));
  }

  /** @throws TooManyRequests; AccessDenied for a token that nobody was given */
  #find(request: InstallRequest, what: string): { readonly grant: BootGrant; readonly node: Node } {
    if (!this.#budget.take(request.peer)) throw new TooManyRequests('too many requests from this address');
    const grant = this.#options.core.memory.grantByToken(hashOfToken(request.token));
    const node = grant === undefined ? undefined : this.#options.nodes.byId(grant.nodeId);
    if (grant === undefined || node === undefined) {
      const refusal: Refusal = { code: 'unknown-token', text: 'nobody was given this token' };
      return this.#refuse(request, undefined, plainName(what), refusal);
    }
    return { grant, node };
  }

  /** Renders again what is not in memory. @throws InvalidInput: a template; the grant stays as it is */
  #files(grant: BootGrant, node: Node, context: AnswerContext): readonly AnswerFile[] {
    const cached = grant.claim === undefined ? undefined : this.#answers.get(grant.id);
    if (cached !== undefined) return cached;
    try {
      return this.#options.renderer.render(node, grant.profile, context);
    } catch (error) {
      this.#options.events.emit({
        type: 'install.unrenderable',
        level: 'error',
        subject: subjectOfNode(node),
        text: `the answer files of ${node.name} could not be made: ${error instanceof Error ? error.message : String(error)}`,
        mend: (error instanceof PodbootError ? error.mend : undefined) ?? `podboot render ${node.name} shows where.`,
        throttle: node.id,
      });
      throw error;
    }
  }

  #claimInTurn(request: InstallRequest, node: Node, grantId: string, hash: string): Promise<BootGrant> {
    return this.#options.core.writer.write((draft, tell) => {
      const grant = draft.grant(grantId);
      const refusal =
        grant === undefined
          ? ({ code: 'ended', text: 'the grant is gone' } as const)
          : this.#judgeAnswer(draft, grant, node, request);
      if (grant === undefined || refusal !== undefined) {
        return this.#refuse(request, node, 'an answer file', refusal as Refusal);
      }
      return grant.claim === undefined ? this.#claim(draft, tell, node, grant, hash) : grant;
    });
  }

  #claim(draft: Draft, tell: Tell, node: Node, grant: BootGrant, answersHash: string): BootGrant {
    const now = this.#options.clock.now();
    const claim: GrantClaim = { ...(grant.ticket as GrantTicket), claimedAt: now, answersHash };
    const claimed: BootGrant = { ...grant, state: 'claimed', claim, version: grant.version + 1 };
    draft.putGrant(claimed);
    this.#options.core.happen(draft, tell, node, { kind: 'claimed', at: now });
    this.counters.claims = (this.counters.claims ?? 0) + 1;
    return claimed;
  }

  /** cloud-init asks for files that need not be there; an installer that asks for nothing else has wrong kernel arguments. */
  #unknown(request: InstallRequest, node: Node, grant: BootGrant, name: string): never {
    this.#options.events.emit({
      type: 'install.no-such-file',
      level: 'info',
      subject: { ...subjectOfNode(node), address: request.peer },
      text: `${node.name} asked for ${plainName(name)}, and ${grant.profile} has no answer file of this name`,
      throttle: `${node.id} ${plainName(name)}`,
      data: { file: plainName(name), profile: grant.profile },
    });
    throw new NotFound(`${node.name} has no answer file of this name`);
  }

  #changed(node: Node, name: string): never {
    this.#options.events.emit({
      type: 'install.answers-changed',
      level: 'warn',
      subject: subjectOfNode(node),
      text: `${node.name} asked again for ${plainName(name)}, and its profile or its record has changed since the first time`,
      mend: `Let the installation end, or start it anew: podboot revoke ${node.name}, podboot install ${node.name}.`,
      throttle: node.id,
    });
    throw new AccessDenied('the answer files have changed since the first of them was fetched');
  }

  #refuse(request: InstallRequest, node: Node | undefined, what: string, { code, text }: Refusal): never {
    this.counters.refused = (this.counters.refused ?? 0) + 1;
    this.counters[`refused.${code}`] = (this.counters[`refused.${code}`] ?? 0) + 1;
    const asks = this.#options.subjectAt(request.peer);
    const tell = (subject: EventSubject, words: string) =>
      this.#options.events.emit({
        type: 'install.refused',
        level: 'warn',
        subject,
        text: words,
        throttle: `${code} ${formatIpv4(request.peer)}`,
        data: { reason: code },
      });
    const address = formatIpv4(request.peer);
    if (node !== undefined) {
      tell(
        { ...subjectOfNode(node), address: request.peer },
        `${node.name}: ${what} was refused to ${address}: ${text}`,
      );
    }
    if (node === undefined || (asks.nodeId !== undefined && asks.nodeId !== node.id)) {
      const whose = node === undefined ? '' : ` of ${node.name}`;
      tell({ ...asks, address: request.peer }, `${address} was refused ${what}${whose}: ${text}`);
    }
    if (!this.#guesses.take(request.peer)) throw new TooManyRequests('too many refused requests from this address');
    throw new AccessDenied(text);
  }
}

function contextOf(token: string, address: Ipv4, origin: string): AnswerContext {
  return { origin, token, baseUrl: `${origin}/install/${token}/`, address };
}

/** A stranger may ask for any name. */
function plainName(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, '?');
  return plain.length > 64 ? `${plain.slice(0, 64)}…` : plain;
}

import type { BootGrant } from '../domain/boot-grant.ts';
import type { BootEvent } from '../domain/events.ts';
import type { CallbackKind } from '../domain/install-ports.ts';
import type { Node } from '../domain/node.ts';
import { hostKeysIn, wordsOf } from './grant-requests.ts';
import { ended, newGrant } from './grant-rules.ts';
import type { LifeCore } from './life-core.ts';
import type { LifeEvent } from './life-events.ts';
import { type Draft, lifeOf } from './life-memory.ts';
import { subjectOfNode } from './life-words.ts';

export interface CallbackCircumstances {
  readonly node: Node;
  readonly now: number;
  readonly switchesOff: boolean;
  /** Takes one of the node's lines of log; false: there were too many. */
  readonly mayTell: () => boolean;
}

/** What a callback does. Quiet: it only speaks, and need not wait for the disk. */
export interface CallbackEffect {
  readonly isQuiet: boolean;
  readonly events: readonly BootEvent[];
  readonly life?: LifeEvent;
  apply(core: LifeCore, draft: Draft, tell: (event: BootEvent) => void, grant: BootGrant): void;
}

/** What the installer's words mean. Pure but for `mayTell`. */
export function callbackEffect(kind: CallbackKind, text: string, given: CallbackCircumstances): CallbackEffect {
  const { node, now } = given;
  const events = eventsOf(kind, text, given);
  const life = lifeEventOf(kind, text, given);
  return {
    isQuiet: kind === 'log' || kind === 'progress',
    events,
    ...(life === undefined ? {} : { life }),
    apply(core, draft, tell, grant) {
      const usable = claimedBy(core, draft, tell, node, grant, kind, now);
      const spent = spentBy(usable, kind, now);
      if (spent !== undefined) draft.putGrant(spent);
      if (life === undefined) return;
      const again = kind === 'failed' ? retryOf(core, draft, node, spent ?? usable, now) : undefined;
      if (again !== undefined) draft.putGrant(again);
      core.happen(draft, tell, node, again === undefined ? life : { ...life, armed: true });
    },
  };
}

/** An installer that runs without ever having asked for an answer file has the disk in its hands all the same. */
function claimedBy(
  core: LifeCore,
  draft: Draft,
  tell: (event: BootEvent) => void,
  node: Node,
  grant: BootGrant,
  kind: CallbackKind,
  now: number,
): BootGrant {
  if (grant.state !== 'armed' || kind !== 'started' || grant.ticket === undefined) return grant;
  const claim = { ...grant.ticket, claimedAt: now, answersHash: '' };
  core.happen(draft, tell, node, { kind: 'claimed', at: now });
  return { ...grant, state: 'claimed', claim, version: grant.version + 1 };
}

const SPENDS: Readonly<Partial<Record<CallbackKind, string>>> = {
  started: 'the installer started',
  finished: 'the installer finished',
  failed: 'the installer failed',
  booted: 'the system answered from the disk',
};

function spentBy(grant: BootGrant, kind: CallbackKind, now: number): BootGrant | undefined {
  const why = SPENDS[kind];
  return grant.state === 'claimed' && why !== undefined ? ended(grant, 'spent', now, why) : undefined;
}

/** The operator's retry policy: another grant, as often as it says. Before the claim the grant is still there. */
function retryOf(core: LifeCore, draft: Draft, node: Node, grant: BootGrant, now: number): BootGrant | undefined {
  const { retries, grantMs } = core.settings();
  const life = lifeOf(draft, node);
  const failed = grant.state === 'spent' && life.state === 'installing' && life.step !== 'finished';
  if (!failed || grant.attempt > retries) return undefined;
  return newGrant({ node, profile: grant.profile, by: grant.armedBy, now, grantMs, attempt: grant.attempt + 1 });
}

function lifeEventOf(
  kind: CallbackKind,
  text: string,
  { now, switchesOff }: CallbackCircumstances,
): LifeEvent | undefined {
  const keys = kind === 'finished' || kind === 'booted' ? hostKeysIn(text) : [];
  const hostKeys = keys.length === 0 ? {} : { hostKeys: keys };
  switch (kind) {
    case 'started':
      return { kind: 'installer-started', at: now };
    case 'progress':
      return { kind: 'installer-progress', at: now };
    case 'log':
      return undefined;
    case 'finished':
      return { kind: 'installer-finished', at: now, switchesOff, ...hostKeys };
    case 'failed':
      return { kind: 'installer-failed', at: now, fault: failure(text) };
    case 'booted':
      return { kind: 'os-answered', at: now, ...hostKeys };
  }
}

function failure(text: string) {
  const words = wordsOf(text, 3).join(' / ');
  return {
    code: 'installer-failed',
    text: `the installer failed${words === '' ? '' : `: ${words}`}`,
    mend: 'Look at the lines of its log in the timeline and at its console; an installation that had begun needs a new grant.',
  };
}

function eventsOf(kind: CallbackKind, text: string, { node, mayTell }: CallbackCircumstances): BootEvent[] {
  if (kind !== 'log' && kind !== 'progress') return [];
  const lines = wordsOf(text, kind === 'progress' ? 1 : undefined);
  return lines.flatMap((line) =>
    mayTell()
      ? [
          {
            type: kind === 'log' ? 'installer.log' : 'installer.progress',
            level: 'info',
            subject: subjectOfNode(node),
            text: `${node.name}: ${line}`,
          } as const,
        ]
      : [],
  );
}

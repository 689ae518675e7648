import type { AnswerRenderer } from '../domain/answer-file.ts';
import type { EventSubject } from '../domain/events.ts';
import type {
  AnswerTickets,
  EffectPort,
  GrantDirectory,
  HostKeyProbe,
  InstallDesk,
  ProfileFact,
} from '../domain/install-ports.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { Node } from '../domain/node.ts';
import type { NodeLife } from '../domain/node-life.ts';
import type { Clock, EventSink, NodeDirectory, StoreSnapshot } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import { DAEMON_OWNER, ownersOfNode, type StoredEvent } from '../domain/stored-event.ts';
import { diagnose } from '../lifecycle/diagnosis/diagnose.ts';
import type { Diagnosis } from '../lifecycle/diagnosis/diagnosis-evidence.ts';
import { LifeBook } from '../lifecycle/life-book.ts';
import type { Timeline } from '../lifecycle/timeline.ts';
import { profileKind } from '../profiles/registry.ts';
import { mediumObstacle } from '../services/boot/medium-obstacle.ts';

/** Of a node's timeline, and of the daemon's: a boot has some 30 steps. */
const NEWEST = 2_000;

export interface LifecycleParts {
  readonly documents: StoreSnapshot['documents'];
  readonly nodes: NodeDirectory;
  /** What hears of a life's changes once they are on disk and in the timeline. */
  readonly told: EventSink;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly timeline: Timeline;
  /** In force at that moment. */
  readonly settings: () => Settings;
  readonly renderer: AnswerRenderer;
  /** Who can power machines, change their boot order, take them over. */
  readonly effects: readonly EffectPort[];
  readonly hostKeyProbe: HostKeyProbe;
  readonly subjectAt: (address: Ipv4) => EventSubject;
}

export interface Lifecycle {
  readonly book: LifeBook;
  /** What the boot service asks. */
  readonly forBoot: GrantDirectory & AnswerTickets & InstallDesk;
  diagnosisOf(node: Node): Promise<Diagnosis>;
}

/** The lives of the nodes, with what they need of the other rooms. */
export function createLifecycle(parts: LifecycleParts): Lifecycle {
  const { timeline, clock, settings } = parts;

  async function diagnosisIn(node: Node, life: NodeLife): Promise<Diagnosis> {
    const [entries, daemon] = await Promise.all([
      newest(timeline, ownersOfNode(node), life, clock),
      newest(timeline, [DAEMON_OWNER], life, clock),
    ]);
    const grant = book.grantsOf(node.id).at(-1);
    return diagnose({ node, life, grant, entries, daemon, now: clock.now() });
  }

  const book: LifeBook = new LifeBook({
    documents: parts.documents,
    nodes: parts.nodes,
    commit: (batch, told) => timeline.commit(batch, told),
    told: parts.told,
    clock,
    events: parts.events,
    settings: () => settings().lifecycle,
    profiles: { profile: (name) => profileFact(name, settings()) },
    renderer: parts.renderer,
    effects: parts.effects,
    hostKeyProbe: parts.hostKeyProbe,
    subjectAt: parts.subjectAt,
    diagnose: async (node, life) => {
      const { code, text, mend } = await diagnosisIn(node, life);
      return { code, text, mend };
    },
  });
  const { desk } = book;
  return {
    book,
    forBoot: {
      standing: (nodeId) => book.standing(nodeId),
      ticket: (nodeId, address, origin) => desk.ticket(nodeId, address, origin),
      claimByScript: (nodeId, answers) => desk.claimByScript(nodeId, answers),
      answerFile: (request, name) => desk.answerFile(request, name),
      callback: (request, kind, text) => desk.callback(request, kind, text),
    },
    diagnosisOf: (node) => diagnosisIn(node, book.life(node)),
  };
}

/** What happened since a day before the node came to where it is: page by page, the newest kept. */
async function newest(
  timeline: Timeline,
  owners: Parameters<Timeline['read']>[0]['owners'],
  life: NodeLife,
  clock: Clock,
): Promise<readonly StoredEvent[]> {
  const since = Math.max(life.since - 86_400_000, clock.now() - 14 * 86_400_000);
  let after = await timeline.sequenceBefore(since);
  let entries: StoredEvent[] = [];
  for (;;) {
    const page = await timeline.read({ ...(owners === undefined ? {} : { owners }), after, limit: 1_000 });
    entries = [...entries, ...page.entries].slice(-NEWEST);
    if (page.upTo >= page.last || page.upTo <= after) return entries;
    after = page.upTo;
  }
}

function profileFact(name: string, { boot }: Settings): ProfileFact | undefined {
  const profile = boot.profiles.get(name);
  const kind = profile === undefined ? undefined : profileKind(profile.kind);
  if (profile === undefined || kind === undefined) return undefined;
  const problem = mediumObstacle(profile, { stage: 'pxe' })?.text ?? kind.validate(profile)[0]?.message;
  return {
    destructive: kind.destructive(profile),
    ...(problem === undefined ? {} : { problem }),
    // DGX OS 5's installer ends in a machine that is off.
    switchesOff: /(^|\s)offwhendone(\s|$)/.test(profile.arguments),
  };
}

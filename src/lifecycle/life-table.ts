import type { EffectKind, LifeStep, NodeLife, NodeState } from '../domain/node-life.ts';
import type { LifeEvent, LifeEventKind } from './life-events.ts';

/** A condition, with its words for the diagram. */
export interface Condition {
  readonly text: string;
  readonly holds: (life: NodeLife, event: LifeEvent) => boolean;
}

/** One thing that may come of an event. What it does not name stays as it is. */
export interface Move {
  /** The first move whose condition holds is made; none: nothing changes. */
  readonly when?: Condition;
  /** `before`: where it was before maintenance. `resting`: where it was before it was armed. */
  readonly to?: NodeState | 'before' | 'resting';
  readonly step?: LifeStep;
  /** `set`: the one that the event tells. A change of state clears it otherwise. */
  readonly fault?: 'set' | 'clear';
  readonly effects?: readonly EffectKind[];
  /** The deadline of the state begins anew, as it does with a change of state or step. */
  readonly patience?: true;
  /** In maintenance: where the node will come back to. */
  readonly before?: NodeState;
}

/** Nothing: it comes late, twice, or means nothing here. */
const NOTHING: readonly Move[] = [];

const whenStep = (step: LifeStep): Condition => ({ text: `step ${step}`, holds: (life) => life.step === step });
const FIRST_SEEN: Condition = {
  text: 'not seen before, or after a fault',
  holds: (life) => life.step !== 'seen' || life.fault !== undefined,
};
const NOT_FINISHED: Condition = { text: 'not finished', holds: (life) => life.step !== 'finished' };
/** A machine that reboots because its installer failed has told the better reason already. */
const SAID_WHY = /^(installer-(failed|no-disk|mirror|clock)|given-up)$/;
const INTERRUPTED: Condition = {
  text: 'not finished, and nobody has said before why it ended',
  holds: (life) => life.step !== 'finished' && !SAID_WHY.test(life.fault?.code ?? ''),
};
const RETRIED: Condition = {
  text: 'not finished, and armed again by the retry policy',
  holds: (life, event) => event.armed === true && life.step !== 'finished',
};
const FAULTY: Condition = { text: 'with a fault', holds: (life) => life.fault !== undefined };
const SWITCHES_OFF: Condition = {
  text: 'not finished; it switches itself off',
  holds: (life, event) => event.switchesOff === true && life.step !== 'finished',
};
const HANDED_OFF_ELSEWHERE: Condition = {
  text: 'the hand-off is still to be done',
  holds: (life) => life.pending?.includes('hand-off') === true,
};
const WAS_STARTING: Condition = {
  text: 'it was being started, and is armed',
  holds: (life, event) => (life.before === 'powering' || life.before === 'booting') && event.armed === true,
};
const WAS_STARTING_UNARMED: Condition = {
  text: 'it was being started, and is armed no more',
  holds: (life) => life.before === 'powering' || life.before === 'booting',
};
const WAS_HANDING_OFF: Condition = { text: 'it was handed over', holds: (life) => life.before === 'handing-off' };
const WAS_INSTALLING: Condition = { text: 'it was installing', holds: (life) => life.before === 'installing' };
/** What an installer says of an installation that goes on in maintenance, where the same would count outside of it. */
const wasInstalling = (also: Condition): Condition => ({
  text: `it was installing, and ${also.text}`,
  holds: (life, event) => life.before === 'installing' && also.holds(life, event),
});

const START: readonly Move[] = [{ to: 'powering', effects: ['network-boot'] }];
const CLAIM: readonly Move[] = [{ to: 'installing', step: 'claimed' }];
const MAINTENANCE: readonly Move[] = [{ to: 'maintenance' }];
const RETIRE: readonly Move[] = [{ to: 'retired' }];
const CLEAR: readonly Move[] = [{ when: FAULTY, fault: 'clear', patience: true }];
const FAIL: readonly Move[] = [{ fault: 'set' }];
/** The fault is told, and the next deadline begins: a node that stays stuck is looked at again. */
const MISSED: readonly Move[] = [{ fault: 'set', patience: true }];
const READY: readonly Move[] = [{ to: 'ready' }];

type Row = Readonly<Record<LifeEventKind, readonly Move[]>>;

/** What each state makes of what it does not name. Whatever a machine says late changes nothing. */
const IGNORES: Row = {
  armed: NOTHING,
  'grant-ended': NOTHING,
  'powered-on': NOTHING,
  'power-by-hand': NOTHING,
  'power-failed': NOTHING,
  'network-boot': NOTHING,
  claimed: NOTHING,
  'installer-started': NOTHING,
  'installer-progress': NOTHING,
  'installer-finished': NOTHING,
  'installer-failed': NOTHING,
  'os-answered': NOTHING,
  'hand-off-started': NOTHING,
  'hand-off-done': NOTHING,
  'hand-off-failed': NOTHING,
  'maintenance-entered': NOTHING,
  'maintenance-left': NOTHING,
  retired: NOTHING,
  reinstated: NOTHING,
  'made-ready': NOTHING,
  'fault-cleared': NOTHING,
  deadline: NOTHING,
};

/** Wherever it is, as long as it is ours to run. */
const ALIVE = {
  armed: START,
  claimed: CLAIM,
  'maintenance-entered': MAINTENANCE,
  retired: RETIRE,
  'fault-cleared': CLEAR,
} as const;

/** States × events. Every pair has an answer; docs/lifecycle.md is made of it. */
export const LIFE_TABLE: Readonly<Record<NodeState, Row>> = {
  enrolled: { ...IGNORES, ...ALIVE, 'made-ready': READY },
  powering: {
    ...IGNORES,
    ...ALIVE,
    'grant-ended': [{ to: 'resting' }],
    'powered-on': [{ to: 'booting', step: 'waiting' }],
    'power-by-hand': [{ to: 'booting', step: 'waiting' }],
    'power-failed': FAIL,
    'network-boot': [{ to: 'booting', step: 'seen' }],
    'installer-failed': FAIL,
    deadline: MISSED,
  },
  booting: {
    ...IGNORES,
    ...ALIVE,
    'grant-ended': [{ to: 'resting' }],
    'network-boot': [{ when: FIRST_SEEN, step: 'seen', fault: 'clear', patience: true }],
    // Before an answer file was fetched nothing is written: the grant stays, and so does the state.
    'installer-failed': FAIL,
    deadline: MISSED,
  },
  installing: {
    ...IGNORES,
    ...ALIVE,
    // Its own grant is claimed already: another one begins with `armed`.
    claimed: NOTHING,
    'network-boot': [{ when: INTERRUPTED, fault: 'set' }],
    'installer-started': [{ when: whenStep('claimed'), step: 'started', fault: 'clear', patience: true }],
    'installer-progress': [
      { when: whenStep('claimed'), step: 'started', fault: 'clear', patience: true },
      { when: whenStep('started'), fault: 'clear', patience: true },
    ],
    'installer-finished': [
      { when: SWITCHES_OFF, step: 'finished', fault: 'clear', effects: ['disk-first', 'power-on'], patience: true },
      { when: NOT_FINISHED, step: 'finished', fault: 'clear', effects: ['disk-first'], patience: true },
    ],
    'installer-failed': [
      { when: RETRIED, to: 'powering', effects: ['network-boot'] },
      { when: NOT_FINISHED, fault: 'set' },
    ],
    'os-answered': [
      { when: NOT_FINISHED, to: 'installed', effects: ['disk-first', 'hand-off'] },
      { to: 'installed', effects: ['hand-off'] },
    ],
    'made-ready': [{ when: FAULTY, to: 'ready' }],
    deadline: MISSED,
  },
  installed: {
    ...IGNORES,
    ...ALIVE,
    'hand-off-started': [{ to: 'handing-off' }],
    'hand-off-done': READY,
    'hand-off-failed': FAIL,
    'made-ready': READY,
    // Without a runner nobody takes it over: then it is free to be used.
    deadline: [
      // It waits for a run of its cluster, maybe for hours; where no run will come, the hand-off itself tells the fault.
      { when: HANDED_OFF_ELSEWHERE, patience: true },
      { when: FAULTY, patience: true },
      { to: 'ready' },
    ],
  },
  'handing-off': {
    ...IGNORES,
    ...ALIVE,
    // Once more, after a fault.
    'hand-off-started': [{ when: FAULTY, fault: 'clear', patience: true }],
    'hand-off-done': READY,
    'hand-off-failed': FAIL,
    'made-ready': READY,
    deadline: MISSED,
  },
  ready: { ...IGNORES, ...ALIVE, 'hand-off-started': [{ to: 'handing-off' }] },
  maintenance: {
    ...IGNORES,
    // Only a named person's explicit command gets here: everything else is refused before.
    armed: START,
    // What goes on in maintenance is written down, and its effects wait for the end of it.
    'network-boot': [{ when: wasInstalling(INTERRUPTED), fault: 'set' }],
    'installer-started': [{ when: wasInstalling(whenStep('claimed')), step: 'started' }],
    'installer-progress': [{ when: wasInstalling(whenStep('claimed')), step: 'started' }],
    'installer-finished': [
      { when: wasInstalling(SWITCHES_OFF), step: 'finished', fault: 'clear', effects: ['disk-first', 'power-on'] },
      { when: wasInstalling(NOT_FINISHED), step: 'finished', fault: 'clear', effects: ['disk-first'] },
    ],
    'installer-failed': [{ when: wasInstalling(NOT_FINISHED), fault: 'set' }],
    'os-answered': [
      {
        when: wasInstalling(NOT_FINISHED),
        before: 'installed',
        step: 'finished',
        fault: 'clear',
        effects: ['disk-first', 'hand-off'],
      },
      { when: WAS_INSTALLING, before: 'installed', fault: 'clear', effects: ['hand-off'] },
    ],
    'hand-off-done': [{ when: WAS_HANDING_OFF, before: 'ready' }],
    'hand-off-failed': [{ when: WAS_HANDING_OFF, fault: 'set' }],
    'fault-cleared': CLEAR,
    'maintenance-left': [
      { when: WAS_STARTING, to: 'powering', effects: ['network-boot'] },
      { when: WAS_STARTING_UNARMED, to: 'resting' },
      { to: 'before' },
    ],
    retired: RETIRE,
  },
  retired: { ...IGNORES, reinstated: [{ to: 'enrolled' }] },
};

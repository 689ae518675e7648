import type { LifeStep, NodeFault, NodeState } from '../domain/node-life.ts';

/** Everything that can happen in a node's life. The table of `life-table.ts` answers each of them in each state. */
export const LIFE_EVENTS = [
  'armed',
  'grant-ended',
  'powered-on',
  'power-by-hand',
  'power-failed',
  'network-boot',
  'claimed',
  'installer-started',
  'installer-progress',
  'installer-finished',
  'installer-failed',
  'os-answered',
  'hand-off-started',
  'hand-off-done',
  'hand-off-failed',
  'maintenance-entered',
  'maintenance-left',
  'retired',
  'reinstated',
  'made-ready',
  'fault-cleared',
  'deadline',
] as const;
export type LifeEventKind = (typeof LIFE_EVENTS)[number];

/** What each of them means, for the documents. */
export const EVENT_TEXT: Readonly<Record<LifeEventKind, string>> = {
  armed: 'a boot grant was armed',
  'grant-ended': 'the armed grant was revoked or has expired',
  'powered-on': 'the BMC says that the machine is on',
  'power-by-hand': 'nothing here can power it: a person has to',
  'power-failed': 'the BMC could not start it',
  'network-boot': 'its firmware asked for an address',
  claimed: 'an answer file was fetched: the grant is claimed',
  'installer-started': 'the installer says that it started',
  'installer-progress': 'the installer says how far it is',
  'installer-finished': 'the installer says that it is done',
  'installer-failed': 'the installer says that it failed, or a person gave it up',
  'os-answered': 'the installed system answered from the disk',
  'hand-off-started': 'a runner took it over',
  'hand-off-done': 'the runner is done with it',
  'hand-off-failed': 'the runner failed',
  'maintenance-entered': 'a person put it into maintenance',
  'maintenance-left': 'a person took it out of maintenance',
  retired: 'a person retired it',
  reinstated: 'a person took it back',
  'made-ready': 'a person says that it is ready',
  'fault-cleared': 'a person has seen to the fault',
  deadline: 'the deadline of the state has passed',
};

export interface LifeEvent {
  readonly kind: LifeEventKind;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Who, where a person did it. */
  readonly by?: string;
  readonly reason?: string;
  /** Of what tells a fault: the failures, and a deadline that has passed (its diagnosis). */
  readonly fault?: Omit<NodeFault, 'at'>;
  /** Of `installer-failed`: the operator's retry policy has armed another grant. Of `maintenance-left`: one is armed. */
  readonly armed?: boolean;
  /** Of `installer-finished`: the installer switches the machine off (DGX OS 5's `offwhendone`). */
  readonly switchesOff?: boolean;
  /** Of `installer-finished` and `os-answered`. */
  readonly hostKeys?: readonly string[];
}

/** Which of the deadlines holds in a state. */
export const DEADLINES = [
  'powering',
  'booting',
  'loading',
  'installing',
  'silence',
  'finishing',
  'installed',
  'handing-off',
] as const;
export type DeadlineName = (typeof DEADLINES)[number];

export function deadlineName(state: NodeState, step: LifeStep | undefined): DeadlineName | undefined {
  switch (state) {
    case 'powering':
    case 'installed':
    case 'handing-off':
      return state;
    case 'booting':
      return step === 'seen' ? 'loading' : 'booting';
    case 'installing':
      return step === 'finished' ? 'finishing' : step === 'started' ? 'silence' : 'installing';
    default:
      return undefined;
  }
}

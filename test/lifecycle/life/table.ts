import type { NodeState } from '../../../src/domain/node-life.ts';
import type { LifeEventKind } from '../../../src/lifecycle/life-events.ts';

/**
 * What is expected of each pair, written by hand and apart from the table. `.` changes nothing. A state name: it goes there.
 * `step:x` stays and takes the step; `fault` stays with a fault; `clear` loses it; `again` gets a new deadline.
 * Of a life in that state with the step that `STEPS` gives.
 */
export const EXPECTED: Readonly<Record<LifeEventKind, Readonly<Record<NodeState, string>>>> = {
  armed: row('powering powering powering powering powering powering powering powering .'),
  'grant-ended': row('. enrolled enrolled . . . . . .'),
  'powered-on': row('. booting . . . . . . .'),
  'power-by-hand': row('. booting . . . . . . .'),
  'power-failed': row('. fault . . . . . . .'),
  'network-boot': row('. booting step:seen fault . . . . .'),
  claimed: row('installing installing installing . installing installing installing . .'),
  'installer-started': row('. . . step:started . . . . .'),
  'installer-progress': row('. . . step:started . . . . .'),
  'installer-finished': row('. . . step:finished . . . . .'),
  'installer-failed': row('. fault fault fault . . . . .'),
  'os-answered': row('. . . installed . . . . .'),
  'hand-off-started': row('. . . . handing-off . handing-off . .'),
  'hand-off-done': row('. . . . ready ready . . .'),
  'hand-off-failed': row('. . . . fault fault . . .'),
  'maintenance-entered': row('maintenance maintenance maintenance maintenance maintenance maintenance maintenance . .'),
  'maintenance-left': row('. . . . . . . enrolled .'),
  retired: row('retired retired retired retired retired retired retired retired .'),
  reinstated: row('. . . . . . . . enrolled'),
  'made-ready': row('ready . . . ready ready . . .'),
  'fault-cleared': row('. . . . . . . . .'),
  deadline: row('. fault fault fault ready fault . . .'),
};

function row(words: string): Readonly<Record<NodeState, string>> {
  const [enrolled, powering, booting, installing, installed, handingOff, ready, maintenance, retired] =
    words.split(' ');
  return {
    enrolled: enrolled ?? '',
    powering: powering ?? '',
    booting: booting ?? '',
    installing: installing ?? '',
    installed: installed ?? '',
    'handing-off': handingOff ?? '',
    ready: ready ?? '',
    maintenance: maintenance ?? '',
    retired: retired ?? '',
  };
}

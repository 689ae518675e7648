import { NODE_STATES, type NodeState } from '../domain/node-life.ts';
import { CAUSES } from './diagnosis/diagnose.ts';
import { deadlineName, EVENT_TEXT, LIFE_EVENTS } from './life-events.ts';
import { LIFE_TABLE, type Move } from './life-table.ts';

const STATE_TEXT: Readonly<Record<NodeState, string>> = {
  enrolled: 'known; nothing is asked of it',
  powering: 'its BMC is being told to start it from the network',
  booting:
    'it is to appear on the network (step `waiting`), or is on its way through firmware and boot program (`seen`)',
  installing: 'an installer holds its grant: it has fetched an answer file (`claimed`), has `started`, has `finished`',
  installed: 'its operating system has answered from its disk',
  'handing-off': 'a runner works on it',
  ready: 'in use, or free to be used',
  maintenance: 'left alone by everything but a named person’s explicit command',
  retired: 'gone; its record and its history stay',
};

/** From everywhere: drawn once, beside the diagram. */
const EVERYWHERE = new Set(['maintenance-entered', 'retired', 'fault-cleared']);

/** docs/lifecycle.md, made of the table that runs. */
export function lifecycleReference(): string {
  return `${[
    '# A node’s life',
    'This page is made of the code (`npm run docs`): src/lifecycle/life-table.ts and src/lifecycle/diagnosis/.',
    '## States',
    table(
      ['state', 'what it is', 'deadline'],
      NODE_STATES.map((state) => [state, STATE_TEXT[state], deadlinesOf(state)]),
    ),
    'A `fault` stands beside the state, so that a retry knows where the node was. A deadline that passes is an event: the node’s timeline is looked at, the cause stands in its fault, in the log and in `podboot diagnose NODE`, and the deadline begins anew. Deadlines are configured under `deadlines`, by platform.',
    '## Diagram',
    diagram(),
    'From every state but `maintenance` and `retired`: `maintenance-entered` leads to `maintenance`, which comes back to the state before; from every state but `retired`: `retired` leads there. `armed` leads to `powering` from everywhere but `retired`; in maintenance only by a named person’s explicit command.',
    '## Events',
    table(
      ['event', 'what it says'],
      LIFE_EVENTS.map((event) => [event, EVENT_TEXT[event]]),
    ),
    '## Every state and every event',
    'What is not listed changes nothing: it comes late, twice, or means nothing in the state.',
    ...NODE_STATES.flatMap((state) => [`### ${state}`, table(['event', 'what comes of it'], answersOf(state))]),
    '## Diagnoses',
    'Looked for in this order; the first that the timeline bears out is told, with its evidence and what to do next.',
    table(
      ['code', 'cause'],
      CAUSES.map(({ code, title }) => [code, title]),
    ),
  ].join('\n\n')}\n`;
}

function deadlinesOf(state: NodeState): string {
  const steps =
    state === 'booting'
      ? (['waiting', 'seen'] as const)
      : state === 'installing'
        ? (['claimed', 'started', 'finished'] as const)
        : [undefined];
  const names = steps.flatMap((step) => deadlineName(state, step) ?? []);
  return names.length === 0
    ? 'none'
    : names.map((name) => `\`${name === 'handing-off' ? 'handingOff' : name}\``).join(', ');
}

function answersOf(state: NodeState): string[][] {
  return LIFE_EVENTS.flatMap((event) => {
    const moves = LIFE_TABLE[state][event];
    return moves.length === 0 ? [] : [[event, moves.map(moveText).join('; else ')]];
  });
}

function moveText({ when, to, step, fault, effects, patience, before }: Move): string {
  const parts = [
    ...(to === undefined
      ? []
      : [`→ ${to === 'before' ? 'the state before' : to === 'resting' ? 'where it rested' : to}`]),
    ...(step === undefined ? [] : [`step \`${step}\``]),
    ...(before === undefined ? [] : [`it will come back to ${before}`]),
    ...(fault === undefined ? [] : [fault === 'set' ? 'with a fault' : 'without its fault']),
    ...(effects ?? []).map((effect) => `effect \`${effect}\``),
    ...(patience === undefined ? [] : ['the deadline begins anew']),
  ];
  return `${when === undefined ? '' : `${when.text}: `}${parts.join(', ')}`;
}

function diagram(): string {
  const arrows = new Map<string, string[]>();
  for (const state of NODE_STATES) {
    for (const event of LIFE_EVENTS) {
      if (EVERYWHERE.has(event)) continue;
      for (const { to } of LIFE_TABLE[state][event]) {
        if (to === undefined || to === 'before') continue;
        const arrow = `${id(state)} --> ${to === 'resting' ? 'enrolled' : id(to)}`;
        const events = arrows.get(arrow) ?? [];
        const word = to === 'resting' ? `${event} (or installed, ready)` : event;
        arrows.set(arrow, events.includes(word) ? events : [...events, word]);
      }
    }
  }
  const lines = [...arrows].map(([arrow, events]) => `    ${arrow}: ${events.join(', ')}`);
  return ['```mermaid', 'stateDiagram-v2', '    [*] --> enrolled', ...lines, '```'].join('\n');
}

/** Mermaid takes no hyphen in a name. */
function id(state: NodeState): string {
  return state.replace('-', '_');
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}

import type { EffectOutcome, EffectPort } from '../domain/install-ports.ts';
import type { Node } from '../domain/node.ts';
import type { EffectKind } from '../domain/node-life.ts';
import { hasEnded, type JobAction, type JobStep } from '../domain/power.ts';
import { hasPower } from './fleet.ts';
import type { JobBook } from './job-book.ts';
import type { JobRecord } from './job-record.ts';
import { wokenText } from './step-texts.ts';

const ACTIONS: Readonly<Partial<Record<EffectKind, JobAction>>> = {
  'network-boot': 'network-boot',
  'power-on': 'on-when-off',
  'disk-first': 'disk-first',
};

/**
 * What the nodes' lives ask of their power, as jobs: they are taken up after a restart, and asked for twice they are the same
 * job.
 */
export function powerEffects(book: JobBook): readonly EffectPort[] {
  /** On their way to the disk. */
  const beginning = new Map<string, Promise<JobRecord>>();
  const jobFor = (node: Node, action: JobAction, kind: string): Promise<JobRecord> => {
    const open = book.openFor(node.id, action);
    if (open !== undefined) return Promise.resolve(open);
    const key = `${node.id} ${action}`;
    const request = { action, by: 'podboot', reason: `its life asks for ${kind}`, origin: 'life' } as const;
    const begun = beginning.get(key) ?? book.submit([node], request).finally(() => beginning.delete(key));
    beginning.set(key, begun);
    return begun;
  };
  return Object.entries(ACTIONS).map(([kind, action]) => ({
    kind: kind as EffectKind,
    async perform(node) {
      if (!hasPower(node) || (kind === 'disk-first' && node.bmc?.driver === 'none')) return undefined;
      return outcomeOf(await settledStep(await jobFor(node, action, kind), node, action), node);
    },
  }));
}

/** A network boot has done its part when the machine is on: that it asks the network, the life hears by itself. */
function settledStep(record: JobRecord, node: Node, action: JobAction): Promise<JobStep | undefined> {
  return new Promise((resolve) => {
    const look = () => {
      const step = record.steps.get(node.id);
      const isSettled =
        step === undefined || hasEnded(step) || (action === 'network-boot' && step.stage === 'awaiting-boot');
      if (!isSettled) return;
      off();
      resolve(step);
    };
    const off = record.onChange(look);
    look();
  });
}

function outcomeOf(step: JobStep | undefined, node: Node): EffectOutcome | undefined {
  const { name } = node;
  if (step === undefined) return { done: false, text: `${name} is no more` };
  const { stage, text, mend } = step;
  if (stage === 'awaiting-boot' && node.bmc?.driver === 'none') return { done: true, text: wokenText(node) };
  if (stage === 'awaiting-boot') return { done: true, text: `${name} was set to boot from the network and is on` };
  if (stage === 'done') return { done: true, text: text ?? name };
  return { done: false, text: text ?? `${name}: ${stage}`, ...(mend === undefined ? {} : { mend }) };
}

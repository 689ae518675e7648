import { delimiter, dirname, join } from 'node:path';
import type { ClusterSettings, RunFile, RunStep } from '../../domain/hand-off.ts';
import { playbookStep } from '../ansible/playbook-step.ts';
import type { PlannedInventory } from '../inventory/plan-inventory.ts';
import type { EntryStep, StepVariant } from './entry.ts';
import { type MaskedOrder, maskedArgv } from './masked-order.ts';
import { ARTIFACTS, filled, type Places } from './places.ts';
import { SECRETS_FILE } from './shown-once.ts';

/** Kubespray's modules and helm's plugins are beside those of the system. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface StepParts {
  readonly cluster: ClusterSettings;
  readonly step: EntryStep;
  readonly variant: StepVariant;
  readonly places: Places;
  readonly inventory: Pick<PlannedInventory, 'argv'> | undefined;
  readonly index: number;
}

/** A step of a run out of a step of an entry; where its output has to be looked at, with the order of the program between. */
export function stepOf(parts: StepParts): { readonly step: RunStep; readonly file?: RunFile } {
  const { step, variant, places, index } = parts;
  const made = variant.playbook === undefined ? programStep(parts) : playbookOf(parts);
  const whole = { ...made, env: { ...environment(places), ...filledAll(variant.env, places) } };
  if (step.secrets.length === 0 && step.says === undefined && step.deadlineMs === undefined) return { step: whole };
  const order: MaskedOrder = {
    argv: made.argv,
    ...(step.deadlineMs === undefined ? {} : { deadlineMs: step.deadlineMs }),
    ...(step.says === undefined ? {} : { says: step.says.source }),
    secrets: step.secrets.map(({ name, pattern }) => ({ name, pattern: pattern.source })),
    secretsFile: SECRETS_FILE,
  };
  const path = `masked-${index}.json`;
  return {
    step: { ...whole, argv: maskedArgv(`{run}/${path}`) },
    file: { path, content: `${JSON.stringify(order)}\n` },
  };
}

function programStep({ step, variant, places }: StepParts): RunStep {
  return {
    name: step.name,
    argv: (variant.argv ?? []).map((word) => filled(word, places) ?? ''),
    ...(places.checkout === undefined ? {} : { cwd: places.checkout }),
    speaks: 'plain',
    hosts: [],
  };
}

/** With what the cluster says of Ansible, but for its tags: those of the entry are meant. */
function playbookOf({ cluster, step, variant, places, inventory }: StepParts): RunStep {
  return playbookStep(cluster, {
    name: step.name,
    playbook: variant.file ?? '',
    inventory: inventory?.argv ?? [],
    hosts: [],
    tags: variant.playbook?.tags ?? [],
    skipTags: [],
    ...(places.checkout === undefined ? {} : { cwd: places.checkout }),
    variables: filledAll(variant.playbook?.vars ?? {}, places),
  });
}

/** helm keeps its repositories in the run's own folder: what another run added counts for nothing. */
function environment({ checkout, kubeconfig }: Places): Record<string, string> {
  const folders = [
    ...(checkout === undefined ? [] : [join(checkout, ARTIFACTS)]),
    ...(kubeconfig === undefined ? [] : [dirname(kubeconfig)]),
    ...SYSTEM_PATH.split(delimiter),
  ];
  return {
    PATH: [...new Set(folders)].join(delimiter),
    ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }),
    ...(checkout === undefined ? {} : { DEEPOPS_CONFIG_DIR: join(checkout, 'config') }),
    HELM_CACHE_HOME: '{run}/helm/cache',
    HELM_CONFIG_HOME: '{run}/helm/config',
    HELM_DATA_HOME: '{run}/helm/data',
  };
}

function filledAll(env: Readonly<Record<string, string>>, places: Places): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, filled(value, places) ?? '']));
}

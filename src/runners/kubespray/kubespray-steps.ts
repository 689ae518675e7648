import type { ClusterSettings, RunStep } from '../../domain/hand-off.ts';
import { type PlaybookStep, playbookStep } from '../ansible/playbook-step.ts';
import { listOption } from '../kinds/option-values.ts';
import type { CheckoutLayout } from './checkout-layout.ts';
import type { KubesprayWork } from './choose-work.ts';

export interface StepParts {
  readonly cluster: ClusterSettings;
  readonly layout: CheckoutLayout;
  /** `-i` and its files. */
  readonly inventory: readonly string[];
  /** Hosts in the inventory. */
  readonly size: number;
  readonly env: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string | number | boolean>>;
  /** Of those that are to be removed: they do not answer. */
  readonly unreachable: ReadonlySet<string>;
}

type Step = Pick<PlaybookStep, 'name' | 'playbook' | 'hosts'> &
  Partial<Pick<PlaybookStep, 'limit' | 'tags' | 'skipTags' | 'variables'>>;

/** Kubespray's own: 20 % of the workers at once. */
const SERIAL = '20%';
const MIN_FORKS = 5;
const MAX_FORKS = 50;

/** The playbooks of a piece of work, one after another, as Kubespray's docs/operations have them. */
export function kubespraySteps(work: KubesprayWork, parts: StepParts): RunStep[] {
  const { layout } = parts;
  const facts: Step = { name: 'facts', playbook: layout.facts, hosts: [] };
  switch (work.kind) {
    case 'deploy':
    case 'control-plane':
      return [step(parts, deploy(parts, work.hosts))];
    case 'scale': {
      const { hosts } = work;
      // Of everybody: roles of a limited run read the facts of hosts outside of it.
      const looked = step(parts, { ...facts, hosts: work.present });
      if (hosts.length === 0) return [looked];
      return [
        looked,
        ...(layout.kind === 'deepops' ? [step(parts, prepare(parts, hosts))] : []),
        step(parts, { name: 'scale', playbook: layout.scale, limit: hosts, hosts }),
      ];
    }
    case 'remove': {
      const answering = work.hosts.filter((name) => !parts.unreachable.has(name));
      const silent = work.hosts.filter((name) => parts.unreachable.has(name));
      return [
        ...(answering.length === 0 ? [] : [step(parts, remove(layout, 'remove', answering, {}))]),
        ...(silent.length === 0
          ? []
          : [
              step(
                parts,
                remove(layout, 'remove unreachable', silent, { reset_nodes: false, allow_ungraceful_removal: true }),
              ),
            ]),
      ];
    }
    case 'upgrade':
      return [
        step(parts, facts),
        ...(work.controlPlane.length === 0 ? [] : [step(parts, upgradeControlPlane(layout, work.controlPlane))]),
        ...(work.workers.length === 0 ? [] : [step(parts, upgradeWorkers(parts, work.workers))]),
      ];
    case 'nothing':
      return [];
  }
}

/** DeepOps' playbook first puts its submodule right, by git and maybe the network: a pinned checkout is right already. */
function deploy({ layout, cluster }: StepParts, hosts: readonly string[]): Step {
  return {
    name: 'cluster',
    playbook: layout.deploy,
    hosts,
    tags: listOption(cluster.options, 'tags'),
    skipTags: [
      ...new Set([...(layout.kind === 'deepops' ? ['local'] : []), ...listOption(cluster.options, 'skipTags')]),
    ],
  };
}

/** What DeepOps does beside Kubespray, which a bare scale.yml would leave out: bootstrap, hosts, time, drivers. */
function prepare({ layout, cluster }: StepParts, hosts: readonly string[]): Step {
  const skipTags = [...new Set(['local', 'k8s', ...listOption(cluster.options, 'skipTags')])];
  return { name: 'prepare', playbook: layout.deploy, limit: hosts, hosts, skipTags };
}

function remove(layout: CheckoutLayout, name: string, hosts: readonly string[], more: Record<string, boolean>): Step {
  return {
    name,
    playbook: layout.remove,
    hosts,
    variables: { node: hosts.join(','), skip_confirmation: true, ...more },
  };
}

function upgradeControlPlane(layout: CheckoutLayout, hosts: readonly string[]): Step {
  return { name: 'control plane', playbook: layout.upgrade, limit: ['kube_control_plane', 'etcd'], hosts };
}

function upgradeWorkers({ layout, cluster }: StepParts, hosts: readonly string[]): Step {
  const { serial } = cluster.options;
  const variables = { serial: typeof serial === 'string' || typeof serial === 'number' ? serial : SERIAL };
  return { name: 'workers', playbook: layout.upgrade, limit: hosts, hosts, variables };
}

function step(parts: StepParts, { variables, ...rest }: Step): RunStep {
  const { cluster, layout, inventory, size, env } = parts;
  return playbookStep(cluster, {
    // Tags of the settings are for the deployment; Kubespray's other playbooks have others.
    tags: [],
    skipTags: [],
    ...rest,
    inventory,
    cwd: layout.root,
    flags: ['--become', '--timeout', String(connectSeconds(size))],
    forks: Math.min(MAX_FORKS, Math.max(MIN_FORKS, size)),
    variables: { ...parts.variables, ...variables },
    env,
  });
}

/** Hundreds of connections at once through one bastion or one switch take their time (Kubespray, docs/operations/large-deployments.md). */
function connectSeconds(size: number): number {
  return size > 100 ? 600 : size > 50 ? 300 : 60;
}

import type { RunnerKind } from '../../domain/hand-off.ts';

/**
 * The spelling up to Kubespray v2.15 and DeepOps 23.08, and in the guide, by today's. Both are emitted: today's as the real
 * groups, the old ones as their children, since an old name alone breaks `--limit` (kubespray #11506, #12625).
 */
export const OLD_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['kube_control_plane', 'kube-master'],
  ['kube_node', 'kube-node'],
  ['k8s_cluster', 'k8s-cluster'],
  ['calico_rr', 'calico-rr'],
]);

const TODAYS = new Map([...OLD_SPELLINGS].map(([today, old]) => [old, today]));

/** What DeepOps' slurm-cluster.yml speaks of; these have hyphens to this day. */
export const SLURM_GROUPS = [
  'slurm-master',
  'slurm-nfs',
  'slurm-node',
  'slurm-cache',
  'slurm-nfs-client',
  'slurm-metric',
  'slurm-login',
] as const;

export const KUBERNETES_GROUPS = ['kube_control_plane', 'etcd', 'kube_node', 'calico_rr'] as const;

/** Names that Ansible has itself. */
export const ANSIBLE_GROUPS: ReadonlySet<string> = new Set(['all', 'ungrouped', 'localhost']);

/** What Ansible takes without a warning, but for hyphens and dots, which DeepOps has; no character of a `--limit` pattern. */
const GROUP_NAME = /^[A-Za-z_](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_])?$/;

export type RoleGroups = Readonly<Record<string, readonly string[]>>;

const EVERYWHERE: RoleGroups = {
  control_plane: ['kube_control_plane'],
  'control-plane': ['kube_control_plane'],
  worker: ['kube_node'],
  dgx: ['dgx-servers'],
  gpu: ['dgx-servers'],
};

/** What a role that is no group of itself means where its runner takes nodes to. */
const BY_RUNNER: Readonly<Partial<Record<RunnerKind, RoleGroups>>> = {
  kubespray: {
    dgx: ['kube_node', 'dgx-servers'],
    gpu: ['kube_node', 'dgx-servers'],
    mgmt: ['kube_control_plane', 'etcd'],
    management: ['kube_control_plane', 'etcd'],
  },
  slurm: {
    dgx: ['slurm-node', 'dgx-servers'],
    gpu: ['slurm-node', 'dgx-servers'],
    login: ['slurm-login'],
    mgmt: ['slurm-master'],
    management: ['slurm-master'],
  },
};

/**
 * The groups of a node's role: those that the cluster's configuration says, else what the runner's own table says, else the
 * group of the role's name, in today's spelling.
 */
export function groupsOfRole(role: string, runner: RunnerKind, configured: RoleGroups = {}): readonly string[] {
  const table = configured[role] ?? BY_RUNNER[runner]?.[role] ?? EVERYWHERE[role];
  return (table ?? [role]).map(todaysName);
}

/** `kube-master` → `kube_control_plane`, `slurm_node` → `slurm-node`; whatever is known by one name keeps it. */
export function todaysName(group: string): string {
  const slurm = group.replaceAll('_', '-');
  if ((SLURM_GROUPS as readonly string[]).includes(slurm) || slurm === 'slurm-cluster' || slurm === 'dgx-servers') {
    return slurm;
  }
  return TODAYS.get(group) ?? group;
}

export function isGroupName(name: string): boolean {
  return GROUP_NAME.test(name);
}

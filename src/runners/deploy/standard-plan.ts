import type { DeployPlan, DeployStep, DeployWork, NodeChoice } from '../../domain/deployment.ts';
import type { ClusterSettings } from '../../domain/hand-off.ts';
import { groupsOfRole, type RoleGroups } from '../inventory/group-names.ts';

const HOUR_MS = 3_600_000;
/** Of a pod's compute nodes: one that is broken on arrival does not hold up the others. */
const SHARE = 0.9;

/** Services of the guide's step 4 that are not optional there, and those of step 8 that it recommends first. */
const BASIC = ['ingress'];
const ADDITIONAL = ['dashboard', 'monitoring', 'logging'];

type Step = Omit<DeployStep, 'after' | 'isOptional'> & Partial<Pick<DeployStep, 'after' | 'isOptional'>>;

/**
 * The order of the guide's eight steps, for the clusters of the configuration: the first that Kubespray deploys, and the first
 * of Slurm. What the site does not have is left out.
 */
export function standardPlan(clusters: readonly ClusterSettings[], services: readonly string[]): DeployPlan {
  const kubernetes = clusters.find(({ runner }) => runner === 'kubespray');
  const slurm = clusters.find(({ runner }) => runner === 'slurm');
  const steps: Step[] = [];
  const add = (name: string, title: string, work: DeployWork, more: Partial<Step> = {}) =>
    void steps.push({ name, title, work, ...more });
  const first = kubernetes ?? slurm ?? clusters[0];
  if (first === undefined) return { name: 'standard', steps: [] };
  const compute = (cluster: ClusterSettings): NodeChoice => {
    const exceptRoles = managementRoles(cluster);
    const roles = cluster.roles.filter((role) => !exceptRoles.includes(role));
    return { roles, ...(exceptRoles.length === 0 ? {} : { exceptRoles }) };
  };
  const management = managementRoles(first);

  if (management.length > 0)
    add('management', '2. The management nodes have their system', {
      kind: 'nodes',
      nodes: { roles: management },
      states: ['installed', 'handing-off', 'ready'],
      share: 1,
    });
  add('prepare', `1. and 2. Nothing stands against deploying ${first.name}, and its nodes let podboot in`, {
    kind: 'check',
    cluster: first.name,
    action: 'deploy',
    ...(management.length === 0 ? {} : { nodes: { roles: management } }),
  });
  if (kubernetes !== undefined) {
    const cluster = kubernetes.name;
    if (management.length > 0)
      add('kubernetes', '3. Kubernetes on the management nodes', {
        kind: 'run',
        cluster,
        action: 'deploy',
        nodes: { roles: management },
      });
    const basic = BASIC.filter((name) => services.includes(name));
    if (basic.length > 0)
      add(
        'basic-services',
        '4. Basic services',
        { kind: 'services', cluster, services: basic },
        { deadlineMs: 2 * HOUR_MS },
      );
  }
  add('install', '5. The compute nodes get their system', { kind: 'install', nodes: compute(first) });
  add(
    'installed',
    '5. The compute nodes answer from their disks',
    { kind: 'nodes', nodes: compute(first), states: ['installed', 'handing-off', 'ready'], share: SHARE },
    { deadlineMs: 4 * HOUR_MS },
  );
  add(
    'joined',
    `6. The compute nodes are in ${first.name}: podboot's own runs take them there`,
    { kind: 'nodes', nodes: compute(first), states: ['ready'], share: SHARE },
    { deadlineMs: 12 * HOUR_MS },
  );
  if (kubernetes !== undefined && slurm !== undefined)
    add('slurm', '7. Slurm', { kind: 'run', cluster: slurm.name, action: 'deploy' });
  if (kubernetes !== undefined) {
    const cluster = kubernetes.name;
    const additional = ADDITIONAL.filter((name) => services.includes(name));
    if (additional.length > 0)
      add(
        'additional-services',
        '8. Additional services',
        { kind: 'services', cluster, services: additional },
        { deadlineMs: 4 * HOUR_MS, isOptional: true },
      );
  }
  add(
    'verify',
    'What was built is what was meant',
    { kind: 'verify', cluster: first.name, nodes: compute(first), services: [] },
    { deadlineMs: HOUR_MS },
  );
  return {
    name: 'standard',
    steps: steps.map((step, index) => ({
      after: steps.slice(Math.max(0, index - 1), index).map(({ name }) => name),
      isOptional: false,
      ...step,
    })),
  };
}

/** Those roles whose nodes are the control plane, or Slurm's master: what is there before anything else is. */
function managementRoles({ roles, runner, options }: ClusterSettings): readonly string[] {
  const written = options.roleGroups;
  const roleGroups = (typeof written === 'object' && written !== null ? written : {}) as RoleGroups;
  const first = ['kube_control_plane', 'slurm-master'];
  return roles.filter((role) => groupsOfRole(role, runner, roleGroups).some((group) => first.includes(group)));
}

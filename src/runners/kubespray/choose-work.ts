import type { LeftOutHost, Obstacle, RunHost, RunRequest } from '../../domain/hand-off.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { ClusterContents, ClusterMember } from './cluster-contents.ts';

/**
 * What is done, whatever it was called.
 * - `deploy`        the whole cluster, the first time or once more
 * - `scale`         workers join; members of the control plane that are there already are only looked at
 * - `control-plane` the whole cluster, in which members of the control plane are new
 */
export type KubesprayWork =
  | { readonly kind: 'deploy' | 'control-plane' | 'remove'; readonly hosts: readonly string[] }
  | { readonly kind: 'scale'; readonly hosts: readonly string[]; readonly present: readonly string[] }
  | { readonly kind: 'upgrade'; readonly controlPlane: readonly string[]; readonly workers: readonly string[] }
  | { readonly kind: 'nothing' };

export interface ChosenWork {
  readonly work: KubesprayWork;
  readonly obstacles: readonly Obstacle[];
}

/**
 * Hosts in the order in which Kubespray has to see them: the control plane as it joined, then the others, new ones last. Its
 * first member signs the certificates, and a new one in its place would begin a cluster of its own.
 */
export function inJoiningOrder(hosts: readonly RunHost[], contents: ClusterContents): readonly RunHost[] {
  if (contents.state !== 'there') return hosts;
  const joined = new Map(contents.members.filter((each) => each.isControlPlane).map((each) => [each.name, each]));
  const first = hosts.filter(({ name }) => joined.has(name));
  const at = ({ name }: RunHost) => joined.get(name)?.joinedAt ?? Number.MAX_SAFE_INTEGER;
  return [...first.sort((one, other) => at(one) - at(other)), ...hosts.filter(({ name }) => !joined.has(name))];
}

/**
 * Whom a run is for, when some were named: a control plane is begun and made larger as a whole, since a part of it has an even
 * number of etcd members or has to be repaired by hand. So whoever belongs to it comes along, and is looked at before; nodes
 * finish one after another, and the first wave is a canary of one.
 * @param controlPlane of the whole cluster, by the roles of its nodes
 */
export function widened(
  request: RunRequest,
  controlPlane: readonly string[],
  contents: ClusterContents,
): readonly string[] {
  const { hosts, action } = request;
  const joins = action === 'deploy' || action === 'add-worker' || action === 'add-control-plane';
  if (hosts.length === 0 || !joins || contents.state === 'unreadable') return hosts;
  const members = new Set((contents.state === 'there' ? contents.members : []).map(({ name }) => name));
  const isNew = (name: string) => controlPlane.includes(name) && !members.has(name);
  if (members.size > 0 && !hosts.some(isNew)) return hosts;
  return [...new Set([...controlPlane.filter((name) => !members.has(name)), ...hosts])];
}

/**
 * A cluster is not begun with a part of its control plane because the rest is still being installed: machines never finish
 * together. Whoever deploys by name means those alone.
 * @param awaited of the control plane, by the roles of nodes without a system
 */
export function awaitedObstacles(
  request: RunRequest,
  awaited: readonly string[],
  contents: ClusterContents,
): readonly Obstacle[] {
  const { action, hosts, cluster } = request;
  const begins = contents.state === 'none' || (contents.state === 'there' && contents.members.length === 0);
  const isMeant = action === 'deploy' && hosts.length > 0;
  if (!begins || isMeant || !['deploy', 'add-worker', 'add-control-plane'].includes(action)) return [];
  const missing = awaited.filter((name) => !hosts.includes(name));
  if (missing.length === 0) return [];
  const are = missing.length === 1 ? 'is' : 'are';
  return [
    {
      code: 'control-plane-awaited',
      message: `${missing.join(', ')} ${are} to be of the control plane of ${cluster} and ${missing.length === 1 ? 'has' : 'have'} no system yet.`,
      mend: `Wait until installed, take the role from those that will not come, or begin with some by name: podboot runs start ${cluster} --action deploy --nodes …`,
    },
  ];
}

/**
 * Whom the inventory of a run speaks of. Facts are gathered of all of them, and one that does not answer ends the run for all:
 * so not those that are not installed yet, and not workers that are down. Members of the control plane and of etcd stay, since
 * without them the cluster would be made another one.
 */
export function presentHosts(
  request: RunRequest,
  members: readonly RunHost[],
  contents: ClusterContents,
): readonly RunHost[] {
  const asked = new Set(request.hosts);
  if (contents.state === 'there') {
    const inCluster = new Map(contents.members.map((each) => [each.name, each]));
    return members.filter(({ name }) => {
      const known = inCluster.get(name);
      if (known === undefined) return asked.has(name) || (asked.size === 0 && request.action !== 'upgrade');
      return asked.has(name) || known.isControlPlane || known.isReady;
    });
  }
  return contents.state === 'none' && asked.size > 0 ? members.filter(({ name }) => asked.has(name)) : members;
}

/** Of the cluster, those that `presentHosts` has not: an upgrade that passes them over would look like a whole one. */
export function leftOutHosts(
  members: readonly RunHost[],
  present: readonly RunHost[],
  contents: ClusterContents,
): readonly LeftOutHost[] {
  if (contents.state !== 'there') return [];
  const isPresent = new Set(present.map(({ name }) => name));
  const isMember = new Set(members.map(({ name }) => name));
  return contents.members
    .filter(({ name }) => isMember.has(name) && !isPresent.has(name))
    .map(({ name, notReadyBecause }) => ({
      host: name,
      because: `Kubernetes calls it NotReady${notReadyBecause === undefined ? '' : ` (${notReadyBecause})`}; name it to have it taken along`,
    }));
}

/**
 * By what is in the cluster, and by the groups of the inventory. Pure.
 * @param hosts whom the run is for
 */
export function chooseWork(
  request: RunRequest,
  hosts: readonly string[],
  inventory: Inventory,
  contents: ClusterContents,
): ChosenWork {
  if (contents.state === 'unreadable') {
    const message = `The cluster ${request.cluster} does not answer: ${contents.because}`;
    const mend = 'Bring its control plane back first: what stands there decides what is to be done.';
    return { work: { kind: 'nothing' }, obstacles: [{ code: 'cluster-unreadable', message, mend }] };
  }
  const members = new Map((contents.state === 'there' ? contents.members : []).map((each) => [each.name, each]));
  const controlPlane = membersOfControlPlane(inventory);
  switch (request.action) {
    case 'deploy':
    case 'add-worker':
    case 'add-control-plane':
      if (members.size === 0) return firstDeployment(request, hosts, controlPlane);
      return join(request, hosts, inventory, members);
    case 'remove':
      return remove(request, hosts, inventory, members);
    case 'upgrade':
      return upgrade(request, hosts, controlPlane, members);
    case 'service': {
      const mend = 'Services are deployed by podboot services deploy.';
      const obstacle = { code: 'wrong-action', message: 'Kubespray deploys no services of the catalogue.', mend };
      return { work: { kind: 'nothing' }, obstacles: [obstacle] };
    }
  }
}

/** In the inventory's order. */
export function membersOfControlPlane({ groups }: Inventory): readonly string[] {
  return [...new Set([...(groups.get('kube_control_plane')?.hosts ?? []), ...(groups.get('etcd')?.hosts ?? [])])];
}

/** What finished nodes ask for first of all makes the cluster. */
function firstDeployment(
  { cluster }: RunRequest,
  hosts: readonly string[],
  controlPlane: readonly string[],
): ChosenWork {
  const work = { kind: 'deploy', hosts } as const;
  if (controlPlane.some((name) => hosts.includes(name))) return { work, obstacles: [] };
  const message = `The cluster ${cluster} is not there yet, and none of its nodes is of the control plane.`;
  const mend = 'Give 1, 3 or 5 nodes the role kube_control_plane; or name the kubeconfig of a cluster that stands.';
  return { work, obstacles: [{ code: 'no-control-plane', message, mend }] };
}

function join(
  request: RunRequest,
  hosts: readonly string[],
  inventory: Inventory,
  members: ReadonlyMap<string, ClusterMember>,
): ChosenWork {
  const controlPlane = membersOfControlPlane(inventory);
  const isWorker = (name: string) =>
    ['kube_node', 'calico_rr'].some((group) => inventory.groups.get(group)?.hosts.includes(name));
  const strangers = hosts.filter((name) => !controlPlane.includes(name) && !isWorker(name));
  const obstacles = (request.hosts.length === 0 ? [] : strangers).map((name) => ({
    code: 'not-for-kubernetes',
    host: name,
    message: `${name} is in none of Kubespray’s groups.`,
    mend: `Give it the role kube_node (podboot nodes set ${name}), or leave it out.`,
  }));
  const isNewMember = (name: string) => controlPlane.includes(name) && members.get(name)?.isControlPlane !== true;
  const fitting = hosts.filter((name) => !strangers.includes(name));
  // A member of etcd alone is no node of Kubernetes: it can't be told whether it is there.
  if (fitting.some(isNewMember)) return { work: { kind: 'control-plane', hosts: fitting }, obstacles };
  const fresh = fitting.filter((name) => !members.has(name));
  if (request.action === 'deploy' && fresh.length === 0) return { work: { kind: 'deploy', hosts: fitting }, obstacles };
  // A worker that was installed anew is known to the cluster still; who belongs to the control plane has joined.
  const joining = request.action === 'deploy' ? fresh : fitting.filter((name) => !controlPlane.includes(name));
  const present = request.action === 'deploy' ? [] : fitting.filter((name) => controlPlane.includes(name));
  return { work: { kind: 'scale', hosts: joining, present }, obstacles };
}

function remove(
  request: RunRequest,
  hosts: readonly string[],
  { groups }: Inventory,
  members: ReadonlyMap<string, ClusterMember>,
): ChosenWork {
  const obstacles: Obstacle[] = [];
  if (request.hosts.length === 0) {
    const mend = `Name them: podboot runs start ${request.cluster} --action remove --nodes dgx01.`;
    obstacles.push({ code: 'remove-everybody', message: 'Nobody is named who is to leave the cluster.', mend });
  }
  for (const group of ['kube_control_plane', 'etcd']) {
    const first = groups.get(group)?.hosts[0];
    if (first === undefined || !hosts.includes(first)) continue;
    obstacles.push({
      code: 'remove-first',
      host: first,
      message: `${first} is the first of ${group}, which Kubespray can’t remove.`,
      mend: 'Replace it as Kubespray’s docs/operations/nodes.md says: put another one in its place first.',
    });
  }
  for (const name of hosts) {
    if (members.has(name) || groups.get('etcd')?.hosts.includes(name)) continue;
    const mend = 'kubectl get nodes shows who is; take its roles away and it is gone from the inventory.';
    obstacles.push({ code: 'not-in-kubernetes', host: name, message: `${name} is no node of Kubernetes.`, mend });
  }
  return { work: { kind: 'remove', hosts }, obstacles };
}

function upgrade(
  request: RunRequest,
  hosts: readonly string[],
  controlPlane: readonly string[],
  members: ReadonlyMap<string, ClusterMember>,
): ChosenWork {
  const present = hosts.filter((name) => members.has(name) || controlPlane.includes(name));
  if (members.size === 0) {
    const message = `The cluster ${request.cluster} is not there yet.`;
    const obstacle = { code: 'no-cluster', message, mend: `Deploy it first: podboot runs start ${request.cluster}.` };
    return { work: { kind: 'nothing' }, obstacles: [obstacle] };
  }
  // All of it or none: two versions in one control plane are a step on the way, no state to stay in.
  const takesControlPlane = present.some((name) => controlPlane.includes(name));
  return {
    work: {
      kind: 'upgrade',
      controlPlane: takesControlPlane ? controlPlane : [],
      workers: present.filter((name) => !controlPlane.includes(name)),
    },
    obstacles: [],
  };
}

import type { ClusterSettings, Obstacle, RunHost, RunRequest } from '../../domain/hand-off.ts';

/**
 * Whom a request means: the named ones, else everybody who is not in maintenance; a name that is not in the cluster stands
 * against the run.
 */
export function chosenHosts(
  cluster: ClusterSettings,
  request: RunRequest,
  members: readonly RunHost[],
): { readonly hosts: readonly RunHost[]; readonly obstacles: readonly Obstacle[] } {
  const byName = new Map(members.map((host) => [host.name, host]));
  const everybody = members.filter(({ isInMaintenance }) => isInMaintenance !== true).map(({ name }) => name);
  const names = request.hosts.length > 0 ? [...new Set(request.hosts)] : everybody;
  const hosts = names.flatMap((name) => byName.get(name) ?? []);
  const strangers = names.filter((name) => !byName.has(name));
  const obstacles = strangers.map((host) => ({
    code: 'not-in-cluster',
    host,
    message: `${host} is no node of the cluster ${cluster.name}.`,
    mend: `Give it one of the roles ${cluster.roles.join(', ')}: podboot nodes set ${host} --role …, or leave it out.`,
  }));
  if (hosts.length > 0 || strangers.length > 0) return { hosts, obstacles };
  return {
    hosts,
    obstacles: [
      {
        code: 'no-hosts',
        message: `The cluster ${cluster.name} has no nodes that have their system.`,
        mend: `Install nodes with one of the roles ${cluster.roles.join(', ')}; one that has its system already is told of by podboot ready NAME.`,
      },
    ],
  };
}

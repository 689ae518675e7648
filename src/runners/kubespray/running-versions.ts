import type { ClusterSettings, RunHost } from '../../domain/hand-off.ts';
import { planInventory } from '../inventory/plan-inventory.ts';
import { textOption } from '../kinds/option-values.ts';
import type { PlanContext } from '../runner.ts';
import type { VersionFacts } from '../updates/cluster-updates.ts';
import { layoutOf } from './checkout-layout.ts';
import { versionObstacles } from './kubernetes-version.ts';
import { kubeconfigOf, wantedVersion } from './kubespray-runner.ts';
import { parseVersion, versionText } from './version.ts';

/** Which Kubernetes the nodes of a cluster run, and to which it is pinned. */
export async function kubernetesVersions(
  cluster: ClusterSettings,
  members: readonly RunHost[],
  { contents: read, knownHosts }: PlanContext,
): Promise<VersionFacts> {
  const contents = await read(kubeconfigOf(cluster));
  const layout = layoutOf(textOption(cluster.options, 'checkout') ?? '');
  if (contents.state !== 'there') return { running: [], obstacles: [notThere(cluster, contents)] };
  const running = contents.members.flatMap(({ name, kubeletVersion }) => {
    const version = kubeletVersion === undefined ? undefined : parseVersion(kubeletVersion);
    return version === undefined ? [] : [{ node: name, version: versionText(version) }];
  });
  if ('code' in layout) return { running, obstacles: [layout] };
  const wanted = wantedVersion(cluster, layout, planInventory(cluster, members, knownHosts));
  return {
    running,
    ...(wanted === undefined ? {} : { wanted: versionText(wanted) }),
    obstacles: versionObstacles('upgrade', wanted, contents.members),
  };
}

function notThere(cluster: ClusterSettings, contents: { readonly state: string; readonly because?: string }) {
  return {
    code: 'cluster-not-there',
    message: `the cluster ${cluster.name} can’t be asked for its versions: ${contents.because ?? 'it is not deployed yet'}`,
    mend: `Is ${kubeconfigOf(cluster)} its kubeconfig file? Deploy it first, or write clusters.${cluster.name}.kubeconfig.`,
  };
}

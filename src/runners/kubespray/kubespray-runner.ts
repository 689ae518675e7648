import { basename, dirname, join } from 'node:path';
import type { ClusterSettings, Obstacle, RunHost, RunPlan } from '../../domain/hand-off.ts';
import { inspectCheckout } from '../ansible/checkout-state.ts';
import { ansibleObstacles } from '../ansible/preflight.ts';
import { pythonModuleObstacles } from '../ansible/python-modules.ts';
import { type PlannedInventory, planInventory } from '../inventory/plan-inventory.ts';
import { chosenHosts } from '../kinds/chosen-hosts.ts';
import { textOption } from '../kinds/option-values.ts';
import type { PlanContext, RunnerModule } from '../runner.ts';
import { type CheckoutLayout, layoutOf } from './checkout-layout.ts';
import {
  awaitedObstacles,
  type ChosenWork,
  chooseWork,
  inJoiningOrder,
  leftOutHosts,
  membersOfControlPlane,
  presentHosts,
  widened,
} from './choose-work.ts';
import type { ClusterContents } from './cluster-contents.ts';
import { deepopsObstacles } from './deepops-needs.ts';
import { kubeVersionIn, versionObstacles, versionOfCheckout } from './kubernetes-version.ts';
import { kubespraySteps } from './kubespray-steps.ts';
import { clusterFolder, stepEnvironment } from './step-environment.ts';
import { parseVersion, type Version } from './version.ts';

/** Where DeepOps leaves the administrator's kubeconfig file. */
const ARTIFACTS = 'config/artifacts';
const KUBECONFIG = 'admin.conf';
/** What Kubespray's filters need on this host. */
const PYTHON_MODULES = ['netaddr', 'jmespath'];

/**
 * Kubernetes by Kubespray, alone or within DeepOps: what is done is chosen by what stands, not by what it is called. A worker
 * joins a cluster that is there, and makes one, with the control plane, where there is none.
 */
export const kubesprayRunner: RunnerModule = {
  kind: 'kubespray',
  async plan(cluster, request, members, context): Promise<RunPlan> {
    const checkout = textOption(cluster.options, 'checkout') ?? '';
    const kubeconfig = kubeconfigOf(cluster);
    const contents = await context.contents(kubeconfig);
    const ordered = inJoiningOrder(members, contents);
    const whole = planInventory(cluster, ordered, context.knownHosts);
    const isMember = new Set(members.map(({ name }) => name));
    const controlPlane = membersOfControlPlane(whole.inventory).filter((name) => isMember.has(name));
    const awaited = context.awaited(cluster);
    const later = membersOfControlPlane(planInventory(cluster, [...ordered, ...awaited], context.knownHosts).inventory);
    const expected = awaited.map(({ name }) => name).filter((name) => !isMember.has(name) && later.includes(name));
    const wide = { ...request, hosts: widened(request, controlPlane, contents) };
    // Its playbooks are for all of the inventory, in which a member of etcd in maintenance has to stay.
    const meant = members.map(({ isInMaintenance: _, ...host }) => host);
    const chosen = chosenHosts(cluster, wide, meant);
    const present = presentHosts(wide, ordered, contents);
    const inventory = present.length === members.length ? whole : planInventory(cluster, present, context.knownHosts);
    const isPresent = new Set(present.map(({ name }) => name));
    const hosts = chosen.hosts.filter(({ name }) => isPresent.has(name));
    const names = hosts.map(({ name }) => name);
    const { work, obstacles } = chooseWork(request, names, inventory.inventory, contents);
    const layout = layoutOf(checkout);
    const early = [
      ...chosen.obstacles,
      ...awaitedObstacles(request, expected, contents),
      ...obstacles,
      ...inventory.obstacles,
    ];
    const leftOut = leftOutHosts(ordered, present, contents);
    const base = {
      ...({ request, runner: 'kubespray', files: inventory.files, inventoryHash: inventory.hash } as const),
      ...(leftOut.length === 0 ? {} : { leftOut }),
    };
    if ('code' in layout) return { ...base, hosts, steps: [], obstacles: [...early, layout] };

    const wanted = wantedVersion(cluster, layout, inventory);
    early.push(...versionsOf(work.kind, wanted, contents));
    const env = stepEnvironment({
      folder: clusterFolder(context.runsDir, cluster.name),
      ansible: textOption(cluster.options, 'ansible') ?? '',
      ansibleConfig: layout.ansibleConfig,
      kubeconfig,
    });
    if (work.kind === 'deploy' || work.kind === 'scale' || work.kind === 'control-plane') {
      early.push(...deepopsObstacles(layout, env.PATH ?? ''));
    }
    const touched = touchedHosts(work, present, inventory);
    const late = early.length > 0 ? [] : await preflight({ cluster, layout, touched, inventory, context });
    const silent = request.action === 'remove' && request.ungraceful === true ? unreachable(late) : new Set<string>();
    const steps = kubespraySteps(work, {
      cluster,
      layout,
      inventory: inventory.argv,
      size: present.length,
      env,
      variables: { ...artifacts(kubeconfig), ...pinnedVersion(cluster, layout) },
      unreachable: silent,
    });
    return {
      ...base,
      hosts: hosts.filter(({ name }) => steps.some((step) => step.hosts.includes(name))),
      steps,
      obstacles: [...early, ...late.filter(({ host }) => host === undefined || !silent.has(host))],
    };
  },
};

/** Whom the run speaks to: those that it changes, and the control plane, which lets them in. */
function touchedHosts(
  work: ChosenWork['work'],
  present: readonly RunHost[],
  { inventory }: PlannedInventory,
): readonly RunHost[] {
  if (work.kind !== 'scale' && work.kind !== 'remove') return present;
  const names = new Set([...work.hosts, ...(inventory.groups.get('kube_control_plane')?.hosts ?? [])]);
  return present.filter(({ name }) => names.has(name));
}

interface PreflightParts {
  readonly cluster: ClusterSettings;
  readonly layout: CheckoutLayout;
  readonly touched: readonly RunHost[];
  readonly inventory: PlannedInventory;
  readonly context: PlanContext;
}

async function preflight({ cluster, layout, touched, inventory, context }: PreflightParts): Promise<Obstacle[]> {
  const { root } = layout;
  const pinned = textOption(cluster.options, 'commit');
  const state = await inspectCheckout(root, pinned, context.commands);
  const ansible = textOption(cluster.options, 'ansible') ?? 'ansible-playbook';
  const modules = await pythonModuleObstacles(ansible, PYTHON_MODULES, context.commands);
  const playbooks = [layout.deploy, layout.facts, layout.scale, layout.remove, layout.upgrade];
  const checked = await ansibleObstacles(
    {
      cluster,
      playbooks: playbooks.map((path) => join(root, path)),
      hosts: touched,
      files: inventory.files,
    },
    context,
  );
  const isTold = new Set(state.obstacles.map(({ code }) => code));
  return [...state.obstacles, ...modules, ...checked.filter(({ code }) => !isTold.has(code))];
}

/** Hosts that nobody answers at, or somebody else. */
function unreachable(obstacles: readonly Obstacle[]): ReadonlySet<string> {
  return new Set(obstacles.flatMap(({ code, host }) => (host !== undefined && code.startsWith('ssh-') ? [host] : [])));
}

/** Absolute path of the administrator's kubeconfig file. */
export function kubeconfigOf({ options }: ClusterSettings): string {
  return textOption(options, 'kubeconfig') ?? join(textOption(options, 'checkout') ?? '', ARTIFACTS, KUBECONFIG);
}

/** The operator's word, else the adopted inventory's, else what the checkout installs. */
export function wantedVersion(
  cluster: ClusterSettings,
  layout: CheckoutLayout,
  { inventory, adopted, files }: PlannedInventory,
): Version | undefined {
  const told =
    textOption(cluster.options, 'kubernetesVersion') ??
    inventory.vars.kube_version ??
    inventory.groups.get('k8s_cluster')?.vars.kube_version ??
    adopted?.inventory.groups.get('k8s_cluster')?.vars.kube_version ??
    files.flatMap(({ path, content }) =>
      /\/group_vars\/(?:all|k8s[_-]cluster)\b/.test(path) ? (kubeVersionIn(content) ?? []) : [],
    )[0];
  return parseVersion(String(told ?? versionOfCheckout(join(layout.root, layout.kubespray)) ?? ''));
}

function versionsOf(
  kind: ChosenWork['work']['kind'],
  wanted: Version | undefined,
  contents: ClusterContents,
): Obstacle[] {
  if (contents.state !== 'there') return [];
  if (kind === 'upgrade') return versionObstacles('upgrade', wanted, contents.members);
  // cluster.yml on a cluster that stands would upgrade it, all at once.
  return kind === 'remove' || kind === 'nothing' ? [] : versionObstacles('add-worker', wanted, contents.members);
}

/** Written as the checkout writes its own: of two spellings Kubespray has checksums for one. */
function pinnedVersion({ options }: ClusterSettings, { root, kubespray }: CheckoutLayout): Record<string, string> {
  const version = textOption(options, 'kubernetesVersion')?.replace(/^v/, '');
  if (version === undefined) return {};
  const hasLetter = versionOfCheckout(join(root, kubespray))?.startsWith('v') === true;
  return { kube_version: `${hasLetter ? 'v' : ''}${version}` };
}

/** Else it would lie in the folder of a run, and be gone with it. */
function artifacts(kubeconfig: string): Record<string, string | boolean> {
  if (basename(kubeconfig) !== KUBECONFIG) return {};
  return { artifacts_dir: dirname(kubeconfig), kubeconfig_localhost: true };
}

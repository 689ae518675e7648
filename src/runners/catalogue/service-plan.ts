import { delimiter, dirname, join } from 'node:path';
import type {
  ClusterSettings,
  Obstacle,
  RunFile,
  RunHost,
  RunnerKind,
  RunPlan,
  RunRequest,
  RunStep,
} from '../../domain/hand-off.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import { groupsOfRole, type RoleGroups } from '../inventory/group-names.ts';
import { textOption } from '../kinds/option-values.ts';
import type { PlanContext } from '../runner.ts';
import type { Catalogue } from './catalogue.ts';
import { chosenVariant, type Files, HOST_FILES, settingsOf, variantText } from './checkout.ts';
import type { CatalogueEntry, EntryStep, StepVariant } from './entry.ts';
import { type MaskedOrder, maskedArgv } from './masked-order.ts';
import { SECRETS_FILE } from './shown-once.ts';

/** An inventory for a playbook of a service: its files, and what of `ansible-playbook` names them. */
export interface ServiceInventory {
  readonly files: readonly RunFile[];
  readonly argv: readonly string[];
  /** Of the program, beside ours. */
  readonly env?: Readonly<Record<string, string>>;
  readonly hash?: string;
  readonly obstacles: readonly Obstacle[];
}

export interface ServicePlanParts {
  readonly catalogue: () => Catalogue;
  readonly inventory: (
    cluster: ClusterSettings,
    members: readonly RunHost[],
    context: PlanContext,
  ) => Promise<ServiceInventory>;
  readonly isDeployed: (cluster: string, service: string) => boolean;
  readonly files?: Files;
}

/** What fills the places in an entry's words. */
export interface Places {
  readonly checkout?: string;
  readonly kubeconfig?: string;
  readonly controlPlane?: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** Kubespray's modules and helm's plugins are beside those of the system. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Where DeepOps leaves kubectl and the administrator's kubeconfig file (kubespray's `kubeconfig_localhost`). */
const ARTIFACTS = 'config/artifacts';
const PLACE = /\{(checkout|kubeconfig|controlPlane|setting\.[A-Za-z0-9]+)\}/g;
const NOT_PRIVATE = 0o077;

/** The run of one entry of the catalogue. As `RunnerModule.plan`: refuses by obstacles. */
export async function planService(
  parts: ServicePlanParts,
  cluster: ClusterSettings,
  request: RunRequest,
  members: readonly RunHost[],
  context: PlanContext,
): Promise<RunPlan> {
  const entry = parts.catalogue().get(request.service ?? '');
  if (entry === undefined) return refused(cluster, request, [noEntry(request.service, parts.catalogue())]);
  const files = parts.files ?? HOST_FILES;
  const places = placesOf(cluster, entry, members);
  const chosen = entry.steps.flatMap((step): { step: EntryStep; variant: StepVariant }[] => {
    const variant = chosenVariant(step, places.settings, places.checkout, files);
    return variant === undefined ? [] : [{ step, variant }];
  });
  const inventory = chosen.some(({ variant }) => variant.playbook !== undefined)
    ? await parts.inventory(cluster, members, context)
    : undefined;
  const made = chosen.map(({ step, variant }, index) => stepOf({ cluster, step, variant, places, inventory, index }));
  return {
    request,
    runner: cluster.runner,
    // Services are in the cluster, not on a node: nobody's result depends on it.
    hosts: [],
    steps: made.map(({ step }) => step),
    files: [...(inventory?.files ?? []), ...made.flatMap(({ file }) => file ?? [])],
    ...(inventory?.hash === undefined ? {} : { inventoryHash: inventory.hash }),
    obstacles: [
      ...entryObstacles(entry, cluster, places, files),
      ...needObstacles(entry, cluster.name, parts.isDeployed),
      ...(inventory?.obstacles ?? []),
    ],
  };
}

export function placesOf(cluster: ClusterSettings, entry: CatalogueEntry, members: readonly RunHost[]): Places {
  const checkout = textOption(cluster.options, 'checkout');
  const kubeconfig =
    textOption(cluster.options, 'kubeconfig') ??
    (checkout === undefined ? undefined : join(checkout, ARTIFACTS, 'admin.conf'));
  const controlPlane = textOption(cluster.options, 'controlPlane') ?? controlPlaneOf(cluster, members);
  return {
    ...(checkout === undefined ? {} : { checkout }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(controlPlane === undefined ? {} : { controlPlane }),
    settings: settingsOf(entry, writtenSettings(cluster, entry.name)),
  };
}

/** Undefined where a place of it is not known. */
export function filled(text: string, places: Places): string | undefined {
  let isWhole = true;
  const whole = text.replaceAll(PLACE, (_, word: string) => {
    const value = word.startsWith('setting.')
      ? places.settings[word.slice('setting.'.length)]
      : places[word as 'checkout' | 'kubeconfig' | 'controlPlane'];
    if (value === undefined) isWhole = false;
    return value ?? '';
  });
  return isWhole ? whole : undefined;
}

/** What stands in the way of an entry, whatever was deployed before it. */
export function entryObstacles(
  entry: CatalogueEntry,
  cluster: ClusterSettings,
  places: Places,
  files: Files = HOST_FILES,
): Obstacle[] {
  return [
    ...stepObstacles(entry, cluster, places, files),
    ...settingObstacles(entry, cluster, places, files),
    ...(places.kubeconfig === undefined || files.isFile(places.kubeconfig)
      ? []
      : [
          {
            code: 'no-kubeconfig',
            message: `The kubeconfig file ${places.kubeconfig} of the cluster ${cluster.name} is not there.`,
            mend: `Deploy Kubernetes first, or write clusters.${cluster.name}.kubeconfig in podboot.yaml.`,
          },
        ]),
  ];
}

function stepObstacles(
  entry: CatalogueEntry,
  cluster: ClusterSettings,
  { checkout, settings }: Places,
  files: Files,
): Obstacle[] {
  const missing = entry.steps.filter(
    (step) => !step.isOptional && chosenVariant(step, settings, checkout, files) === undefined,
  );
  if (missing.length > 0 && checkout === undefined)
    return [
      {
        code: 'no-checkout',
        message: `The cluster ${cluster.name} has no checkout of DeepOps, which ${entry.name} is deployed by.`,
        mend: `Write clusters.${cluster.name}.checkout in podboot.yaml.`,
      },
    ];
  return missing.map((step) => ({
    code: 'not-in-checkout',
    message: `${checkout} has nothing that ${entry.name} could be deployed by (step ${step.name}).`,
    mend: `It is looked for at ${step.variants.map(variantText).join(', ')}: check the version, and git submodule update --init.`,
  }));
}

function settingObstacles(
  entry: CatalogueEntry,
  cluster: ClusterSettings,
  { settings }: Places,
  files: Files,
): Obstacle[] {
  const where = `clusters.${cluster.name}.services.${entry.name}`;
  const unknown = Object.keys(writtenSettings(cluster, entry.name)).filter(
    (name) => !entry.settings.some((setting) => setting.name === name),
  );
  const strange = unknown.map((name) => ({
    code: 'unknown-setting',
    message: `${entry.name} has no setting ${name}.`,
    mend:
      entry.settings.length === 0
        ? `Take ${where} out.`
        : `There are ${entry.settings.map((each) => each.name).join(', ')}.`,
  }));
  return entry.settings
    .flatMap(({ name, says, pattern, file }): Obstacle[] => {
      const value = settings[name];
      const mend = `Write ${where}.${name} in podboot.yaml: ${says}`;
      if (value === undefined) return [{ code: 'setting-missing', message: `${entry.name} needs ${name}.`, mend }];
      if (pattern !== undefined && !pattern.test(value))
        return [{ code: 'setting-refused', message: `${name} of ${entry.name} does not fit.`, mend }];
      if (file === undefined) return [];
      const mode = files.mode(value);
      if (mode === undefined) return [{ code: 'file-missing', message: `${value} is not there.`, mend }];
      if (file === 'secret' && (mode & NOT_PRIVATE) !== 0)
        return [{ code: 'file-open', message: `Others than its owner may read ${value}.`, mend: `chmod 600 ${value}` }];
      return [];
    })
    .concat(strange);
}

function needObstacles(entry: CatalogueEntry, cluster: string, isDeployed: ServicePlanParts['isDeployed']): Obstacle[] {
  return entry.needs
    .filter((need) => !isDeployed(cluster, need))
    .map((need) => ({
      code: 'needs-service',
      message: `${entry.name} needs ${need}, which is not deployed.`,
      mend: `podboot services deploy ${cluster} ${need}`,
    }));
}

interface StepParts {
  readonly cluster: ClusterSettings;
  readonly step: EntryStep;
  readonly variant: StepVariant;
  readonly places: Places;
  readonly inventory: ServiceInventory | undefined;
  readonly index: number;
}

function stepOf(parts: StepParts): { readonly step: RunStep; readonly file?: RunFile } {
  const { cluster, step, variant, places, inventory, index } = parts;
  const own = variant.playbook === undefined ? {} : (inventory?.env ?? {});
  const base = {
    name: step.name,
    ...(places.checkout === undefined ? {} : { cwd: places.checkout }),
    env: { ...environment(places), ...own, ...filledAll(variant.env, places) },
    hosts: [],
  };
  const argv =
    variant.playbook === undefined
      ? (variant.argv ?? []).map((word) => filled(word, places) ?? '')
      : playbookArgv(cluster, variant, places, inventory);
  const speaks = variant.playbook === undefined ? 'plain' : 'ansible';
  if (step.secrets.length === 0 && step.says === undefined && step.deadlineMs === undefined)
    return { step: { ...base, argv, speaks } };
  const order: MaskedOrder = {
    argv,
    ...(step.deadlineMs === undefined ? {} : { deadlineMs: step.deadlineMs }),
    ...(step.says === undefined ? {} : { says: step.says.source }),
    secrets: step.secrets.map(({ name, pattern }) => ({ name, pattern: pattern.source })),
    secretsFile: SECRETS_FILE,
  };
  const path = `masked-${index}.json`;
  return {
    step: { ...base, argv: maskedArgv(`{run}/${path}`), speaks },
    file: { path, content: `${JSON.stringify(order)}\n` },
  };
}

function playbookArgv(
  cluster: ClusterSettings,
  { file = '', playbook }: StepVariant,
  places: Places,
  inventory: ServiceInventory | undefined,
): string[] {
  const vars = Object.entries(playbook?.vars ?? {}).map(([name, value]) => [name, filled(value, places) ?? '']);
  return [
    textOption(cluster.options, 'ansible') ?? 'ansible-playbook',
    ...(inventory?.argv ?? []),
    ...(playbook === undefined || playbook.tags.length === 0 ? [] : ['--tags', playbook.tags.join(',')]),
    // As JSON: in the form a=b a value with spaces would become two.
    ...(vars.length === 0 ? [] : ['-e', JSON.stringify(Object.fromEntries(vars))]),
    file,
  ];
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

function controlPlaneOf({ runner, options }: ClusterSettings, members: readonly RunHost[]): string | undefined {
  const roleGroups = isRoleGroups(options.roleGroups) ? options.roleGroups : {};
  const kind: RunnerKind = runner === 'slurm' ? 'kubespray' : runner;
  const host = members.find(
    ({ roles, address }) =>
      address !== undefined &&
      roles.some((role) => groupsOfRole(role, kind, roleGroups).includes('kube_control_plane')),
  );
  return host?.address === undefined ? undefined : formatIpv4(host.address);
}

function writtenSettings({ options }: ClusterSettings, service: string): Readonly<Record<string, string>> {
  const of = isRecord(options.services) ? options.services[service] : undefined;
  if (!isRecord(of)) return {};
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, String(value)]));
}

function refused(cluster: ClusterSettings, request: RunRequest, obstacles: readonly Obstacle[]): RunPlan {
  return { request, runner: cluster.runner, hosts: [], steps: [], files: [], obstacles };
}

function noEntry(service: string | undefined, catalogue: Catalogue): Obstacle {
  return {
    code: 'no-service',
    message: `The catalogue has no service ${service ?? '(none was named)'}.`,
    mend: `There are ${[...catalogue.keys()].join(', ')}.`,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRoleGroups(value: unknown): value is RoleGroups {
  return isRecord(value) && Object.values(value).every((each) => Array.isArray(each));
}

import { join } from 'node:path';
import type { ClusterSettings, RunHost, RunnerKind } from '../../domain/hand-off.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import { groupsOfRole, type RoleGroups } from '../inventory/group-names.ts';
import { textOption } from '../kinds/option-values.ts';
import { settingsOf } from './checkout.ts';
import type { CatalogueEntry } from './entry.ts';

/** What fills the places in an entry's words. */
export interface Places {
  readonly checkout?: string;
  readonly kubeconfig?: string;
  readonly controlPlane?: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** Where DeepOps leaves kubectl and the administrator's kubeconfig file (kubespray's `kubeconfig_localhost`). */
export const ARTIFACTS = 'config/artifacts';
const PLACE = /\{(checkout|kubeconfig|controlPlane|setting\.[A-Za-z0-9]+)\}/g;

export function placesOf(cluster: ClusterSettings, entry: CatalogueEntry, members: readonly RunHost[]): Places {
  const checkout = textOption(cluster.options, 'checkout');
  const kubeconfig =
    textOption(cluster.options, 'kubeconfig') ??
    (checkout === undefined ? undefined : join(checkout, ARTIFACTS, 'admin.conf'));
  const controlPlane = addressOfControlPlane(cluster, members);
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

/** Where links go: the node that the cluster names, else the first of its control plane. */
function addressOfControlPlane(cluster: ClusterSettings, members: readonly RunHost[]): string | undefined {
  const named = textOption(cluster.options, 'controlPlane');
  const host =
    named === undefined
      ? controlPlane(cluster, members).find(({ address }) => address !== undefined)
      : members.find(({ name }) => name === named);
  return host?.address === undefined ? undefined : formatIpv4(host.address);
}

/** Nodes that a playbook of a service is run on first. */
export function controlPlane({ runner, options }: ClusterSettings, members: readonly RunHost[]): readonly RunHost[] {
  const roleGroups = isRoleGroups(options.roleGroups) ? options.roleGroups : {};
  const kind: RunnerKind = runner === 'slurm' ? 'kubespray' : runner;
  return members.filter(({ roles }) =>
    roles.some((role) => groupsOfRole(role, kind, roleGroups).includes('kube_control_plane')),
  );
}

/** Under `services` of the cluster, by the entry's name. */
export function writtenSettings({ options }: ClusterSettings, service: string): Readonly<Record<string, string>> {
  const of = isRecord(options.services) ? options.services[service] : undefined;
  if (!isRecord(of)) return {};
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, String(value)]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRoleGroups(value: unknown): value is RoleGroups {
  return isRecord(value) && Object.values(value).every((each) => Array.isArray(each));
}

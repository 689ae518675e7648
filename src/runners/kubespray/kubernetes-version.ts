import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Obstacle, RunAction } from '../../domain/hand-off.ts';
import type { ClusterMember } from './cluster-contents.ts';
import { compareVersions, parseVersion, type Version, versionText } from './version.ts';

/** `kube_version: v1.27.7` up to 2.27; after that, the first of the checksums that Kubespray has. */
const DEFAULTS = [
  'roles/kubespray_defaults/defaults/main/main.yml',
  'roles/kubespray-defaults/defaults/main/main.yml',
  'roles/kubespray-defaults/defaults/main.yml',
  'roles/kubespray-defaults/defaults/main.yaml',
];
const CHECKSUMS = [
  'roles/kubespray_defaults/vars/main/checksums.yml',
  'roles/kubespray-defaults/vars/main/checksums.yml',
  'roles/kubespray-defaults/defaults/main/checksums.yml',
];

/**
 * Version of Kubernetes that a checkout of Kubespray installs unless told, as it writes it: with a `v` before it up to 2.27.
 * Undefined where it can't be told.
 */
export function versionOfCheckout(kubespray: string): string | undefined {
  for (const path of DEFAULTS) {
    const text = textOf(join(kubespray, path));
    const line = text === undefined ? undefined : kubeVersionIn(text);
    if (line !== undefined) return parseVersion(line) === undefined ? firstOfChecksums(kubespray) : line;
  }
  return undefined;
}

/** Value of `kube_version` in a file of variables, as it stands there. */
export function kubeVersionIn(yaml: string): string | undefined {
  return /^kube_version:[ \t]*["']?([^"'\s#]+)/m.exec(yaml)?.[1];
}

function firstOfChecksums(kubespray: string): string | undefined {
  for (const path of CHECKSUMS) {
    const text = textOf(join(kubespray, path));
    // Some hundred kilobytes: that one block is enough.
    const block = text === undefined ? undefined : /^kubelet_checksums:\n(?:[ \t#].*\n|\n)*/m.exec(text)?.[0];
    if (block === undefined) continue;
    const value: unknown = parseDocument(block, { schema: 'failsafe' }).toJS();
    const amd64 = (value as { kubelet_checksums?: { amd64?: object } } | null)?.kubelet_checksums?.amd64;
    const [first] = Object.keys(amd64 ?? {});
    if (first !== undefined) return first;
  }
  return undefined;
}

/**
 * What the version that is wanted has against an action on a cluster that stands: kubeadm upgrades by one minor version at
 * most, never back, and a kubelet must not be newer than its API server (kubernetes.io, version skew policy).
 */
export function versionObstacles(
  action: Exclude<RunAction, 'deploy' | 'remove' | 'service'>,
  wanted: Version | undefined,
  members: readonly ClusterMember[],
): Obstacle[] {
  const running = members.flatMap(({ kubeletVersion }) => {
    const version = kubeletVersion === undefined ? undefined : parseVersion(kubeletVersion);
    return version === undefined ? [] : [version];
  });
  running.sort(compareVersions);
  const oldest = running.at(0);
  const newest = running.at(-1);
  if (oldest === undefined || newest === undefined) return [];
  if (wanted === undefined) {
    if (action !== 'upgrade') return [];
    const mend = 'Write kubernetesVersion in the cluster’s settings.';
    return [
      { code: 'version-unknown', message: 'which version of Kubernetes the checkout installs can’t be told', mend },
    ];
  }
  const [wantedText, oldestText, newestText] = [wanted, oldest, newest].map(versionText);
  if (action !== 'upgrade') {
    if (wanted[0] === newest[0] && wanted[1] === newest[1] && compareVersions(wanted, newest) <= 0) return [];
    return [
      {
        code: 'version-differs',
        message: `the cluster runs Kubernetes ${newestText}, and new nodes would get ${wantedText}`,
        mend: `Upgrade the cluster first (podboot runs start CLUSTER --action upgrade), or write kubernetesVersion: ${newestText}.`,
      },
    ];
  }
  if (compareVersions(wanted, newest) < 0) {
    return [
      {
        code: 'version-back',
        message: `the cluster runs Kubernetes ${newestText}, and ${wantedText} would be a step back`,
        mend: `Check out a Kubespray with ${newestText} or newer, or write kubernetesVersion.`,
      },
    ];
  }
  if (wanted[0] !== oldest[0] || wanted[1] - oldest[1] > 1) {
    return [
      {
        code: 'version-skips',
        message: `from Kubernetes ${oldestText} to ${wantedText} is more than one minor version`,
        mend: `Upgrade to ${oldest[0]}.${oldest[1] + 1} first, with a Kubespray that has it (kubernetesVersion says which patch).`,
      },
    ];
  }
  return [];
}

/** Undefined where the file is not there. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

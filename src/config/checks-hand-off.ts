import { isAbsolute } from 'node:path';
import type { ClusterSettings, RunnerKind } from '../domain/hand-off.ts';
import { type Finding, fault, warning } from './config-path.ts';
import type { Draft } from './draft.ts';

/** What is Ansible's, whichever runner starts it. */
const ANSIBLE = [
  ...['checkout', 'ansible', 'inventory', 'tags', 'skipTags', 'forks', 'vars', 'groupVars', 'hostVars', 'labelVars'],
  ...['roleGroups', 'varsFiles', 'vaultPasswordFile', 'becomePasswordFile', 'kubeconfig', 'controlPlane', 'services'],
];

/** How Slurm is asked, by whatever runner its nodes join it. */
const SLURM = ['login', 'slurmConf'];

const OPTIONS: Readonly<Record<RunnerKind, { readonly needs: readonly string[]; readonly takes: readonly string[] }>> =
  {
    kubespray: { needs: ['checkout'], takes: [...ANSIBLE, 'commit', 'kubernetesVersion', 'serial'] },
    slurm: { needs: ['checkout'], takes: [...ANSIBLE, ...SLURM, 'playbook'] },
    playbook: { needs: ['playbook'], takes: [...ANSIBLE, ...SLURM, 'playbook'] },
    command: { needs: ['argv'], takes: ['argv', 'cwd', 'results', 'kubeconfig', ...SLURM] },
    webhook: { needs: ['url'], takes: ['url', 'secretFile', 'caFile', 'kubeconfig', ...SLURM] },
  };

export function* runnersHaveWhatTheyNeed(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.clusters) {
    for (const name of OPTIONS[value.runner].needs) {
      if (value.options[name] !== undefined) continue;
      yield fault(
        path,
        `the runner ${value.runner} needs ${name}`,
        `Write ${name} there, for example ${EXAMPLES[name]}.`,
      );
    }
  }
}

const EXAMPLES: Readonly<Record<string, string>> = {
  checkout: '/opt/deepops',
  playbook: '/opt/deepops/playbooks/site.yml',
  argv: '[/usr/local/bin/join, "{hosts}"]',
  url: 'https://hooks.example.com/join',
};

export function* runnersTakeTheirOptions(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.clusters) {
    for (const name of Object.keys(value.options)) {
      if (OPTIONS[value.runner].takes.includes(name)) continue;
      const others = Object.entries(OPTIONS).flatMap(([kind, { takes }]) => (takes.includes(name) ? [kind] : []));
      yield fault(
        [...path, name],
        `the runner ${value.runner} does not know it`,
        `It is for ${others.join(', ')}: leave it out.`,
      );
    }
  }
}

/** A node goes to the first cluster that has one of its roles: the same role in another would never count. */
export function* rolesBelongToOneCluster(draft: Draft): Iterable<Finding> {
  const owners = new Map<string, ClusterSettings>();
  for (const { path, value } of draft.clusters) {
    for (const [index, role] of value.roles.entries()) {
      const owner = owners.get(role);
      if (owner !== undefined && owner.name !== value.name)
        yield fault(
          [...path, 'roles', index],
          `${role} belongs to ${owner.name} already`,
          'Leave it out in one of them.',
        );
      owners.set(role, owner ?? value);
    }
  }
}

export function* clustersReachTheirNodes(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.clusters) {
    const usesSsh = value.runner !== 'webhook' && value.runner !== 'command';
    if (usesSsh && value.ssh.keyFile === undefined)
      yield warning(
        [...path, 'ssh'],
        'it names no key: nodes take keys alone',
        'Write ssh: { key: /etc/podboot/id_ed25519 }.',
      );
    const { url, secretFile } = value.options;
    if (value.runner === 'webhook' && secretFile === undefined)
      yield warning(
        path,
        'nothing signs what it sends: whoever it is for can’t know that it is from podboot',
        'Write secretFile.',
      );
    if (typeof url === 'string' && !isUsableUrl(url))
      yield fault(
        [...path, 'url'],
        'it is no URL, or has a password in it',
        'Write it as https://hooks.example.com/join; secrets go into secretFile.',
      );
  }
}

export function* playbooksCanBeFound(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.clusters) {
    const { playbook, checkout, varsFiles } = value.options;
    if (typeof playbook === 'string' && !isAbsolute(playbook) && checkout === undefined)
      yield fault(
        [...path, 'playbook'],
        'without a checkout it has to be an absolute path',
        'Write it from / on, or write checkout.',
      );
    for (const [index, file] of (Array.isArray(varsFiles) ? varsFiles : []).entries())
      if (typeof file === 'string' && !isAbsolute(file))
        yield fault([...path, 'varsFiles', index], 'it is no absolute path', 'Write the whole path, from / on.');
  }
}

function isUsableUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

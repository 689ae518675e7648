import Type, { type TUnsafe } from 'typebox';
import { RUNNER_KINDS } from '../domain/hand-off.ts';
import { DEFAULTS } from './defaults.ts';
import { absolutePathNotation, durationNotation, nameNotation } from './notations.ts';
import { measured, oneOf, section, wholeNumber, written } from './schema-leaves.ts';

const PORT = { minimum: 1, maximum: 65_535 };

/** Of a runner's own world: Ansible's variables, groups. What may stand there, the runner says. */
function freeMap(description: string): TUnsafe<Record<string, unknown>> {
  return Type.Unsafe<Record<string, unknown>>({ type: 'object', description });
}

function words(description: string, item: string) {
  return Type.Array(Type.String({ description: item, minLength: 1, maxLength: 4_096 }), { maxItems: 256, description });
}

const path = (description: string) => Type.Optional(written(absolutePathNotation, description));

const bastionSchema = section(
  {
    host: Type.String({ description: 'Name or address, for example login.pod1.example.com.', minLength: 1 }),
    user: Type.Optional(Type.String({ description: 'User there, for example jump. Absent: the same as behind it.' })),
    port: Type.Optional(wholeNumber(PORT, 'Its SSH port, for example 22.', { default: 22 })),
    key: path('Absolute path of the private key for it, for example /etc/podboot/bastion_key.'),
  },
  'A host that all connections go through, for example { host: login.pod1.example.com, user: jump }.',
);

const sshSchema = section(
  {
    user: Type.Optional(
      Type.String({ description: 'User on the nodes, for example ubuntu.', default: DEFAULTS.cluster.sshUser }),
    ),
    key: path('Absolute path of the private key, for example /etc/podboot/id_ed25519. It has no passphrase.'),
    port: Type.Optional(wholeNumber(PORT, 'SSH port of the nodes, for example 22.', { default: 22 })),
    bastion: Type.Optional(bastionSchema),
  },
  'How the nodes are reached, by keys alone, for example { user: ubuntu, key: /etc/podboot/id_ed25519 }.',
);

const wavesSchema = section(
  {
    canary: Type.Optional(
      wholeNumber(
        { minimum: 0, maximum: 100 },
        'Nodes that go first and alone, for example 1; 0: none. Again when the settings of the cluster change, a day later, and after a stop.',
        { default: DEFAULTS.cluster.canary },
      ),
    ),
    size: Type.Optional(
      wholeNumber({ minimum: 1, maximum: 1_000 }, 'The most nodes of one run after that, for example 20.', {
        default: DEFAULTS.cluster.wave,
      }),
    ),
    maxFailed: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description:
          'Share of the nodes of a run that may fail, from 0 to 1, for example 0.1; when more do, no further run begins by itself.',
        default: DEFAULTS.cluster.maxFailed,
      }),
    ),
  },
  'How finished nodes are taken over, for example { canary: 1, size: 20, maxFailed: 0.1 }.',
);

/** What belongs to kinds of runners; `config/checks-hand-off.ts` says which needs which. */
const runnerOptions = {
  checkout: path(
    'Absolute path of the checkout of DeepOps or Kubespray, for example /opt/deepops (kubespray, slurm, playbook).',
  ),
  commit: Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{7,40}$',
      description:
        'Commit that the checkout has to be at, for example 3957a42f; absent: whichever it is at (kubespray).',
    }),
  ),
  kubernetesVersion: Type.Optional(
    Type.String({
      pattern: '^v?[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}$',
      description: 'Version of Kubernetes, for example 1.33.4; absent: the one of the checkout (kubespray).',
    }),
  ),
  serial: Type.Optional(
    Type.String({
      pattern: '^[1-9][0-9]{0,3}%?$',
      description: 'Workers that an upgrade takes at once, for example 20% or 4 (kubespray).',
      default: '20%',
    }),
  ),
  playbook: Type.Optional(
    Type.String({
      description: 'Playbook, below the checkout or as an absolute path, for example playbooks/site.yml (playbook).',
      minLength: 1,
    }),
  ),
  ansible: path(
    'Absolute path of ansible-playbook, for example /opt/deepops/env/bin/ansible-playbook; absent: the one in PATH.',
  ),
  inventory: path('Absolute path of an inventory that is adopted, for example /opt/deepops/config/inventory.'),
  tags: Type.Optional(words('Only tasks with these tags, for example [gpu].', 'A tag, for example gpu.')),
  skipTags: Type.Optional(words('No tasks with these tags, for example [local].', 'A tag, for example local.')),
  forks: Type.Optional(
    wholeNumber({ minimum: 1, maximum: 500 }, 'Hosts that Ansible works on at once, for example 50.'),
  ),
  vars: Type.Optional(freeMap("Ansible's variables for all hosts, for example { gpu_count: 8 }. No secrets.")),
  groupVars: Type.Optional(freeMap('Variables by group, for example { kube_node: { gpu_count: 8 } }. No secrets.')),
  hostVars: Type.Optional(freeMap('Variables by node, for example { dgx01: { gpu_count: 4 } }. No secrets.')),
  labelVars: Type.Optional(freeMap('Labels of nodes that become variables, for example { platform: dgx_platform }.')),
  roleGroups: Type.Optional(freeMap("Ansible's groups of each role, for example { gpu: [kube_node, dgx-servers] }.")),
  varsFiles: Type.Optional(
    words(
      'Absolute paths of files with further variables, for example [/etc/podboot/pod1.yml]; where secrets stand, with mode 0600 or encrypted by ansible-vault.',
      'A file, for example /etc/podboot/pod1.yml.',
    ),
  ),
  vaultPasswordFile: path("Absolute path of the file with ansible-vault's password, for example /etc/podboot/vault."),
  becomePasswordFile: path('Absolute path of the file with the password for sudo, for example /etc/podboot/become.'),
  kubeconfig: path('Absolute path of the kubeconfig of the cluster, for example /etc/podboot/pod1.kubeconfig.'),
  login: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?$',
      description:
        'Node or host on which Slurm’s programs (sinfo, scontrol) are run, for example login01. Absent: the host of podboot (slurm).',
    }),
  ),
  slurmConf: path(
    'Absolute path of slurm.conf there, for example /etc/slurm/slurm.conf; absent: Slurm’s own. With it or login, Slurm is asked whichever runner it is (not kubespray).',
  ),
  controlPlane: Type.Optional(
    Type.String({
      description:
        'Name of the node that kubectl is run on, for example mgmt01. Absent: the first of the control plane.',
    }),
  ),
  services: Type.Optional(freeMap('Settings of entries of the catalogue, by their names, for example { rook: {} }.')),
  argv: Type.Optional(
    words(
      'Program and arguments, for example [/usr/local/bin/join, "{hosts}"] (command). `{hosts}` becomes the names with commas between, `{action}` what the run is for, `{run}/` its folder.',
      'A word, for example --now.',
    ),
  ),
  cwd: path('Absolute path of the folder that the program runs in, for example /opt/join (command).'),
  results: Type.Optional(
    oneOf(
      ['exit-code', 'events'],
      'Who says what became of each node: the exit code for all of them, or lines in the file that PODBOOT_EVENTS names, for example events (command).',
      { default: 'exit-code' },
    ),
  ),
  url: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description: 'Where the nodes are told of by POST, for example https://hooks.example.com/join (webhook).',
    }),
  ),
  secretFile: path(
    'Absolute path of the key that bodies are signed with (HMAC-SHA256), for example /etc/podboot/hook.key (webhook).',
  ),
  caFile: path(
    'Absolute path of certificates that its server is known by, for example /etc/podboot/hook-ca.pem (webhook).',
  ),
} as const;

export const RUNNER_OPTION_NAMES = Object.keys(runnerOptions) as (keyof typeof runnerOptions)[];

export const clusterSchema = section(
  {
    runner: oneOf(RUNNER_KINDS, 'By which runner nodes join, for example kubespray.'),
    roles: Type.Array(written(nameNotation, 'A role, for example kube_node.'), {
      minItems: 1,
      maxItems: 64,
      description: 'A node belongs to it that has one of these roles, for example [kube_node, kube_control_plane].',
    }),
    settle: Type.Optional(
      measured(
        durationNotation,
        'How long finished nodes are gathered before a run takes them along, from 0 to 1h, for example 2m.',
        { default: DEFAULTS.cluster.settle },
      ),
    ),
    inactivity: Type.Optional(
      measured(durationNotation, 'A run that says nothing for so long is stopped, from 1m to 24h, for example 1h.', {
        default: DEFAULTS.cluster.inactivity,
      }),
    ),
    waves: Type.Optional(wavesSchema),
    ssh: Type.Optional(sshSchema),
    acceptance: Type.Optional(
      Type.String({
        pattern: '^(?:/.*|[a-z0-9][a-z0-9-]*)$',
        description:
          'The checks that its nodes have to pass: the name of one of podboot’s lists (dgx-1, dgx-a100, dgx-h100), or the absolute path of your own, for example /etc/podboot/acceptance-dgx.yaml. Absent: the word of the runner, and of the scheduler where kubeconfig or login says how to ask it.',
      }),
    ),
    ...runnerOptions,
  },
  'A cluster that finished nodes join by themselves, for example { runner: kubespray, roles: [kube_node], checkout: /opt/kubespray }.',
);

/** An SSH control socket's path: the folder, 40 hex digits, and what ssh appends while it makes it; the kernel takes 107 bytes. */
const SOCKET_BYTES = 40 + 18 + 1;
const MAX_SOCKET_BYTES = 107;
const FACTS_SECONDS = 86_400;

/**
 * How a run reaches hosts and where it keeps facts, whatever the checkout's ansible.cfg says. DeepOps and Kubespray have
 * `UserKnownHostsFile=/dev/null` in their `ssh_args`, which come before all others, and of two options of ssh the first counts:
 * without this no host key would be pinned. They keep facts in different folders, and a play that is limited to a new node
 * needs the facts of all others.
 * @param folder absolute path, of the cluster: facts outlive a run
 */
export function remoteEnvironment(folder: string, ansibleConfig: string | undefined): Record<string, string> {
  const controlFolder = `${folder}/cp`;
  const hasRoom = Buffer.byteLength(controlFolder) + SOCKET_BYTES <= MAX_SOCKET_BYTES;
  return {
    ...(ansibleConfig === undefined ? {} : { ANSIBLE_CONFIG: ansibleConfig }),
    ANSIBLE_CACHE_PLUGIN: 'jsonfile',
    ANSIBLE_CACHE_PLUGIN_CONNECTION: `${folder}/facts`,
    ANSIBLE_CACHE_PLUGIN_TIMEOUT: String(FACTS_SECONDS),
    ANSIBLE_GATHERING: 'smart',
    ANSIBLE_SSH_ARGS: hasRoom ? '-C -o ControlMaster=auto -o ControlPersist=60s' : '-C -o ControlMaster=no',
    ANSIBLE_SSH_CONTROL_PATH_DIR: controlFolder,
    // DeepOps names a folder of the user's that need not be there.
    ANSIBLE_SSH_CONTROL_PATH: '%(directory)s/%%C',
    ANSIBLE_PIPELINING: 'True',
    ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS: 'ignore',
  };
}

/** Programs beside a virtual environment's own, and what DeepOps' scripts look for. */
export function programEnvironment(
  virtualEnvironment: string | undefined,
  more: readonly string[],
): Record<string, string> {
  const folders = [
    ...(virtualEnvironment === undefined ? [] : [`${virtualEnvironment}/bin`]),
    ...more,
    ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
  ];
  return {
    PATH: folders.join(':'),
    ...(virtualEnvironment === undefined ? {} : { VIRTUAL_ENV: virtualEnvironment }),
  };
}

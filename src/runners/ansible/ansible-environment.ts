import { fileURLToPath } from 'node:url';

/** Of our callback plugin, `podboot_events.py`. */
const PLUGIN_FOLDER = fileURLToPath(new URL('.', import.meta.url));
const PLUGIN = 'podboot_events';

/**
 * What a step that speaks as Ansible gets beside its own environment. The environment is stronger than a checkout's
 * ansible.cfg, so its own callbacks are off; its stdout callback stays, and so does its cache of facts.
 * @param home absolute path below the run's folder: Ansible's temporary files of this run
 */
export function ansibleEnvironment(home: string): Record<string, string> {
  return {
    ANSIBLE_CALLBACK_PLUGINS: PLUGIN_FOLDER,
    ANSIBLE_CALLBACKS_ENABLED: PLUGIN,
    // Its name before 2.11.
    ANSIBLE_CALLBACK_WHITELIST: PLUGIN,
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_NOCOWS: '1',
    ANSIBLE_RETRY_FILES_ENABLED: '0',
    ANSIBLE_HOST_KEY_CHECKING: 'True',
    // DeepOps and Kubespray have UserKnownHostsFile=/dev/null in their ssh_args. Those come before what the inventory says, and
    // of two options of ssh the first counts: no host key would be pinned.
    ANSIBLE_SSH_ARGS: '-C -o ControlMaster=auto -o ControlPersist=60s',
    // DeepOps names a folder of the user's own that need not be there: no connection would come about.
    ANSIBLE_SSH_CONTROL_PATH: '%(directory)s/%%C',
    // Both spellings of the groups are meant.
    ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS: 'ignore',
    ANSIBLE_LOCAL_TEMP: `${home}/tmp`,
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

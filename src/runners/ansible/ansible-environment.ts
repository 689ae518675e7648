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
    ANSIBLE_LOCAL_TEMP: `${home}/tmp`,
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

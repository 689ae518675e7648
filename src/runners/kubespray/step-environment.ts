import { dirname, join } from 'node:path';
import { virtualEnvironmentOf } from '../ansible/python-modules.ts';

const FACTS_SECONDS = 86_400;
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Of a cluster, beside the folder of all runs: what outlives one of them. */
export function clusterFolder(runsDir: string, cluster: string): string {
  return join(dirname(runsDir), 'clusters', cluster);
}

/**
 * One ansible.cfg and one cache of facts for all of a run's playbooks: DeepOps and Kubespray keep facts in different folders,
 * and a play that is limited to a new node needs the facts of the others.
 */
export function stepEnvironment(parts: {
  readonly folder: string;
  readonly ansible: string;
  readonly ansibleConfig: string | undefined;
  readonly kubeconfig: string;
}): Record<string, string> {
  const environment = virtualEnvironmentOf(parts.ansible);
  return {
    ...(parts.ansibleConfig === undefined ? {} : { ANSIBLE_CONFIG: parts.ansibleConfig }),
    ANSIBLE_GATHERING: 'smart',
    ANSIBLE_CACHE_PLUGIN: 'jsonfile',
    ANSIBLE_CACHE_PLUGIN_CONNECTION: join(parts.folder, 'facts'),
    ANSIBLE_CACHE_PLUGIN_TIMEOUT: String(FACTS_SECONDS),
    // DeepOps' tasks on this host call kubectl, which it keeps beside the kubeconfig file.
    KUBECONFIG: parts.kubeconfig,
    PATH: [
      ...(environment === undefined ? [] : [join(environment, 'bin')]),
      dirname(parts.kubeconfig),
      ...SYSTEM_PATH,
    ].join(':'),
    ...(environment === undefined ? {} : { VIRTUAL_ENV: environment }),
  };
}

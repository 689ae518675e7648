import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Obstacle } from '../../domain/hand-off.ts';
import type { CheckoutLayout } from './checkout-layout.ts';

const REQUIREMENTS = 'roles/requirements.yml';
const GALAXY = 'roles/galaxy';

/**
 * What DeepOps' own playbooks need beside Kubespray, and would ask for an hour later: the roles that its setup.sh fetches, and
 * kubectl on podboot's host, since the plays that would bring it (tag `local`) are left out.
 * @param path PATH of the run
 */
export function deepopsObstacles({ kind, root }: CheckoutLayout, path: string): Obstacle[] {
  if (kind !== 'deepops') return [];
  return [...roleObstacles(root), ...kubectlObstacles(path)];
}

function roleObstacles(root: string): Obstacle[] {
  let text: string;
  try {
    text = readFileSync(join(root, REQUIREMENTS), 'utf8');
  } catch {
    return [];
  }
  const wanted = [...text.matchAll(/^\s*-\s+src:\s*["']?([\w.-]+)["']?\s*$/gm)].flatMap(([, name]) => name ?? []);
  const missing = wanted.filter((name) => !existsSync(join(root, GALAXY, name)));
  if (missing.length === 0) return [];
  return [
    {
      code: 'galaxy-roles-missing',
      message: `${root} has not all roles that its playbooks take from Ansible Galaxy: ${missing.join(', ')}.`,
      mend: `In ${root}: ansible-galaxy role install -p ${GALAXY} -r ${REQUIREMENTS}, and the same with collection install -p collections; or scripts/setup.sh.`,
    },
  ];
}

function kubectlObstacles(path: string): Obstacle[] {
  if (path.split(delimiter).some((folder) => existsSync(join(folder, 'kubectl')))) return [];
  const mend = 'Install it on the host of podboot, for example as /usr/local/bin/kubectl.';
  return [{ code: 'kubectl-missing', message: 'DeepOps calls kubectl on this host, and there is none.', mend }];
}

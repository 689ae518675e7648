import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Obstacle } from '../../domain/hand-off.ts';

/** Where the playbooks of a checkout are, which differs between versions: it is looked at, not its name. Paths below its root. */
export interface CheckoutLayout {
  readonly kind: 'deepops' | 'kubespray';
  readonly root: string;
  /** Of Kubespray, below the root: empty where it is the root. */
  readonly kubespray: string;
  /** All of a cluster. */
  readonly deploy: string;
  readonly facts: string;
  readonly scale: string;
  readonly remove: string;
  readonly upgrade: string;
  readonly ansibleConfig?: string;
}

const SUBMODULE = 'submodules/kubespray';
const DEEPOPS = 'playbooks/k8s-cluster.yml';
/** By what it is in today's Kubespray, and where it was before. */
const PLAYBOOKS = {
  deploy: ['cluster.yml'],
  facts: ['playbooks/facts.yml', 'facts.yml'],
  scale: ['scale.yml'],
  remove: ['remove-node.yml', 'remove_node.yml'],
  upgrade: ['upgrade-cluster.yml', 'upgrade_cluster.yml'],
} as const;

export function layoutOf(root: string): CheckoutLayout | Obstacle {
  const isDeepops = existsSync(join(root, DEEPOPS));
  const kubespray = isDeepops ? SUBMODULE : '';
  const found: Partial<Record<keyof typeof PLAYBOOKS, string>> = {};
  for (const [name, places] of Object.entries(PLAYBOOKS)) {
    const place = places.map((each) => join(kubespray, each)).find((each) => existsSync(join(root, each)));
    if (place === undefined) return missing(root, isDeepops, places[0] as string);
    found[name as keyof typeof PLAYBOOKS] = place;
  }
  const { facts, scale, remove, upgrade, deploy } = found as Required<typeof found>;
  return {
    kind: isDeepops ? 'deepops' : 'kubespray',
    root,
    kubespray,
    deploy: isDeepops ? DEEPOPS : deploy,
    ...{ facts, scale, remove, upgrade },
    ...(existsSync(join(root, 'ansible.cfg')) ? { ansibleConfig: join(root, 'ansible.cfg') } : {}),
  };
}

function missing(root: string, isDeepops: boolean, playbook: string): Obstacle {
  if (isDeepops) {
    return {
      code: 'submodule-missing',
      message: `${root} is DeepOps without its Kubespray: ${SUBMODULE}/${playbook} is not there`,
      mend: `git -C ${root} submodule update --init --recursive`,
    };
  }
  return {
    code: 'checkout-unfit',
    message: `${root} is neither DeepOps (${DEEPOPS}) nor Kubespray: it has no ${playbook}`,
    mend: 'Name the root of a checkout of one of them in the cluster’s checkout.',
  };
}

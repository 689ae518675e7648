import { OLD_SPELLINGS, SLURM_GROUPS } from './group-names.ts';
import type { InventoryGroup, Variables } from './inventory.ts';

interface Draft {
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  vars: Variables;
}

/** Groups while they are put together: members in the order in which they came, and no circles. */
export class GroupTable {
  readonly #groups = new Map<string, Draft>();
  readonly #adopted: ReadonlyMap<string, readonly string[]>;

  /** @param adopted children of groups of another inventory that is read together with this one */
  constructor(adopted: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.#adopted = adopted;
  }

  addHost(group: string, host: string): void {
    this.#draft(group).hosts.add(host);
  }

  addVars(group: string, vars: Variables): void {
    const draft = this.#draft(group);
    draft.vars = { ...draft.vars, ...vars };
  }

  hostsOf(group: string): readonly string[] {
    return [...(this.#groups.get(group)?.hosts ?? [])];
  }

  /**
   * etcd is where the control plane is unless told; Kubespray asks for all of these groups once it is run. An adopted
   * inventory that has its own counts.
   */
  completeKubernetes(): void {
    const wanted = ['kube_control_plane', 'kube_node', 'calico_rr', 'etcd'];
    if (!wanted.some((group) => this.#isThere(group))) return;
    for (const group of ['kube_control_plane', 'etcd', 'kube_node']) this.#draft(group);
    if (!this.#isFilled('etcd')) {
      for (const host of this.hostsOf('kube_control_plane')) this.addHost('etcd', host);
    }
    this.#addChild('k8s_cluster', 'kube_control_plane');
    this.#addChild('k8s_cluster', 'kube_node');
    if (this.#isThere('calico_rr')) this.#addChild('k8s_cluster', 'calico_rr');
  }

  /** As DeepOps' example: services of their own where told, else on the head node. */
  completeSlurm(): void {
    if (!SLURM_GROUPS.some((group) => this.#isThere(group))) return;
    for (const group of ['slurm-master', 'slurm-node', 'slurm-nfs']) this.#draft(group);
    if (!this.#isFilled('slurm-nfs')) this.#addChild('slurm-nfs', 'slurm-master');
    for (const group of ['slurm-cache', 'slurm-metric', 'slurm-login']) {
      if (!this.#isFilled(group)) this.#addChild(group, 'slurm-master');
    }
    if (!this.#isFilled('slurm-nfs-client')) this.#addChild('slurm-nfs-client', 'slurm-node');
    for (const group of SLURM_GROUPS) {
      if (group !== 'slurm-nfs-client') this.#addChild('slurm-cluster', group);
    }
  }

  addOldSpellings(): void {
    for (const [today, old] of OLD_SPELLINGS) if (this.#groups.has(today)) this.#addChild(old, today);
  }

  groups(): ReadonlyMap<string, InventoryGroup> {
    return new Map(
      [...this.#groups].map(([name, { hosts, children, vars }]) => [
        name,
        { hosts: [...hosts], children: [...children], vars },
      ]),
    );
  }

  #draft(group: string): Draft {
    let draft = this.#groups.get(group);
    if (draft === undefined) {
      draft = { hosts: new Set(), children: new Set(), vars: {} };
      this.#groups.set(group, draft);
    }
    return draft;
  }

  #isThere(group: string): boolean {
    return this.#groups.has(group) || this.#adopted.has(group);
  }

  #isFilled(group: string): boolean {
    const draft = this.#groups.get(group);
    return (
      (draft?.hosts.size ?? 0) > 0 || (draft?.children.size ?? 0) > 0 || (this.#adopted.get(group)?.length ?? 0) > 0
    );
  }

  /** An adopted file may have the names the other way round; then they mean the same already, and a circle is refused by Ansible. */
  #addChild(group: string, child: string): void {
    if (!this.#reaches(child, group)) this.#draft(group).children.add(child);
  }

  #reaches(from: string, to: string, seen = new Set<string>()): boolean {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    const children = [...(this.#groups.get(from)?.children ?? []), ...(this.#adopted.get(from) ?? [])];
    return children.some((child) => this.#reaches(child, to, seen));
  }
}

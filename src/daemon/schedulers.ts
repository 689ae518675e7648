import type { Commands } from '../domain/commands.ts';
import type { ClusterSettings } from '../domain/hand-off.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import type { Node } from '../domain/node.ts';
import type { Clock, NodeDirectory } from '../domain/ports.ts';
import { type KubernetesNodes, OWNER_LABEL, type SlurmNodes } from '../domain/schedulers.ts';
import type { Settings } from '../domain/settings.ts';
import type { ClusterScheduler } from '../runners/acceptance/acceptance-gate.ts';
import { textOption } from '../runners/kinds/option-values.ts';
import { type KubernetesClient, kubernetesFrom } from '../runners/kubernetes/kubernetes-client.ts';
import { kubernetesScheduler } from '../runners/owner/kubernetes-scheduler.ts';
import type { OwnerWorld } from '../runners/owner/owner-step.ts';
import { slurmScheduler } from '../runners/owner/slurm-scheduler.ts';
import { createSlurmClient } from '../runners/slurm/slurm-client.ts';
import { localSlurm, remoteSlurm, type SlurmPrograms } from '../runners/slurm/slurm-programs.ts';
import type { Ssh } from '../runners/ssh/ssh-client.ts';

const KUBERNETES_TIMEOUT_MS = 15_000;

export interface SchedulerParts {
  readonly settings: () => Settings;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly ssh: Ssh;
  readonly nodes: NodeDirectory;
  readonly addressOf: (node: Node) => string | undefined;
}

/** Clients of the clusters in podboot.yaml, made when they are first needed and anew after a reload. */
export class Schedulers {
  readonly #parts: SchedulerParts;
  #madeFor: Settings | undefined;
  readonly #kubernetes = new Map<string, KubernetesClient>();
  readonly #slurm = new Map<string, SlurmNodes>();

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Who may own nodes: the first Kubernetes and the first Slurm. */
  world(): OwnerWorld {
    const clusters = this.#parts.settings().clusters ?? [];
    const kubernetes = clusters.find(hasKubernetes);
    const slurm = clusters.find(hasSlurm);
    return {
      schedulers: [
        ...(kubernetes === undefined ? [] : [kubernetesScheduler(() => this.kubernetes(kubernetes))]),
        ...(slurm === undefined ? [] : [slurmScheduler(this.slurm(slurm))]),
      ],
      label: async (node, owner) => {
        if (kubernetes === undefined) return;
        const client = this.kubernetes(kubernetes);
        // Slurm may own nodes that never joined Kubernetes: there is nothing to label then.
        if ((await client.node(node)) === undefined) return;
        await client.label(node, { [OWNER_LABEL]: owner === 'none' ? null : owner });
      },
    };
  }

  /** @throws InvalidInput with what is wrong with its kubeconfig */
  kubernetes(cluster: ClusterSettings): KubernetesNodes {
    this.#forgetOld();
    const file = textOption(cluster.options, 'kubeconfig') ?? '/etc/kubernetes/admin.conf';
    const known = this.#kubernetes.get(file);
    if (known !== undefined) return known;
    const made = kubernetesFrom(file, this.#parts.clock, { timeoutMs: KUBERNETES_TIMEOUT_MS });
    this.#kubernetes.set(file, made);
    return made;
  }

  slurm(cluster: ClusterSettings): SlurmNodes {
    this.#forgetOld();
    const known = this.#slurm.get(cluster.name);
    if (known !== undefined) return known;
    const made = createSlurmClient(this.#programs(cluster));
    this.#slurm.set(cluster.name, made);
    return made;
  }

  /** Undefined where nothing says how to ask it: Slurm's programs may be nowhere near. */
  schedulerOf(cluster: ClusterSettings): ClusterScheduler | undefined {
    if (hasKubernetes(cluster)) return { kind: 'kubernetes', nodes: () => this.kubernetes(cluster) };
    if (!hasSlurm(cluster) || (cluster.acceptance === undefined && !isSlurmNear(cluster))) return undefined;
    return { kind: 'slurm', nodes: this.slurm(cluster), programs: this.#programs(cluster) };
  }

  #programs(cluster: ClusterSettings): SlurmPrograms {
    const { commands, ssh, nodes, addressOf } = this.#parts;
    const config = textOption(cluster.options, 'slurmConf');
    const login = textOption(cluster.options, 'login');
    const node = login === undefined ? undefined : nodes.byName(login);
    return login === undefined
      ? localSlurm(commands, config)
      : remoteSlurm(
          ssh,
          { name: login, address: (node === undefined ? undefined : addressOf(node)) ?? login },
          withoutItself(cluster, login),
          config,
        );
  }

  async close(): Promise<void> {
    const clients = [...this.#kubernetes.values()];
    this.#kubernetes.clear();
    this.#slurm.clear();
    await Promise.all(clients.map((client) => client.close()));
  }

  /** Settings are one frozen object for each reload. */
  #forgetOld(): void {
    const settings = this.#parts.settings();
    if (this.#madeFor === settings) return;
    this.#madeFor = settings;
    this.close().catch(() => {
      // Connections of clients that nobody has any more.
    });
  }
}

export function hasKubernetes({ runner, options }: ClusterSettings): boolean {
  return runner !== 'slurm' && textOption(options, 'kubeconfig') !== undefined;
}

/** By its runner, or because podboot.yaml says how its Slurm is asked: a site's own program may be what nodes join it by. */
function hasSlurm(cluster: ClusterSettings): boolean {
  return cluster.runner === 'slurm' || isSlurmNear(cluster);
}

function isSlurmNear({ options }: ClusterSettings): boolean {
  return options.login !== undefined || options.slurmConf !== undefined;
}

/** A login node is often the bastion: nobody hops over himself. */
function withoutItself({ ssh }: ClusterSettings, login: string): ClusterSettings['ssh'] {
  if (ssh.bastion?.host !== login) return ssh;
  const { bastion, ...direct } = ssh;
  return {
    ...direct,
    user: bastion.user,
    port: bastion.port,
    ...(bastion.keyFile === undefined ? {} : { keyFile: bastion.keyFile }),
  };
}

export function hostAddress(address: number | undefined): string | undefined {
  return address === undefined ? undefined : formatIpv4(address);
}

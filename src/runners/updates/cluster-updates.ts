import type { Commands } from '../../domain/commands.ts';
import { Conflict, NotFound } from '../../domain/errors.ts';
import type { ClusterSettings, Obstacle, RunBook, RunPlan, RunStatus, RunStep } from '../../domain/hand-off.ts';
import type { UpdatePlan, Updates } from '../../domain/update.ts';
import { inspectCheckout } from '../ansible/checkout-state.ts';
import { textOption } from '../kinds/option-values.ts';

/** A node of the cluster with the version that it runs. */
export interface RunningVersion {
  readonly node: string;
  readonly version: string;
}

/** What is known of versions, by the kind of runner. */
export interface VersionFacts {
  readonly running: readonly RunningVersion[];
  /** Pinned. */
  readonly wanted?: string;
  /** What the versions have against it. */
  readonly obstacles: readonly Obstacle[];
}

export interface UpdatesOptions {
  readonly clusters: () => readonly ClusterSettings[];
  readonly runs: Pick<RunBook, 'plan' | 'start'>;
  readonly versions: (cluster: ClusterSettings) => Promise<VersionFacts>;
  readonly commands: Commands;
}

/** Updates of clusters to what they are pinned to: looked at first, then run as one run of the kind `upgrade`. */
export class ClusterUpdates implements Updates {
  readonly #options: UpdatesOptions;

  constructor(options: UpdatesOptions) {
    this.#options = options;
  }

  async plan(name: string): Promise<UpdatePlan> {
    const cluster = this.#cluster(name);
    const [facts, run, checkout] = await Promise.all([
      this.#options.versions(cluster),
      this.#options.runs.plan({ cluster: name, action: 'upgrade', hosts: [], by: 'a look' }),
      this.#checkout(cluster),
    ]);
    return updatePlan(cluster, facts, run, checkout);
  }

  async run(name: string, to: string, by: string): Promise<RunStatus> {
    const plan = await this.plan(name);
    const look = `podboot update plan ${name}`;
    if (plan.to !== to)
      throw new Conflict(
        `The update of ${name} is to ${plan.to ?? 'a version that can’t be told'} now, and not to ${to}.`,
        [],
        look,
      );
    if (plan.obstacles.length > 0)
      throw new Conflict(
        `The update of ${name} is not begun.`,
        plan.obstacles.map(({ code, host, message, mend }) => ({ path: host ?? code, message, mend })),
        look,
        'run-refused',
      );
    if (plan.isUpToDate) throw new Conflict(`Every node of ${name} has ${to} already.`, [], look);
    return this.#options.runs.start({ cluster: name, action: 'upgrade', hosts: [], by });
  }

  async #checkout(cluster: ClusterSettings): Promise<UpdatePlan['checkout']> {
    const path = textOption(cluster.options, 'checkout');
    if (path === undefined) return undefined;
    const { commit } = await inspectCheckout(path, undefined, this.#options.commands);
    return { path, ...(commit === undefined ? {} : { commit }) };
  }

  #cluster(name: string): ClusterSettings {
    const clusters = this.#options.clusters();
    const cluster = clusters.find((each) => each.name === name);
    if (cluster !== undefined) return cluster;
    throw new NotFound(
      `There is no cluster ${name}.`,
      `There are ${clusters.map((each) => each.name).join(', ') || 'none'}.`,
    );
  }
}

/** Pure. */
export function updatePlan(
  { name, runner }: ClusterSettings,
  { running, wanted, obstacles }: VersionFacts,
  run: RunPlan,
  checkout: UpdatePlan['checkout'],
): UpdatePlan {
  const known = new Set(obstacles.map(({ code }) => code));
  const byVersion = Map.groupBy(running, ({ version }) => version);
  const from = [...byVersion]
    .map(([version, nodes]) => ({ version, nodes: nodes.map(({ node }) => node).sort() }))
    .sort((one, other) => byNumbers(one.version, other.version));
  return {
    cluster: name,
    runner,
    from,
    ...(wanted === undefined ? {} : { to: wanted }),
    ...(checkout === undefined ? {} : { checkout }),
    steps: run.steps.map((step) => stepView(step)),
    leftOut: run.leftOut ?? [],
    isUpToDate: wanted !== undefined && from.length > 0 && from.every(({ version }) => version === wanted),
    obstacles: [...obstacles, ...run.obstacles.filter(({ code }) => !known.has(code))],
  };
}

/** Workers are not taken down all at once: `serial` of Kubespray's upgrade-cluster.yml. */
function stepView({ name, hosts, argv }: RunStep): UpdatePlan['steps'][number] {
  for (const word of argv) {
    const [, serial] = /^\{"serial":"?([0-9]+%?)"?\}$/.exec(word) ?? [];
    if (serial !== undefined) return { name, nodes: hosts, atOnce: serial };
  }
  return { name, nodes: hosts };
}

function byNumbers(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

import type { LeftOutHost, Obstacle, RunnerKind, RunStatus } from './hand-off.ts';

/** What an update of a cluster would do, looked at before it is begun. */
export interface UpdatePlan {
  readonly cluster: string;
  readonly runner: RunnerKind;
  /** Versions that run now, the oldest first, with the nodes that have them; empty: nothing could be asked, or has none. */
  readonly from: readonly { readonly version: string; readonly nodes: readonly string[] }[];
  /** To what it is pinned: by the operator's word, else by the checkout. Undefined: that can't be told. */
  readonly to?: string;
  /** Where the playbooks come from. */
  readonly checkout?: { readonly path: string; readonly commit?: string };
  /** One after another, each with the nodes that it touches, and how many at once. */
  readonly steps: readonly { readonly name: string; readonly nodes: readonly string[]; readonly atOnce?: string }[];
  /** Nodes that would keep the version that they have. */
  readonly leftOut: readonly LeftOutHost[];
  /** Nothing is left to do: every node has that version. */
  readonly isUpToDate: boolean;
  /** Each with its mend; an update with any is not begun. */
  readonly obstacles: readonly Obstacle[];
}

export interface Updates {
  /** Changes nothing. @throws NotFound */
  plan(cluster: string): Promise<UpdatePlan>;
  /**
   * @param to the version of the plan that was looked at: another one by now is refused
   * @throws NotFound, Conflict, and as `RunBook.start`
   */
  run(cluster: string, to: string, by: string): Promise<RunStatus>;
}

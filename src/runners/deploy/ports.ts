import type { NodeChoice } from '../../domain/deployment.ts';
import type { AcceptanceGate, ClusterSettings, RunBook, RunHost, RunId } from '../../domain/hand-off.ts';
import type { Clock, EventSink, StoreChange } from '../../domain/ports.ts';
import type { Owner } from '../../domain/schedulers.ts';
import type { ServiceBoard } from '../../domain/services.ts';
import type { SeenNode, SeenOwner } from './decision.ts';

/** What arming a node would come to, or came to. */
export interface InstallOutcome {
  readonly outcome: 'done' | 'would' | 'already' | 'refused';
  readonly text: string;
  readonly mend?: string;
}

/** What plans need of nodes and their lives. */
export interface DeployNodes {
  /** In the order of their names. */
  choose(choice: NodeChoice): readonly SeenNode[];
  /** What an installation would come to; nothing is armed. */
  judgeInstall(name: string, profile: string | undefined): InstallOutcome;
  /** Arms it and starts it. */
  install(name: string, profile: string | undefined, by: string): Promise<InstallOutcome>;
}

/** What plans need of who owns the nodes. */
export interface DeployOwners {
  look(node: string): SeenOwner | undefined;
  /**
   * Begins the change of each; how it goes is looked at.
   * @param waitMs how long what runs there may take to end
   * @throws PodbootError where one was refused; the others were begun
   */
  give(nodes: readonly string[], owner: Owner, by: string, waitMs: number): Promise<void>;
}

export interface DeployRuns extends Pick<RunBook, 'start' | 'plan' | 'get' | 'all' | 'stop' | 'onChange'> {
  busyWith(cluster: string): RunId | 'starting' | undefined;
}

export interface DeployHouse {
  readonly runs: DeployRuns;
  readonly services: Pick<ServiceBoard, 'status' | 'deploy'>;
  /** Names of the catalogue. */
  readonly serviceNames: () => readonly string[];
  readonly nodes: DeployNodes;
  /** Absent: this site has no two schedulers. */
  readonly owners?: DeployOwners;
  readonly gate: AcceptanceGate;
  readonly clusters: () => readonly ClusterSettings[];
  readonly membersOf: (cluster: ClusterSettings) => readonly RunHost[];
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
}

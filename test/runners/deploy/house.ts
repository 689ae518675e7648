import type { Deployment, NodeChoice } from '../../../src/domain/deployment.ts';
import { Conflict } from '../../../src/domain/errors.ts';
import type { BootEvent } from '../../../src/domain/events.ts';
import type {
  CheckResult,
  ClusterSettings,
  Obstacle,
  RunHost,
  RunPlan,
  RunRequest,
  RunState,
  RunStatus,
} from '../../../src/domain/hand-off.ts';
import { expandHostlist } from '../../../src/domain/hostlist.ts';
import type { NodeState } from '../../../src/domain/node-life.ts';
import type { StoreChange } from '../../../src/domain/ports.ts';
import type { Owner } from '../../../src/domain/schedulers.ts';
import type { ProbeResult, ServiceView } from '../../../src/domain/services.ts';
import { DeploymentBook } from '../../../src/runners/deploy/deployment-book.ts';
import { FakeClock, settle } from '../../harness/clock.ts';

export interface HouseNode {
  readonly name: string;
  readonly roles: readonly string[];
  state: NodeState;
  fault?: string;
  owner?: Owner;
  changing?: string;
  trouble?: string;
  /** Why it can't be installed. */
  refused?: string;
}

const SERVICES = ['ingress', 'container-registry', 'dashboard', 'monitoring', 'logging'];

/** A pod on paper: runs that end when a test says so, nodes that are what it says they are. Its store outlives the book. */
export class DeployPod {
  readonly clock = new FakeClock();
  readonly nodes: HouseNode[] = [];
  readonly runs: RunStatus[] = [];
  readonly installed: string[] = [];
  readonly given: string[] = [];
  readonly events: BootEvent[] = [];
  readonly stored = new Map<string, Deployment>();
  readonly links = new Map<string, ProbeResult>();
  obstacles: readonly Obstacle[] = [];
  checks: readonly CheckResult[] = [];
  commitFails = false;
  clusters: ClusterSettings[] = [cluster('pod1', 'kubespray', ['mgmt', 'dgx'])];
  book: DeploymentBook;
  readonly #listeners = new Set<(run: RunStatus) => void>();
  #count = 0;

  constructor() {
    this.book = this.#newBook();
  }

  /** As after kill -9: only what was committed is known. */
  async restart(): Promise<void> {
    await this.book.close();
    this.#listeners.clear();
    this.book = this.#newBook();
    await this.book.open();
    await settle(20);
  }

  addNodes(names: string, roles: readonly string[], state: NodeState): void {
    for (const name of expandHostlist(names)) this.nodes.push({ name, roles, state });
  }

  set(names: string, change: Partial<HouseNode>): void {
    for (const name of expandHostlist(names))
      Object.assign(this.nodes.find((node) => node.name === name) ?? {}, change);
  }

  get running(): readonly RunStatus[] {
    return this.runs.filter(({ state }) => state === 'running');
  }

  async end(state: Exclude<RunState, 'running'> = 'succeeded', reason?: string): Promise<RunStatus> {
    const index = this.runs.findIndex((run) => run.state === 'running');
    const run = this.runs[index];
    if (run === undefined) throw new Error('no run is under way');
    const ended: RunStatus = { ...run, state, endedAt: this.clock.now(), ...(reason === undefined ? {} : { reason }) };
    this.runs[index] = ended;
    for (const listener of this.#listeners) listener(ended);
    await this.pass();
    return ended;
  }

  /** Some seconds, with all that comes of them. */
  async pass(seconds = 11): Promise<void> {
    await settle(30);
    await this.clock.advanceSettling(seconds * 1_000, 11_000);
    await settle(30);
  }

  step(plan: string, name: string) {
    const found = this.book.get(plan).steps[name];
    if (found === undefined) throw new Error(`no step ${name}`);
    return found;
  }

  states(plan: string): string {
    return Object.entries(this.book.get(plan).steps)
      .map(([name, { state }]) => `${name} ${state}`)
      .join(', ');
  }

  async start(request: RunRequest): Promise<RunStatus> {
    const busy = this.running.find((run) => run.cluster === request.cluster);
    if (busy !== undefined) throw new Conflict(`${request.cluster} is busy`, [], undefined, 'cluster-busy');
    if (this.obstacles.length > 0)
      throw new Conflict(
        'refused',
        this.obstacles.map(({ message, mend }) => ({ path: '', message, mend })),
        undefined,
        'run-refused',
      );
    this.#count += 1;
    const { cluster: name, action, by, service } = request;
    const run: RunStatus = {
      id: `run-${this.#count}`,
      cluster: name,
      runner: 'kubespray',
      action,
      ...(service === undefined ? {} : { service }),
      by,
      state: 'running',
      hosts: Object.fromEntries(request.hosts.map((host) => [host, { result: 'pending' as const }])),
      steps: [],
      startedAt: this.clock.now(),
    };
    this.runs.push(run);
    return run;
  }

  async service(cluster: string, name: string): Promise<ServiceView> {
    const newest = this.runs.findLast((run) => run.cluster === cluster && run.service === name);
    const state =
      newest === undefined
        ? 'not-deployed'
        : newest.state === 'running'
          ? 'deploying'
          : newest.state === 'succeeded'
            ? 'deployed'
            : 'failed';
    const probe = this.links.get(name);
    return {
      ...{ name, title: name, summary: '', origin: 'podboot', needs: [], state, runs: [], secrets: [], obstacles: [] },
      links: probe === undefined ? [] : [{ name, url: `http://10.0.0.1/${name}`, probe }],
    };
  }

  #newBook(): DeploymentBook {
    return new DeploymentBook({
      deployments: [...this.stored.values()],
      runs: {
        start: (request) => this.start(request),
        plan: async (request): Promise<RunPlan> => ({
          request,
          runner: 'kubespray',
          hosts: [],
          steps: [],
          files: [],
          obstacles: this.obstacles,
        }),
        get: (id) => this.runs.find((run) => run.id === id),
        all: () => [...this.runs].reverse(),
        stop: async (id) => {
          const index = this.runs.findIndex((run) => run.id === id);
          const stopped = { ...(this.runs[index] as RunStatus), state: 'stopped' as const, reason: 'It was stopped.' };
          this.runs[index] = stopped;
          return stopped;
        },
        onChange: (listener) => {
          this.#listeners.add(listener);
          return () => void this.#listeners.delete(listener);
        },
        busyWith: (name) => this.running.find((run) => run.cluster === name)?.id,
      },
      services: {
        status: (name, service) => this.service(name, service),
        deploy: (name, service, by) => this.start({ cluster: name, action: 'service', hosts: [], by, service }),
      },
      serviceNames: () => SERVICES,
      nodes: {
        choose: (choice) => this.nodes.filter((node) => fits(node, choice)),
        judgeInstall: (name) => {
          const refused = this.nodes.find((node) => node.name === name)?.refused;
          return refused === undefined ? { outcome: 'would', text: '' } : { outcome: 'refused', text: refused };
        },
        install: async (name) => {
          const node = this.nodes.find((each) => each.name === name);
          if (node?.refused !== undefined) return { outcome: 'refused', text: node.refused };
          if (node !== undefined) node.state = 'booting';
          this.installed.push(name);
          return { outcome: 'done', text: 'armed' };
        },
      },
      owners: {
        look: (name) => {
          const node = this.nodes.find((each) => each.name === name);
          if (node?.owner === undefined) return undefined;
          const { owner, changing, trouble } = node;
          return {
            owner,
            ...(changing === undefined ? {} : { underWay: changing }),
            ...(trouble === undefined ? {} : { trouble }),
          };
        },
        give: async (names, owner) => {
          this.given.push(...names.map((name) => `${name} ${owner}`));
          for (const name of names)
            if (this.nodes.find((node) => node.name === name)?.owner !== owner)
              this.set(name, { changing: 'job 4711' });
        },
      },
      gate: { check: async (_, hosts) => new Map(hosts.map(({ name }) => [name, this.checks])) },
      clusters: () => this.clusters,
      membersOf: ({ roles }) =>
        this.nodes
          .filter((node) => node.roles.some((role) => roles.includes(role)))
          .map(({ name, roles: own }): RunHost => ({ id: name, name, roles: own })),
      commit: async (batch) => this.#commit(batch),
      clock: this.clock,
      events: { wantsDebug: false, emit: (event) => void this.events.push(event) },
    });
  }

  #commit(batch: readonly StoreChange[]): void {
    if (this.commitFails) throw new Error('the disk is full');
    for (const change of batch) {
      if ('remove' in change && change.remove === 'document') this.stored.delete(change.id);
      if ('put' in change && change.put === 'document' && change.kind === 'deployment')
        this.stored.set(change.id, change.document);
    }
  }
}

export function cluster(name: string, runner: ClusterSettings['runner'], roles: readonly string[]): ClusterSettings {
  return {
    ...{ name, runner, roles, settleMs: 0, inactivityMs: 0, options: {} },
    waves: { canaryNodes: 0, maxNodes: 10, maxFailedShare: 1 },
    ssh: { user: 'ubuntu', port: 22 },
  };
}

function fits({ name, roles }: HouseNode, { names, roles: wanted, exceptRoles = [] }: NodeChoice): boolean {
  if (names !== undefined && !expandHostlist(names).includes(name)) return false;
  if (wanted !== undefined && !roles.some((role) => wanted.includes(role))) return false;
  return !roles.some((role) => exceptRoles.includes(role));
}

import { InvalidInput, PodbootError } from '../../domain/errors.ts';
import type { AcceptanceGate, CheckResult, ClusterSettings, RunHost } from '../../domain/hand-off.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { Clock } from '../../domain/ports.ts';
import type { KubernetesNodes, SlurmNodes } from '../../domain/schedulers.ts';
import { TurnGate } from '../owner/turn-gate.ts';
import type { SlurmPrograms } from '../slurm/slurm-programs.ts';
import type { Ssh } from '../ssh/ssh-client.ts';
import type { CheckList, SchedulerExpectation } from './check-list.ts';
import { gpuTestFailed, kubernetesGpuTest, slurmGpuTest } from './gpu-test.ts';
import { kubernetesChecks } from './kubernetes-checks.ts';
import { loadCheckList } from './load-check-list.ts';
import { checkNode } from './node-checks.ts';
import { Pauses } from './pauses.ts';
import { slurmChecks } from './slurm-checks.ts';

/** SSH sessions and diagnoses at once. */
const AT_ONCE = 16;
const LOOK_MS = 10_000;

/** What the scheduler of a cluster is asked by. */
export type ClusterScheduler =
  | { readonly kind: 'kubernetes'; readonly nodes: () => KubernetesNodes }
  | { readonly kind: 'slurm'; readonly nodes: SlurmNodes; readonly programs: SlurmPrograms };

export interface AcceptanceParts {
  readonly ssh: Ssh;
  readonly clock: Clock;
  /** Undefined where podboot is not told how to ask it. */
  readonly schedulerOf: (cluster: ClusterSettings) => ClusterScheduler | undefined;
  readonly load?: (written: string) => CheckList;
}

/** What one node's acceptance has of its gate. */
interface Work extends AcceptanceParts {
  readonly pauses: Pauses;
}

export interface ClosableGate extends AcceptanceGate {
  /** Of podboot's end: what is under way is ended and says nothing any more; whoever waits for it asks again after the start. */
  close(): void;
}

const NO_CHECKS: CheckList = { checks: [], scheduler: { withinMs: 5 * 60_000 } };

/**
 * The list of the cluster by SSH, then the scheduler's own word, then, where the list asks for it, a job with one GPU; each
 * only where what stands before it is well. A cluster with neither list nor scheduler has no acceptance.
 */
export function createAcceptanceGate(parts: AcceptanceParts): ClosableGate {
  const gate = new TurnGate(AT_ONCE);
  const pauses = new Pauses(parts.clock);
  const work: Work = { ...parts, pauses };
  return {
    async check(cluster, hosts) {
      const list = listOf(cluster, parts.load ?? loadCheckList);
      if ('found' in list) return new Map(hosts.map(({ name }) => [name, [list]]));
      const results = await Promise.all(
        hosts.map(async (host) => [host.name, await gate.run(() => accept(cluster, host, list, work))] as const),
      );
      // A check that was cut off says nothing of its node.
      if (pauses.isClosed) await new Promise<never>(() => {});
      return new Map(results);
    },
    close: () => pauses.close(),
  };
}

function listOf({ acceptance }: ClusterSettings, load: (written: string) => CheckList): CheckList | CheckResult {
  if (acceptance === undefined) return NO_CHECKS;
  try {
    return load(acceptance);
  } catch (error) {
    const [first] = error instanceof InvalidInput ? error.problems : [];
    const what = first === undefined ? '' : `: ${first.path} ${first.message}`;
    const found = `${error instanceof Error ? error.message : String(error)}${what}`;
    const mend = first?.mend ?? (error instanceof PodbootError ? error.mend : undefined);
    return {
      check: 'check-list',
      ok: false,
      expected: 'a list of checks',
      found,
      ...(mend === undefined ? {} : { mend }),
    };
  }
}

async function accept(
  cluster: ClusterSettings,
  host: RunHost,
  { checks, scheduler }: CheckList,
  parts: Work,
): Promise<readonly CheckResult[]> {
  const found = await nodeResults(cluster, host, checks, parts);
  const asked = parts.schedulerOf(cluster);
  if (asked === undefined || parts.pauses.isClosed || found.some(({ ok }) => !ok)) return found;
  const said = await schedulerResults(asked, host.name, scheduler, parts);
  if (scheduler.gpuTest === undefined || said.some(({ ok }) => !ok)) return [...found, ...said];
  const { gpuTest } = scheduler;
  const test =
    asked.kind === 'kubernetes'
      ? Promise.resolve().then(() => kubernetesGpuTest(asked.nodes(), host.name, gpuTest, parts.clock, parts.pauses))
      : slurmGpuTest(asked.programs, host.name, gpuTest, parts.pauses);
  return [...found, ...said, await test.catch(gpuTestFailed)];
}

async function nodeResults(
  cluster: ClusterSettings,
  { name, address }: RunHost,
  checks: CheckList['checks'],
  { ssh, pauses }: Work,
): Promise<readonly CheckResult[]> {
  const [first] = checks;
  if (first === undefined) return [];
  if (address === undefined) {
    const mend = 'Reserve an address for its boot interface, or see that it renews its lease.';
    return [{ check: first.name, ok: false, expected: 'an address', found: 'it has none that is known', mend }];
  }
  return checkNode(checks, { name, address: formatIpv4(address) }, cluster.ssh, { ssh, pauses });
}

/** Drivers are installed and plugins started after the runner is done: it is asked again until it is content. */
async function schedulerResults(
  scheduler: ClusterScheduler,
  node: string,
  expected: SchedulerExpectation,
  { clock, pauses }: Work,
): Promise<readonly CheckResult[]> {
  const deadline = clock.monotonic() + expected.withinMs;
  for (;;) {
    const results = await lookOnce(scheduler, node, expected);
    if (results.every(({ ok }) => ok) || clock.monotonic() >= deadline || pauses.isClosed) return results;
    await pauses.pause(LOOK_MS);
  }
}

async function lookOnce(
  scheduler: ClusterScheduler,
  node: string,
  expected: SchedulerExpectation,
): Promise<readonly CheckResult[]> {
  const isKubernetes = scheduler.kind === 'kubernetes';
  try {
    return isKubernetes
      ? await kubernetesChecks(scheduler.nodes(), node, expected)
      : await slurmChecks(scheduler.nodes, node, expected);
  } catch (error) {
    const mend = error instanceof PodbootError ? error.mend : undefined;
    return [
      {
        check: isKubernetes ? 'kubernetes-ready' : 'slurm-idle',
        ok: false,
        expected: isKubernetes ? 'Ready' : 'idle',
        found: error instanceof Error ? error.message : String(error),
        ...(mend === undefined ? {} : { mend }),
      },
    ];
  }
}

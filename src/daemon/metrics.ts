import type { RunStatus } from '../domain/hand-off.ts';
import { formatSubnet } from '../domain/ipv4.ts';
import { NODE_STATES } from '../domain/node-life.ts';
import type { Clock } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import type { Discovery } from '../lifecycle/discovery/discovery.ts';
import type { NodeRegistry } from '../lifecycle/registry-port.ts';
import type { Timeline } from '../lifecycle/timeline.ts';
import { BootStages } from '../metrics/boot-stages.ts';
import { EventTally } from '../metrics/event-tally.ts';
import type { Exposition } from '../metrics/exposition.ts';
import type { MetricSources, PoolUse, ProcessUse } from '../metrics/sources.ts';
import type { StoreMeter } from '../metrics/store-meter.ts';
import type { ConsoleHub } from '../power/console/console-hub.ts';
import type { PowerService } from '../power/power-service.ts';
import type { BootService } from '../services/boot/boot-service.ts';
import type { DhcpService } from '../services/dhcp/dhcp-service.ts';
import type { LeaseTable } from '../services/dhcp/lease-table.ts';
import type { HealthCheck } from './health.ts';
import type { Lifecycle } from './lifecycle.ts';

export interface MetricParts {
  readonly version: string;
  readonly observers: Observers;
  readonly storeMeter: StoreMeter;
  readonly nodes: NodeRegistry;
  readonly leases: LeaseTable;
  readonly timeline: Timeline;
  readonly discovery: Discovery;
  readonly lifecycle: Lifecycle;
  readonly power: PowerService;
  readonly consoles: ConsoleHub;
  readonly boot: BootService;
  readonly dhcp: DhcpService;
  readonly serverCounters: () => Readonly<Record<'tftp' | 'dns' | 'syslog', Record<string, number>>>;
  readonly runs: () => readonly RunStatus[];
  readonly health: () => readonly HealthCheck[];
}

/** What listens to the events from the start on, so that its counters are whole at the first scrape. */
export interface Observers {
  readonly stages: BootStages;
  readonly warnings: EventTally;
}

export function createObservers(clock: Clock, settings: () => Settings): Observers {
  return {
    stages: new BootStages({ clock, isKernel: (file) => isKernel(file, settings()) }),
    warnings: new EventTally(),
  };
}

/** Everything of it is made at the first scrape, and kept. */
export function createMetrics(parts: MetricParts): () => Promise<Exposition> {
  let exposition: Promise<Exposition> | undefined;
  return () => {
    exposition ??= Promise.all([import('../metrics/exposition.ts'), import('../metrics/process-meter.ts')]).then(
      ([{ createExposition }, { ProcessMeter }]) => {
        const meter = new ProcessMeter();
        return createExposition(sourcesOf(parts, () => meter.use()));
      },
    );
    return exposition;
  };
}

function sourcesOf(parts: MetricParts, process: () => ProcessUse): MetricSources {
  const { version, observers, storeMeter, leases, timeline, discovery, lifecycle, power, consoles, boot, dhcp } = parts;
  return {
    version,
    dhcp: () => dhcp.statistics(),
    pools: () => leases.poolUse().flatMap(poolUse),
    tftp: () => parts.serverCounters().tftp,
    http: () => boot.statistics(),
    dns: () => parts.serverCounters().dns,
    syslog: () => parts.serverCounters().syslog,
    install: () => lifecycle.book.statistics(),
    power: () => power.statistics(),
    consoles: () => consoles.statistics(),
    timeline: () => timeline.statistics(),
    discovery: () => discovery.statistics(),
    bmcs: () => ({ outcomes: power.meter.outcomes, seconds: power.meter.seconds.snapshot() }),
    nodeStates: () => nodeStates(parts),
    nodeFaults: () => nodeFaults(parts),
    bootStages: () => observers.stages.seconds(),
    installations: () => observers.stages.installations(),
    warnings: () => observers.warnings.counts,
    runs: parts.runs,
    store: () => storeMeter.use(),
    process: once(process),
    health: () => new Map(parts.health().map(({ name, ok }) => [name, ok] as const)),
  };
}

/** Several metrics of one scrape ask for the same: the first of a scrape measures. */
function once<T>(measure: () => T): () => T {
  let kept: { readonly value: T } | undefined;
  return () => {
    if (kept === undefined) {
      kept = { value: measure() };
      setImmediate(() => {
        kept = undefined;
      });
    }
    return kept.value;
  };
}

function poolUse({ subnet, ...use }: ReturnType<LeaseTable['poolUse']>[number]): PoolUse[] {
  if (subnet.pools.length === 0) return [];
  const size = subnet.pools.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return [{ subnet: formatSubnet(subnet), size, ...use }];
}

function nodeStates({ nodes, lifecycle }: MetricParts): ReadonlyMap<string, number> {
  const counts = new Map<string, number>(NODE_STATES.map((state) => [state, 0]));
  for (const node of nodes.all()) {
    const { state } = lifecycle.book.life(node);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

function nodeFaults({ nodes, lifecycle }: MetricParts): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes.all()) {
    const code = lifecycle.book.life(node).fault?.code;
    if (code !== undefined) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return counts;
}

function isKernel(file: string, { boot }: Settings): boolean {
  for (const { kernel, medium } of boot.profiles.values()) {
    if (kernel === file || medium?.kernel === file) return true;
  }
  return false;
}

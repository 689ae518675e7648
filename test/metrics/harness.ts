import { Histogram } from '../../src/domain/histogram.ts';
import type { MetricSources } from '../../src/metrics/sources.ts';

const seconds = new Histogram([0.1, 1]);
for (const each of [0.05, 0.5, 5]) seconds.observe(each);

/** Figures of a pod that has done something of everything. */
export function sources(more: Partial<MetricSources> = {}): MetricSources {
  return {
    version: '1.2.3',
    dhcp: () => ({
      'received.discover': 3,
      'sent.offer': 2,
      'silent.pool-full': 1,
      'nak.wrong-network': 1,
      'leases.bound': 2,
    }),
    pools: () => [{ subnet: '10.77.0.0/24', size: 100, leased: 2, offered: 1, quarantined: 0 }],
    tftp: () => ({ done: 4, bytes: 1_024, retransmits: 1, running: 2 }),
    http: () => ({ httpRequests: 5, httpScripts: 2, httpSentBytes: 4_096 }),
    dns: () => ({ udpQuestions: 6 }),
    syslog: () => ({}),
    install: () => ({ claims: 1, 'refused.other-address': 1 }),
    power: () => ({ active: 1, silent: 1, jobs: 2 }),
    consoles: () => ({ consoles: 1 }),
    timeline: () => ({ written: 9, dropped: 0 }),
    discovery: () => ({ machines: 1 }),
    bmcs: () => ({ outcomes: new Map([['ok', 3]]), seconds: seconds.snapshot() }),
    nodeStates: () => new Map([['ready', 7]]),
    nodeFaults: () => new Map([['no-discover', 1]]),
    bootStages: () => new Map([['script', seconds.snapshot()]]),
    installations: () => new Map([['installed', 2]]),
    warnings: () => new Map([['dhcp.pool-full', 1]]),
    runs: () => [],
    store: () => ({ commits: 1, failedCommits: 0, pendingCommits: 0, pendingSeconds: 0, seconds: seconds.snapshot() }),
    process: () => ({
      residentBytes: 1e8,
      heapBytes: 5e7,
      cpuSeconds: 3,
      openFiles: 40,
      startedAt: 1.7e9,
      loopDelaySeconds: new Map([['99', 0.001]]),
    }),
    health: () => new Map([['store', true]]),
    ...more,
  };
}

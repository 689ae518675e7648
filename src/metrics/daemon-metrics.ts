import { buckets, counter, each, gauge, histogram, label, type Metric, one } from './metric.ts';

/** The daemon itself: its health, its store, its event loop, its memory. */
export const DAEMON_METRICS: readonly Metric[] = [
  gauge(
    'build_info',
    'Always 1.',
    ({ version }) => [{ labels: { version }, value: 1 }],
    label('version', 'of podboot'),
  ),
  gauge(
    'healthy',
    '1 where a part is as it should be, else 0: what /healthz and /readyz judge by.',
    ({ health }) =>
      each(
        'check',
        Array.from(health(), ([name, ok]) => [name, ok ? 1 : 0] as const),
      ),
    label('check', '`started`, `store`, `disk`'),
  ),
  counter(
    'warnings',
    'What was told in the log as a warning or an error, what was held back included.',
    ({ warnings }) => each('type', warnings()),
    label('type', 'of the event: `dhcp.other-server`, `dhcp.pool-full`, `install.network-boot-again`, …'),
  ),
  histogram(
    'store_commit_seconds',
    'What a commit to the store took, from the call to the disk (fsync).',
    ({ store }) => buckets('store_commit_seconds', store().seconds),
  ),
  counter('store_failed_commits', 'Commits that the disk refused.', ({ store }) => one(store().failedCommits)),
  gauge('store_pending_commits', 'Commits under way.', ({ store }) => one(store().pendingCommits)),
  gauge('store_pending_seconds', 'How long the oldest commit under way has waited.', ({ store }) =>
    one(store().pendingSeconds),
  ),
  counter('timeline_events', 'Events that were written to timelines.', ({ timeline }) => one(timeline().written)),
  counter('timeline_dropped_events', 'Events that the disk was too slow for.', ({ timeline }) =>
    one(timeline().dropped),
  ),
  gauge(
    'event_loop_delay_seconds',
    'How late the event loop came, since the last scrape.',
    ({ process }) => each('percentile', process().loopDelaySeconds),
    label('percentile', '`50`, `99`, `100` (the longest)'),
  ),
];

/** Under the names that every exporter has them by. */
export const PROCESS_METRICS: readonly Metric[] = [
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory size in bytes.',
    labels: [],
    read: ({ process }) => one(process().residentBytes),
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    type: 'gauge',
    help: 'Process heap size used from Node.js in bytes.',
    labels: [],
    read: ({ process }) => one(process().heapBytes),
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'Total user and system CPU time spent in seconds.',
    labels: [],
    read: ({ process }) => one(process().cpuSeconds),
  },
  {
    name: 'process_open_fds',
    type: 'gauge',
    help: 'Number of open file descriptors.',
    labels: [],
    read: ({ process }) => one(process().openFiles),
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'Start time of the process since unix epoch in seconds.',
    labels: [],
    read: ({ process }) => one(process().startedAt),
  },
];

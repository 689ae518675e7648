import { DAEMON_METRICS, PROCESS_METRICS } from './daemon-metrics.ts';
import { DHCP_METRICS } from './dhcp-metrics.ts';
import type { Metric } from './metric.ts';
import { NODE_METRICS } from './node-metrics.ts';
import { RUN_METRICS } from './run-metrics.ts';
import { SERVER_METRICS } from './server-metrics.ts';

/** All of them, in the order of the documents. */
export const METRICS: readonly Metric[] = [
  ...DHCP_METRICS,
  ...SERVER_METRICS,
  ...NODE_METRICS,
  ...RUN_METRICS,
  ...DAEMON_METRICS,
  ...PROCESS_METRICS,
];

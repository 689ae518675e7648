import { createRequire } from 'node:module';
import type { Metric, Sample } from './metric.ts';
import { METRICS } from './metrics.ts';
import type { MetricSources } from './sources.ts';

export interface Exposition {
  /** `text/plain; version=0.0.4` */
  readonly contentType: string;
  text(): Promise<string>;
}

/** A registry of prom-client's asks each of its metrics for this. */
interface ReadMetric {
  readonly name: string;
  get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Sample[] }>;
}

interface Registry {
  registerMetric(metric: ReadMetric): void;
  metrics(): Promise<string>;
}

interface RegistryClass {
  readonly PROMETHEUS_CONTENT_TYPE: string;
  new (): Registry;
}

/** A pod has some tens of subnets; a metric with more series than this would be a mistake that Prometheus pays for. */
const MOST_SERIES = 4_096;

/**
 * Loaded at the first scrape, and of prom-client the writer alone: the whole of it (percentiles, clusters, gateways) is
 * 8 MB of memory that nobody here would use.
 */
export function createExposition(sources: MetricSources): Exposition {
  const Registry: RegistryClass = createRequire(import.meta.url)('prom-client/lib/registry.js');
  const registry = new Registry();
  for (const metric of METRICS) registry.registerMetric({ name: metric.name, get: async () => read(metric, sources) });
  return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text: () => registry.metrics() };
}

function read({ name, help, type, read }: Metric, sources: MetricSources) {
  const values: Sample[] = [];
  for (const sample of read(sources)) {
    if (values.length >= MOST_SERIES) break;
    values.push(sample);
  }
  return { name, help, type, aggregator: 'sum', values };
}

import type { HistogramSnapshot } from '../domain/histogram.ts';
import type { MetricSources } from './sources.ts';

/** One series of a metric. Label values come from the code or the configuration, never from a packet. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of a histogram: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string;
}

export interface Label {
  readonly name: string;
  /** For the documents. */
  readonly meaning: string;
}

/** A metric, from its name to where its figures come from: one entry each, for the exposition as for the documents. */
export interface Metric {
  /** With its unit, and `_total` for counters (https://prometheus.io/docs/practices/naming/). */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly Label[];
  /** At a scrape, from figures that their owners keep anyhow. */
  readonly read: (sources: MetricSources) => Iterable<Sample>;
}

type Read = Metric['read'];

export function counter(name: string, help: string, read: Read, ...labels: Label[]): Metric {
  return { name: `podboot_${name}_total`, type: 'counter', help, labels, read };
}

export function gauge(name: string, help: string, read: Read, ...labels: Label[]): Metric {
  return { name: `podboot_${name}`, type: 'gauge', help, labels, read };
}

export function histogram(name: string, help: string, read: Read, ...labels: Label[]): Metric {
  return { name: `podboot_${name}`, type: 'histogram', help, labels, read };
}

export function label(name: string, meaning: string): Label {
  return { name, meaning };
}

/** One series without labels. A counter that its owner does not have yet has counted nothing. */
export function one(value: number | undefined): Sample[] {
  return [{ value: value ?? 0 }];
}

/** A series for each entry: `{ offer: 3 }` as `type="offer"`. */
export function* each(name: string, values: Iterable<readonly [string, number]>): Iterable<Sample> {
  for (const [value, figure] of values) yield { labels: { [name]: value }, value: figure };
}

/** Counters `sent.offer`, `sent.ack`: those that begin with `prefix`, by the rest of their names. */
export function* below(
  prefix: string,
  counters: Readonly<Record<string, number>>,
): Iterable<readonly [string, number]> {
  for (const [name, value] of Object.entries(counters)) {
    if (name.startsWith(prefix)) yield [name.slice(prefix.length), value];
  }
}

/** The named ones of counters, by the words that Prometheus shall know them by; one that is not there has counted nothing. */
export function named(
  counters: Readonly<Record<string, number>>,
  words: Readonly<Record<string, string>>,
): (readonly [string, number])[] {
  return Object.entries(words).map(([word, name]) => [word, counters[name] ?? 0] as const);
}

export function* buckets(
  name: string,
  { bounds, counts, sum, count }: HistogramSnapshot,
  labels: Readonly<Record<string, string>> = {},
): Iterable<Sample> {
  const metric = `podboot_${name}`;
  for (const [index, bound] of bounds.entries()) {
    yield { metricName: `${metric}_bucket`, labels: { ...labels, le: String(bound) }, value: counts[index] ?? 0 };
  }
  yield { metricName: `${metric}_bucket`, labels: { ...labels, le: '+Inf' }, value: count };
  yield { metricName: `${metric}_sum`, labels, value: sum };
  yield { metricName: `${metric}_count`, labels, value: count };
}

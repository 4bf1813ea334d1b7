import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Label, METRICS, type Metric, type MetricName, PREFIX } from './catalogue.ts';

export type Labels = Partial<Record<Label, string>>;
/** One sample of a metric. */
export type Sample = readonly [labels: Labels, value: number];

/** The metrics of the catalogue over a registry: some grow as things happen, some are set whole from what is stored. */
export interface Families {
  readonly registry: Registry;
  grow(name: MetricName, labels: Labels, by?: number): void;
  observe(name: MetricName, labels: Labels, value: number): void;
  /** Replaces all samples of a metric. */
  set(name: MetricName, samples: readonly Sample[]): void;
}

export function families(): Families {
  const registry = new Registry();
  const made = new Map<MetricName, Counter | Gauge | Histogram>();
  for (const [name, metric] of Object.entries(METRICS) as [MetricName, Metric][]) {
    const facts = { name: PREFIX + name, help: metric.help, labelNames: [...metric.labels], registers: [registry] };
    if (metric.type === 'counter') made.set(name, new Counter(facts));
    else if (metric.type === 'gauge') made.set(name, new Gauge(facts));
    else made.set(name, new Histogram({ ...facts, buckets: [...(metric.buckets ?? [])] }));
  }
  return {
    registry,
    grow: (name, labels, by = 1) => (made.get(name) as Counter).inc(labels, by),
    observe: (name, labels, value) => (made.get(name) as Histogram).observe(labels, value),
    set: (name, samples) => {
      const metric = made.get(name) as Counter | Gauge;
      metric.reset();
      for (const [labels, value] of samples) metric.inc(labels, value);
    },
  };
}

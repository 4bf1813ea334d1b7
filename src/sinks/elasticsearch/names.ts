import type { Batch } from '../../core/sink.ts';

export interface Naming {
  readonly index: string;
  readonly namespace: string;
}

/** Elastic's limit, in bytes; what stays here is ASCII or counted as such. */
const MAX_BYTES = 255;

/** The index or data stream of a document. `route` is where the format says that it belongs, where it says so. */
export function indexName({ index, namespace }: Naming, batch: Batch, route = ''): string {
  const values: Readonly<Record<string, string>> = {
    // Elastic reads a data stream's name as type-dataset-namespace: no further hyphen in between.
    dataset: (batch.destinations?.elastic ?? `qualys.${batch.dataset}`).replaceAll('-', '_'),
    namespace,
    tenant: batch.tenant,
    subscription: batch.subscription,
    connection: batch.connection,
    route,
  };
  return allowed(index.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole));
}

/** What Elasticsearch refuses in names of indices is made an underscore, and capitals small. */
const allowed = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[\\/*?"<>| ,#:{}]/g, '_')
    .replace(/^[-_+.]+/, '')
    .slice(0, MAX_BYTES);

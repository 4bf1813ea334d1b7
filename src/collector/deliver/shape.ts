import type { SinkConfig } from '../../config/config.ts';
import type { Destinations } from '../../core/sink.ts';
import type { StreamIdentity } from '../../core/words.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import type { InventorySchema } from '../../inventory/schema.ts';
import type { PendingBatch } from '../../outbox/delivery.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { type ShapedEvents, shapeEvents } from '../../pipeline/shape.ts';
import type { EventSource } from '../../pipeline/shape-raw.ts';
import type { ShapeOptions } from '../../pipeline/shapes/event.ts';
import { qidsOf } from '../../pipeline/shapes/finding.ts';
import type { Store } from '../../store/store.ts';
import { joinedKnowledge } from './joined.ts';

/** The format a sink wants, and how. */
export interface Shaping {
  readonly format: string;
  readonly options: ShapeOptions;
}

export const RAW: Shaping = { format: 'raw', options: {} };

/** What the settings of a sink say about its format. */
export function shapingOf({ format, options }: Pick<SinkConfig, 'format' | 'options'>): Shaping {
  const { event_format: eventFormat, namespace, severity_ids: severities, environment } = options;
  return {
    format,
    options: {
      eventFormat: eventFormat === 'xml' || eventFormat === 'json' ? eventFormat : undefined,
      environmentOf: environmentOf(environment),
      namespace: typeof namespace === 'string' ? namespace : undefined,
      severities: Array.isArray(severities) ? (severities as readonly number[]) : undefined,
    },
  };
}

/** One text for all connections, or one for each. */
function environmentOf(given: unknown): ((connection: string) => string | undefined) | undefined {
  if (typeof given === 'string') return () => given;
  if (typeof given !== 'object' || given === null) return undefined;
  return (connection) => (given as Readonly<Record<string, string>>)[connection];
}

/** Formats that say what a QID means. */
const JOINED = new Set(['interflow', 'ecs', 'ocsf', 'cim']);

/** The events of a batch in the format, joined with the KnowledgeBase; `only` picks some by number. */
export async function shapeBatch(
  outbox: Outbox,
  { format, options }: Shaping,
  pending: Pick<PendingBatch, keyof StreamIdentity | 'pull' | 'created' | 'firstSeq'>,
  events: EventSource,
  contextAs: string | undefined,
  now: number,
  only: readonly number[] | undefined,
  take: (bytes: number) => Buffer,
): Promise<ShapedEvents> {
  const { tenant, subscription, connection, dataset } = pending;
  // One database holds both; consumer.ts says the same of it.
  const inventory = outbox.store as unknown as Store<InventorySchema>;
  const knowledge = JOINED.has(format)
    ? await joinedKnowledge(inventory, tenant, subscription, qidsOf(dataset, events, only), now)
    : new Map<number, never>();
  const facts = {
    ...{ tenant, subscription, connection, dataset, contextAs, knowledge, options },
    pull: pending.pull,
    pulledAt: pending.created,
    firstSeq: pending.firstSeq,
    destinations: destinationsOf(dataset),
  };
  return shapeEvents(format, events, facts, only, take);
}

/** What a data set is called elsewhere. */
export const destinationsOf = (dataset: string): Destinations | undefined => datasets.get(dataset)?.destinations;

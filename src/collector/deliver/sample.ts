import type { Config } from '../../config/config.ts';
import type { Clock } from '../../core/clock.ts';
import { contextAs } from '../../core/format.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { listStreams } from '../../outbox/streams.ts';
import { routeEvents } from '../../pipeline/route.ts';
import { newestBatches } from './retained.ts';
import { routesOf, takes } from './routing.ts';
import { shapeBatch, shapingOf } from './shape.ts';

/** What a sink was given, or would be, for one event. */
export interface SamplePayload {
  readonly connection: string;
  readonly dataset: string;
  /** Epoch ms. */
  readonly pulledAt: number;
  /** In the sink's format, without the line feed at its end. */
  readonly payload: string;
}

/** How many batches are looked at for one that the routes let through. */
const LOOKED_AT = 20;

/**
 * The newest payload of a sink, made again from the retained body by the same steps as a delivery; undefined where its
 * routes let nothing of what was collected lately. `tenants`: whose data may be shown.
 */
export async function samplePayload(
  outbox: Outbox,
  config: Config,
  clock: Clock,
  name: string,
  maySee: (tenant: string) => boolean,
  dataset?: string,
): Promise<SamplePayload | undefined> {
  const sink = config.sinks.get(name);
  if (sink === undefined) return undefined;
  const streams = (await listStreams(outbox.store)).filter(
    (stream) => maySee(stream.tenant) && (dataset ?? stream.dataset) === stream.dataset && takes(config, name, stream),
  );
  const wanted = { streams: streams.map(({ id }) => id), limit: 1 };
  for await (const { row, stored } of newestBatches(outbox, wanted, LOOKED_AT)) {
    const facts = datasets.get(row.dataset);
    const as = facts === undefined ? undefined : contextAs(facts.format);
    const routes = routesOf(config, name)(row);
    const all = Array.from({ length: stored.count }, (_, i) => i);
    const { sent, events } =
      routes === undefined ? { sent: all, events: stored } : routeEvents(stored, all, routes, as);
    const last = sent.at(-1);
    if (last === undefined) continue;
    const pending = { ...row, created: row.created, firstSeq: row.first_seq };
    const shaped = await shapeBatch(
      ...([outbox, shapingOf(sink), pending, events, as, clock.now(), [last], Buffer.allocUnsafe] as const),
    );
    const payload = shaped.bytes.toString('utf8', 0, shaped.ends[0]! - 1);
    return { connection: row.connection, dataset: row.dataset, pulledAt: row.created, payload };
  }
  return undefined;
}

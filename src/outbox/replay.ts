import type { StreamIdentity } from '../core/words.ts';
import type { Store } from '../store/store.ts';
import { countQueued, type Queueable } from './append.ts';
import { takeNumber } from './numbers.ts';
import type { OutboxSchema } from './schema.ts';
import { holdSinks } from './sink-counts.ts';

export interface Replay {
  readonly sink: string;
  /** Batches accepted at or after this time and before the other; epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly takes: (stream: StreamIdentity) => boolean;
}

export interface Replayed {
  readonly batches: number;
  readonly events: number;
}

/** Batches queued per transaction. */
const CHUNK = 1000;

/**
 * Sends a sink again what the outbox still holds of a span of time: for what a consumer has lost. Events come with the
 * ids they had. Batches on their way to the sink are left alone, parked events stay parked. Both sides of the sink's
 * balance grow, so that it holds. What is retained: everything for the retention time, then the newest body of each
 * live key.
 */
export async function replay(store: Store<OutboxSchema>, { sink, from, to, takes }: Replay): Promise<Replayed> {
  const streams = await store.db
    .selectFrom('stream')
    .select(['id', 'tenant', 'subscription', 'connection', 'dataset'])
    .execute();
  const taken = streams.filter(takes).map(({ id }) => id);
  let batches = 0;
  let events = 0;
  for (let after = 0; taken.length > 0; ) {
    const rows = await store.db
      .selectFrom('batch')
      .select(['id', 'events', 'length_bytes'])
      .where('stream', 'in', taken)
      .where('created', '>=', from)
      .where('created', '<', to)
      .where('id', '>', after)
      .orderBy('id')
      .limit(CHUNK)
      .execute();
    if (rows.length === 0) break;
    const queued = await queueAgain(store, sink, rows);
    batches += queued.batches;
    events += queued.events;
    after = rows.at(-1)!.id;
  }
  return { batches, events };
}

async function queueAgain(store: Store<OutboxSchema>, sink: string, chunk: readonly Queueable[]): Promise<Replayed> {
  return store.transaction(async (tx) => {
    const ids = chunk.map(({ id }) => id);
    // The sink first: whatever else queues or settles there waits.
    await holdSinks(tx, [sink], 'alone');
    const waiting = await tx.db
      .selectFrom('delivery')
      .select('batch')
      .where('sink', '=', sink)
      .where('batch', 'in', ids)
      .execute();
    const busy = new Set(waiting.map(({ batch }) => batch));
    const parked = Map.groupBy(
      await tx.db
        .selectFrom('parked')
        .select(['batch', 'event'])
        .where('sink', '=', sink)
        .where('batch', 'in', ids)
        .orderBy('event')
        .execute(),
      ({ batch }) => batch,
    );
    // Read again: clean-up may have dropped or compacted a batch since the list was made.
    const present = await tx.db
      .selectFrom('batch')
      .select(['id', 'events', 'length_bytes'])
      .where('id', 'in', ids)
      .orderBy('id')
      .execute();
    const settledOf = ({ id }: Queueable): number[] => parked.get(id)?.map(({ event }) => event) ?? [];
    const again = present.filter((batch) => !busy.has(batch.id) && settledOf(batch).length < batch.events);
    if (again.length === 0) return { batches: 0, events: 0 };
    await tx.insertMany('delivery', {
      ...{ sink, state: 'pending', attempts: 0, next_at: 0, round: await takeNumber(tx, 'round') },
      batch: again.map(({ id }) => id),
      settled: again.map((batch) => (settledOf(batch).length === 0 ? null : JSON.stringify(settledOf(batch)))),
    });
    const events = again.reduce((sum, batch) => sum + batch.events - settledOf(batch).length, 0);
    await countQueued(tx, sink, { events, batches: again, appended: events });
    return { batches: again.length, events };
  });
}

/**
 * Sending again what is current of some keys: the same as resend.ts, for consumers that were told something that has come to
 * mean something else. The caller goes through the keys piece by piece; how far it is stands in `meta`, written with what
 * is queued, so that a kill in between repeats nothing and leaves nothing out.
 *
 * Fresh events go first: nothing is queued while the sink has more waiting than one write takes, while it fails, or while
 * it is suspended. A batch that is on its way may have been read by the delivery already, as it was; so a piece that needs
 * one waits as a whole, and is asked for again.
 */
import type { Store } from '../store/store.ts';
import { MOST_BATCHES } from './delivery.ts';
import { REMOVED } from './identity.ts';
import { busyOf, keep, queueEvents } from './resend.ts';
import type { OutboxSchema } from './schema.ts';
import { holdSinks } from './sink-counts.ts';

/** Keys of these leading ids whose text is at least `from` and below `below`. */
export interface SomeKeys {
  readonly leads: readonly number[];
  readonly from: string;
  readonly below: string;
}

/** `busy`: ask again later; `down`: the sink fails or is suspended. Nothing was queued then, and nothing noted. */
export type Requeued = number | 'busy' | 'down';

/** Queues the newest bodies of a stream's keys for a sink and notes the progress under `name`. Returns how many events. */
export async function resendKeys(
  store: Store<OutboxSchema>,
  sink: string,
  stream: number,
  keys: readonly SomeKeys[],
  note: { readonly name: string; readonly progress: object },
): Promise<Requeued> {
  return await store.transaction(async (tx) => {
    // The sink first: whatever else queues or settles there waits.
    await holdSinks(tx, [sink], 'alone');
    const row = await tx.db
      .selectFrom('sink_now')
      .select(['suspended', 'pending_batches', 'reason'])
      .where('name', '=', sink)
      .executeTakeFirst();
    if (row === undefined || row.suspended !== null || row.reason !== null) return 'down';
    if (row.pending_batches > MOST_BATCHES) return 'busy';
    const { keyspace } = await tx.db
      .selectFrom('stream')
      .select('keyspace')
      .where('id', '=', stream)
      .executeTakeFirstOrThrow();
    const wanted = new Map<number, Set<number>>();
    for (const { leads, from, below } of keys) {
      if (leads.length === 0) continue;
      const found = await tx.db
        .selectFrom('known_key')
        .select(['batch', 'event'])
        .where('keyspace', '=', keyspace)
        .where('lead', 'in', [...leads])
        .where('key', '>=', from)
        .where('key', '<', below)
        .where('fingerprint', '<>', REMOVED)
        .execute();
      for (const { batch, event } of found) {
        const events = wanted.get(batch) ?? new Set<number>();
        wanted.set(batch, events.add(event));
      }
    }
    // Keys of other connections to the same subscription lie in batches of their streams.
    const batches =
      wanted.size === 0
        ? []
        : await tx.db
            .selectFrom('batch')
            .select(['id', 'events', 'length_bytes', 'numbers'])
            .where('id', 'in', [...wanted.keys()])
            .where('stream', '=', stream)
            .orderBy('id')
            .execute();
    if (batches.length > 0 && (await busyOf(tx, sink, batches)).size > 0) return 'busy';
    await keep(tx.db, note.name, note.progress);
    return await queueEvents(tx, sink, batches, wanted);
  });
}

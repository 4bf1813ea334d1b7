/**
 * Suspending: a sink that has more waiting than it may is left out of what is appended, instead of holding up everybody.
 * Its row remembers the last batch queued for it. Once there is room, batches behind that one are queued, oldest first and
 * no more than fit; when there are none left it is a sink like any other. Whatever of them the outbox still holds by then
 * is delivered: all of the retention time, and before that the newest body of each key. So nothing current is ever missing
 * at the sink, while states in between may be.
 *
 * Pages take the numbers of their batches while they hold the sink together with others, this holds it alone: a page being
 * appended is either seen here or sees the sink's new state.
 */
import type { StreamIdentity } from '../core/words.ts';
import type { Store } from '../store/store.ts';
import { type Queueable, queueFor } from './append.ts';
import { takeNumber } from './numbers.ts';
import type { OutboxSchema } from './schema.ts';
import { holdSinks } from './sink-counts.ts';

/** Suspends a sink; false where it is already. */
export async function suspendSink(store: Store<OutboxSchema>, sink: string): Promise<boolean> {
  return store.transaction(async (tx) => {
    await holdSinks(tx, [sink], 'alone');
    // No batch's number: those below are queued, those above wait.
    const suspended = await takeNumber(tx, 'batch');
    const { numUpdatedRows } = await tx.db
      .updateTable('sink')
      .set({ suspended })
      .where('name', '=', sink)
      .where('suspended', 'is', null)
      .executeTakeFirst();
    return Number(numUpdatedRows) === 1;
  });
}

/** Batches queued in one transaction. */
const CHUNK = 1000;

/** `full`: there was no room. `fed`: there is more. `caught_up`: it goes on like any other from here. */
export type Fed = 'full' | 'fed' | 'caught_up';

/** Queues for a suspended sink what fits into `most` bytes waiting; undefined where it is not suspended. */
export async function feedSuspended(
  store: Store<OutboxSchema>,
  sink: string,
  takes: (stream: StreamIdentity) => boolean,
  most: number,
): Promise<Fed | undefined> {
  const look = (db: Store<OutboxSchema>['db']) =>
    db.selectFrom('sink_now').select(['suspended', 'pending_bytes']).where('name', '=', sink).executeTakeFirst();
  const before = await look(store.db);
  if (before === undefined || before.suspended === null) return undefined;
  if (before.pending_bytes >= most) return 'full';
  return store.transaction(async (tx) => {
    await holdSinks(tx, [sink], 'alone');
    const row = await look(tx.db);
    if (row === undefined || row.suspended === null) return undefined;
    const streams = await tx.db
      .selectFrom('stream')
      .select(['id', 'tenant', 'subscription', 'connection', 'dataset'])
      .execute();
    const taken = streams.filter(takes).map(({ id }) => id);
    const rows =
      taken.length === 0
        ? []
        : await tx.db
            .selectFrom('batch')
            .select(['id', 'events', 'length_bytes'])
            .where('stream', 'in', taken)
            .where('id', '>', row.suspended)
            .orderBy('id')
            .limit(CHUNK)
            .execute();
    const fitting: Queueable[] = [];
    let bytes = row.pending_bytes;
    for (const batch of rows) {
      if (bytes + batch.length_bytes > most && bytes > 0) break;
      bytes += batch.length_bytes;
      fitting.push(batch);
    }
    const caughtUp = fitting.length === rows.length && rows.length < CHUNK;
    await tx.db
      .updateTable('sink')
      .set({ suspended: caughtUp ? null : (fitting.at(-1)?.id ?? row.suspended) })
      .where('name', '=', sink)
      .execute();
    // One that was queued again by hand meanwhile is on its way already.
    const waiting = await tx.db
      .selectFrom('delivery')
      .select('batch')
      .where('sink', '=', sink)
      .where('batch', '>', row.suspended)
      .execute();
    const busy = new Set(waiting.map(({ batch }) => batch));
    const fresh = fitting.filter(({ id }) => !busy.has(id));
    if (fresh.length > 0) await queueFor(tx, sink, fresh);
    return caughtUp ? 'caught_up' : fitting.length > 0 ? 'fed' : 'full';
  });
}

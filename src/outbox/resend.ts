/**
 * Sending again what is current: for consumers that expect unchanged records again from time to time. The newest body of
 * each live key of a stream is queued for a sink, from the batches that hold it, with the ids the events had; older bodies
 * and removals are not.
 *
 * How far it is stands in `meta`, written with each piece queued: killed in between, it goes on behind the last piece.
 * Batches still on their way to the sink are left out (what is in them comes anyway), parked events stay parked.
 */
import type { Store, Transaction } from '../store/store.ts';
import { countQueued, take } from './append.ts';
import { REMOVED } from './identity.ts';
import type { OutboxSchema } from './schema.ts';

/** When the current records of a stream are sent again: after every full reading, or so many milliseconds after the last time. */
export type Resend = 'each_sweep' | number;

interface Progress {
  /** When it was begun last; epoch ms. */
  readonly at: number;
  /** The last batch queued; absent when it is done. */
  readonly after?: number;
}

/** Batches queued in one transaction: each costs a short walk over its keys. */
const CHUNK = 20;

/** Queues a stream's current records for a sink where that is due. Returns how many events; 0 when it is not. */
export async function resend(
  store: Store<OutboxSchema>,
  sink: string,
  stream: number,
  when: readonly Resend[],
  now: number,
): Promise<number> {
  const name = `resend/${sink}/${stream}`;
  const known = await progressOf(store, name);
  if (known === undefined) {
    // From here on: what there is has just been queued, or will be by the pull that finds it.
    await keep(store.db, name, { at: now });
    return 0;
  }
  let progress = known;
  if (progress.after === undefined) {
    const swept = when.includes('each_sweep') ? await lastSweep(store, stream) : undefined;
    const due = when.some((one) => (one === 'each_sweep' ? (swept ?? 0) > known.at : now >= known.at + one));
    if (!due) return 0;
    progress = { at: Math.max(now, swept ?? 0), after: 0 };
  }
  let events = 0;
  for (;;) {
    const { at, after = 0 } = progress;
    const piece = await store.transaction(async (tx) => queuePiece(tx, sink, stream, after, name, at));
    if (piece === undefined) return events;
    events += piece.events;
    progress = { at, after: piece.last };
  }
}

async function queuePiece(
  tx: Transaction<OutboxSchema>,
  sink: string,
  stream: number,
  after: number,
  name: string,
  at: number,
): Promise<{ events: number; last: number } | undefined> {
  // The sink's row first: whatever else queues or settles there waits.
  const row = await tx.db
    .updateTable('sink')
    .set({ name: sink })
    .where('name', '=', sink)
    .returning('suspended')
    .executeTakeFirst();
  // What a suspended sink is fed later is current by then.
  const batches =
    row === undefined || row.suspended !== null
      ? []
      : await tx.db
          .selectFrom('batch')
          .select(['id', 'keyspace', 'events', 'length_bytes', 'lead_from', 'lead_to', 'numbers'])
          .where('stream', '=', stream)
          .where('live', '>', 0)
          .where('created', '<=', at)
          .where('id', '>', after)
          .orderBy('id')
          .limit(CHUNK)
          .execute();
  const last = batches.at(-1)?.id;
  await keep(tx.db, name, last === undefined ? { at } : { at, after: last });
  if (last === undefined) return undefined;
  const ids = batches.map(({ id }) => id);
  const busy = new Set(
    (
      await tx.db.selectFrom('delivery').select('batch').where('sink', '=', sink).where('batch', 'in', ids).execute()
    ).map(({ batch }) => batch),
  );
  const parked = Map.groupBy(
    await tx.db
      .selectFrom('parked')
      .select(['batch', 'event'])
      .where('sink', '=', sink)
      .where('batch', 'in', ids)
      .execute(),
    ({ batch }) => batch,
  );
  const queued: { batch: (typeof batches)[number]; settled: number[] }[] = [];
  for (const batch of batches) {
    if (busy.has(batch.id)) continue;
    const rows = await tx.db
      .selectFrom('known_key')
      .select('event')
      .where('keyspace', '=', batch.keyspace)
      .where('lead', '>=', batch.lead_from)
      .where('lead', '<=', batch.lead_to)
      .where('batch', '=', batch.id)
      .where('fingerprint', '<>', REMOVED)
      .execute();
    const live = new Set(rows.map(({ event }) => event));
    const numbers = batch.numbers === null ? undefined : (JSON.parse(batch.numbers) as number[]);
    const refused = new Set(parked.get(batch.id)?.map(({ event }) => event));
    const settled = Array.from({ length: batch.events }, (_, place) => place).filter(
      (place) => refused.has(place) || !live.has(numbers?.[place] ?? place),
    );
    if (settled.length < batch.events) queued.push({ batch, settled });
  }
  if (queued.length === 0) return { events: 0, last };
  await tx.insertMany('delivery', {
    ...{ sink, state: 'pending', attempts: 0, next_at: 0, round: await take(tx, 'round', 1) },
    batch: queued.map(({ batch }) => batch.id),
    settled: queued.map(({ settled }) => (settled.length === 0 ? null : JSON.stringify(settled))),
  });
  const events = queued.reduce((sum, { batch, settled }) => sum + batch.events - settled.length, 0);
  await countQueued(tx, sink, { events, batches: queued.map(({ batch }) => batch), appended: events });
  return { events, last };
}

async function progressOf(store: Store<OutboxSchema>, name: string): Promise<Progress | undefined> {
  const row = await store.db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.value) as Progress);
}

async function keep(db: Store<OutboxSchema>['db'], name: string, progress: Progress): Promise<void> {
  const value = JSON.stringify(progress);
  await db
    .insertInto('meta')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/** When the last full reading of the stream was concluded; epoch ms. */
async function lastSweep(store: Store<OutboxSchema>, stream: number): Promise<number | undefined> {
  const row = await store.db
    .selectFrom('sweep')
    .select('ended')
    .where('stream', '=', stream)
    .where('kind', '=', 'full')
    .where('state', '=', 'concluded')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.ended ?? undefined;
}

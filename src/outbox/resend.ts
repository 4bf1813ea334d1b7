/**
 * Sending again what is current: for consumers that expect unchanged records again from time to time. The newest body of
 * each live key of a stream is queued for a sink, from the batches that hold it, with the ids the events had; older bodies
 * and removals are not.
 *
 * How far it is stands in `meta`, written with each piece queued: killed in between, it goes on behind the last piece.
 * Batches still on their way to the sink are left out (what is in them comes anyway), parked events stay parked.
 */
import type { Store, Transaction } from '../store/store.ts';
import { countQueued } from './append.ts';
import { liveNumbers } from './live.ts';
import { takeNumber } from './numbers.ts';
import type { OutboxSchema } from './schema.ts';
import { holdSinks } from './sink-counts.ts';

/**
 * When the current records of a stream are sent again: after every full reading, what that reading did not send itself;
 * or all of them, so many milliseconds after the last time; or those alone whose QID means something else now
 * (resend-keys.ts).
 */
export type Resend = 'each_sweep' | 'qid_changed' | number;

interface Progress {
  /** When it was begun last; epoch ms. */
  readonly at: number;
  /** What was queued first after this is left out; epoch ms. */
  readonly until?: number;
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
  when: readonly Exclude<Resend, 'qid_changed'>[],
  now: number,
): Promise<number> {
  const name = `resend/${sink}/${stream}`;
  const known = await progressOf(store, name);
  if (known === undefined) {
    // From here on: what there is has just been queued, or will be by the pull that finds it.
    await keep(store.db, name, { at: now });
    return 0;
  }
  let before = known;
  let progress = known;
  if (progress.after === undefined) {
    const swept = when.includes('each_sweep') ? await lastSweep(store, stream) : undefined;
    const isTime = when.some((one) => one !== 'each_sweep' && now >= known.at + one);
    const isSwept = swept !== undefined && swept.started > known.at;
    if (!isTime && !isSwept) return 0;
    progress = { at: Math.max(now, swept?.ended ?? 0), ...(!isTime && isSwept && { until: swept.started }), after: 0 };
  }
  let events = 0;
  for (;;) {
    const step = { before, from: progress };
    const piece = await store.transaction(async (tx) => queuePiece(tx, sink, stream, name, step));
    if (piece === undefined) return events;
    events += piece.events;
    before = { ...progress, after: piece.last };
    progress = before;
  }
}

async function queuePiece(
  tx: Transaction<OutboxSchema>,
  sink: string,
  stream: number,
  name: string,
  { before, from }: { readonly before: Progress; readonly from: Progress },
): Promise<{ events: number; last: number } | undefined> {
  const { at, until = at, after = 0 } = from;
  // The sink first: whatever else queues or settles there waits.
  await holdSinks(tx, [sink], 'alone');
  const row = await tx.db.selectFrom('sink').select('suspended').where('name', '=', sink).executeTakeFirst();
  // Whoever looked at the same time has queued this piece.
  const found = await progressOf(tx, name);
  if (found?.at !== before.at || found.after !== before.after) return undefined;
  // What a suspended sink is fed later is current by then.
  const batches =
    row === undefined || row.suspended !== null
      ? []
      : await tx.db
          .selectFrom('batch')
          .select(['id', 'keyspace', 'events', 'length_bytes', 'lead_from', 'lead_to', 'numbers'])
          .where('stream', '=', stream)
          .where('live', '>', 0)
          .where('created', '<=', until)
          .where('id', '>', after)
          .orderBy('id')
          .limit(CHUNK)
          .execute();
  const last = batches.at(-1)?.id;
  await keep(tx.db, name, last === undefined ? { at } : { ...from, after: last });
  if (last === undefined) return undefined;
  const busy = await busyOf(tx, sink, batches);
  const free = batches.filter(({ id }) => !busy.has(id));
  const live = new Map<number, ReadonlySet<number>>();
  for (const batch of free) live.set(batch.id, await liveNumbers(tx.db, batch));
  return { events: await queueEvents(tx, sink, free, live), last };
}

/** Those of these batches that are on their way to the sink. */
export async function busyOf(
  tx: Transaction<OutboxSchema>,
  sink: string,
  batches: readonly { readonly id: number }[],
): Promise<Set<number>> {
  const ids = batches.map(({ id }) => id);
  const rows = await tx.db
    .selectFrom('delivery')
    .select('batch')
    .where('sink', '=', sink)
    .where('batch', 'in', ids)
    .execute();
  return new Set(rows.map(({ batch }) => batch));
}

/**
 * Queues events of batches that are not on their way, by their numbers in each, and counts them; every other event of a
 * batch counts as settled, and so do those parked. The caller holds the sink alone. Returns how many events.
 */
export async function queueEvents(
  tx: Transaction<OutboxSchema>,
  sink: string,
  batches: readonly Pick<OutboxSchema['batch'], 'id' | 'events' | 'length_bytes' | 'numbers'>[],
  wanted: ReadonlyMap<number, ReadonlySet<number>>,
): Promise<number> {
  if (batches.length === 0) return 0;
  const ids = batches.map(({ id }) => id);
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
    const some = wanted.get(batch.id);
    const numbers = batch.numbers === null ? undefined : (JSON.parse(batch.numbers) as number[]);
    const refused = new Set(parked.get(batch.id)?.map(({ event }) => event));
    const settled = Array.from({ length: batch.events }, (_, place) => place).filter(
      (place) => refused.has(place) || some?.has(numbers?.[place] ?? place) !== true,
    );
    if (settled.length < batch.events) queued.push({ batch, settled });
  }
  if (queued.length === 0) return 0;
  await tx.insertMany('delivery', {
    ...{ sink, state: 'pending', attempts: 0, next_at: 0, round: await takeNumber(tx, 'round') },
    batch: queued.map(({ batch }) => batch.id),
    settled: queued.map(({ settled }) => (settled.length === 0 ? null : JSON.stringify(settled))),
  });
  const events = queued.reduce((sum, { batch, settled }) => sum + batch.events - settled.length, 0);
  await countQueued(tx, sink, { events, batches: queued.map(({ batch }) => batch), appended: events });
  return events;
}

/** How far something is, as `keep` wrote it. */
export async function progressOf<T = Progress>(
  { db }: Pick<Store<OutboxSchema>, 'db'>,
  name: string,
): Promise<T | undefined> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.value) as T);
}

export async function keep(db: Store<OutboxSchema>['db'], name: string, progress: object): Promise<void> {
  const value = JSON.stringify(progress);
  await db
    .insertInto('meta')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/** When the last full reading of the stream began and was concluded; epoch ms. */
async function lastSweep(
  store: Store<OutboxSchema>,
  stream: number,
): Promise<{ started: number; ended: number | null } | undefined> {
  return store.db
    .selectFrom('sweep')
    .select(['started', 'ended'])
    .where('stream', '=', stream)
    .where('kind', '=', 'full')
    .where('state', '=', 'concluded')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { StreamIdentity } from '../core/words.ts';
import type { Store, Transaction } from '../store/store.ts';
import { countQueued } from './append.ts';
import { takeNumber } from './numbers.ts';
import type { OutboxSchema } from './schema.ts';
import { countAt, holdSinks } from './sink-counts.ts';

/** An event a sink refused for good, or that could not be read back. `at` is epoch ms. */
export interface ParkedEvent extends StreamIdentity {
  readonly sink: string;
  readonly batch: number;
  /** Its place in the batch. */
  readonly event: number;
  /** The event's id; empty where the batch is too damaged to tell. */
  readonly id: string;
  readonly code: string;
  readonly reason: string;
  readonly at: number;
}

/** Which parked events are meant; what is absent does not narrow. */
export interface ParkedFilter {
  readonly sink?: string | undefined;
  readonly batch?: number | undefined;
  readonly event?: number | undefined;
  readonly code?: string | undefined;
}

/** A place in the list, to go on behind. */
export type ParkedCursor = Pick<ParkedEvent, 'sink' | 'batch' | 'event'>;

/** Parked events by sink, batch and place. */
export async function listParked(
  store: Store<OutboxSchema>,
  filter: ParkedFilter,
  limit: number,
  after?: ParkedCursor,
): Promise<ParkedEvent[]> {
  let query = store.db
    .selectFrom('parked')
    .innerJoin('batch', 'batch.id', 'parked.batch')
    .innerJoin('stream', 'stream.id', 'batch.stream')
    .select(['parked.sink', 'parked.batch', 'parked.event', 'parked.event_id as id', 'parked.code', 'parked.reason'])
    .select(['parked.at', 'stream.tenant', 'stream.subscription', 'stream.connection', 'stream.dataset'])
    .where((eb) => matches(eb, filter))
    .orderBy('parked.sink')
    .orderBy('parked.batch')
    .orderBy('parked.event')
    .limit(limit);
  if (after !== undefined) {
    query = query.where(({ or, and, eb }) =>
      or([
        eb('parked.sink', '>', after.sink),
        and([eb('parked.sink', '=', after.sink), eb('parked.batch', '>', after.batch)]),
        and([
          eb('parked.sink', '=', after.sink),
          eb('parked.batch', '=', after.batch),
          eb('parked.event', '>', after.event),
        ]),
      ]),
    );
  }
  return query.execute();
}

/** How many parked events there are of these tenants, of all without a list; counted up to `most`. */
export async function countParked(
  { db }: Store<OutboxSchema>,
  filter: ParkedFilter,
  tenants: readonly string[] | undefined,
  most: number,
): Promise<number> {
  if (tenants?.length === 0) return 0;
  let query = db
    .selectFrom('parked')
    .innerJoin('batch', 'batch.id', 'parked.batch')
    .innerJoin('stream', 'stream.id', 'batch.stream')
    .select('parked.event')
    .where((eb) => matches(eb, filter))
    .limit(most);
  if (tenants !== undefined) query = query.where('stream.tenant', 'in', [...tenants]);
  const { n } = await db
    .selectFrom(query.as('some'))
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}

/**
 * Queues parked events again: each batch gets a delivery in which every other event counts as settled. Batches of which
 * a part is still on its way to the sink are left for later (`busy`). Returns how many events wait again.
 */
export async function retryParked(
  store: Store<OutboxSchema>,
  filter: ParkedFilter & { readonly sink: string },
): Promise<{ retried: number; busy: number }> {
  const { sink } = filter;
  return store.transaction(async (tx) => {
    const rows = await parkedRows(tx, filter);
    const eventsOf = Map.groupBy(rows, (row) => row.batch);
    let retried = 0;
    let busy = 0;
    for (const [id, parked] of eventsOf) {
      const batch = await tx.db
        .selectFrom('batch')
        .select(['id', 'events', 'length_bytes'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      const again = new Set(parked.map(({ event }) => event));
      const settled = Array.from({ length: batch.events }, (_, event) => event).filter((event) => !again.has(event));
      const round = await takeNumber(tx, 'round');
      const values = { state: 'pending', attempts: 0, next_at: 0, round, settled: [json(settled)] };
      if ((await tx.insertMany('delivery', { sink, batch: [id], ...values })) === 0) {
        busy += parked.length;
        continue;
      }
      await tx.deleteMany('parked', { sink, batch: id, event: parked.map(({ event }) => event) });
      await countQueued(tx, sink, { events: parked.length, batches: [batch], appended: 0 });
      retried += parked.length;
    }
    await countAt(tx, sink, { parked: -retried });
    return { retried, busy };
  });
}

/** Gives parked events up: they are counted as discarded and no longer shown. Returns how many. */
export async function discardParked(
  store: Store<OutboxSchema>,
  filter: ParkedFilter & { readonly sink: string },
): Promise<number> {
  const { sink } = filter;
  return store.transaction(async (tx) => {
    const rows = await parkedRows(tx, filter);
    const discarded = await tx.deleteMany('parked', {
      sink,
      batch: rows.map(({ batch }) => batch),
      event: rows.map(({ event }) => event),
    });
    await countAt(tx, sink, { parked: -discarded, discarded });
    return discarded;
  });
}

const json = (settled: readonly number[]): string | null => (settled.length === 0 ? null : JSON.stringify(settled));

async function parkedRows(tx: Transaction<OutboxSchema>, filter: ParkedFilter & { readonly sink: string }) {
  // The sink first: whatever else changes what is parked there waits.
  await holdSinks(tx, [filter.sink], 'alone');
  return tx.db
    .selectFrom('parked')
    .select(['batch', 'event'])
    .where((eb) => matches(eb, filter))
    .orderBy('batch')
    .orderBy('event')
    .execute();
}

function matches(
  eb: ExpressionBuilder<OutboxSchema, 'parked'>,
  { sink, batch, event, code }: ParkedFilter,
): Expression<SqlBool> {
  return eb.and([
    ...(sink === undefined ? [] : [eb('parked.sink', '=', sink)]),
    ...(batch === undefined ? [] : [eb('parked.batch', '=', batch)]),
    ...(event === undefined ? [] : [eb('parked.event', '=', event)]),
    ...(code === undefined ? [] : [eb('parked.code', '=', code)]),
  ]);
}

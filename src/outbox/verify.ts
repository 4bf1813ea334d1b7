import { sql } from 'kysely';
import type { Store } from '../store/store.ts';
import { REMOVED } from './identity.ts';
import type { OutboxSchema } from './schema.ts';

/** A counter that does not say what the rows say. */
export interface Defect {
  readonly what: string;
  readonly counted: number;
  readonly found: number;
}

/**
 * Holds every counter that is kept beside rows against the rows themselves: what waits for sinks, what is parked, keys
 * per key space, live bodies per batch, `seq` without gaps where all batches are still there. Reads everything: minutes
 * on millions of keys. For tests, for `quarry db status`, and when in doubt.
 */
export async function verifyCounters(store: Store<OutboxSchema>): Promise<Defect[]> {
  const defects: Defect[] = [];
  const hold = (what: string, counted: number, found: number): void => {
    if (counted !== found) defects.push({ what, counted, found });
  };
  for (const sink of await store.db.selectFrom('sink_now').selectAll().execute()) {
    const rows = await store.db
      .selectFrom('delivery')
      .innerJoin('batch', 'batch.id', 'delivery.batch')
      .select(['batch.events', 'batch.length_bytes', 'delivery.settled'])
      .where('delivery.sink', '=', sink.name)
      .execute();
    const left = rows.map(({ events, settled }) => events - (JSON.parse(settled ?? '[]') as number[]).length);
    hold(`events pending at ${sink.name}`, sink.pending, sum(left));
    hold(`batches pending at ${sink.name}`, sink.pending_batches, rows.length);
    hold(`bytes pending at ${sink.name}`, sink.pending_bytes, sum(rows.map((row) => row.length_bytes)));
    const parked = await store.db
      .selectFrom('parked')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .where('sink', '=', sink.name)
      .executeTakeFirstOrThrow();
    hold(`events parked at ${sink.name}`, sink.parked, Number(parked.n));
  }
  const live = await store.db
    .selectFrom('known_key')
    .select(['keyspace', 'batch', sql<number>`count(*)`.as('n')])
    .where('fingerprint', '<>', REMOVED)
    .groupBy(['keyspace', 'batch'])
    .execute();
  for (const { id, keys } of await store.db.selectFrom('keyspace').selectAll().execute()) {
    hold(`keys of key space ${id}`, keys, sum(live.filter((row) => row.keyspace === id).map((row) => Number(row.n))));
  }
  const liveOf = new Map(live.map((row) => [row.batch, Number(row.n)]));
  for (const { id, live: counted } of await store.db.selectFrom('batch').select(['id', 'live']).execute())
    hold(`live bodies of batch ${id}`, counted, liveOf.get(id) ?? 0);
  return defects;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

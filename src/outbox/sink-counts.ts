/**
 * What is counted at sinks, and who waits for whom there.
 *
 * Counts stand in the sink's row. Where many write at once, a transaction would keep that row from all others until it ends,
 * and that of a process which was stopped ends late. So there it leaves a row of differences (`sink_change`), which holds
 * nobody up; `mergeCounts` adds them to the sinks' rows, in one statement that no process can be stopped in. The view
 * `sink_now` is the sum of both, of one moment, and what everybody reads.
 *
 * Appending and settling hold a sink `together`: any number at once. What has to see all that was appended and settled, and
 * nothing half done, holds it `alone` (suspending, feeding, queueing again, parked events, compaction). One writer needs none.
 */
import { sql } from 'kysely';
import type { Store, Transaction } from '../store/store.ts';
import { COUNTS } from './many-writers.ts';
import type { OutboxSchema, SinkCounts } from './schema.ts';

type Tx = Transaction<OutboxSchema>;

/** Adds to what is counted at a sink; `last_delivered`, epoch ms, is the later of both. */
export async function countAt(tx: Tx, sink: string, more: Partial<SinkCounts>): Promise<void> {
  const { last_delivered, ...counts } = more;
  if (tx.dialect.writers === 'many') {
    await tx.db
      .insertInto('sink_change')
      .values({ sink, ...more })
      .execute();
    return;
  }
  await tx.db
    .updateTable('sink')
    .set((eb) => ({
      ...Object.fromEntries(
        Object.entries(counts).map(([name, value]) => [name, eb(name as (typeof COUNTS)[number], '+', value)]),
      ),
      ...(last_delivered === undefined ? {} : { last_delivered }),
    }))
    .where('name', '=', sink)
    .execute();
}

/** Class of the advisory locks of sinks; any number nobody else uses. */
const LOCKS = 0x71_73;

/** Holds sinks until the transaction ends, in one order for all. */
export async function holdSinks(tx: Tx, sinks: readonly string[], how: 'together' | 'alone'): Promise<void> {
  if (tx.dialect.writers === 'one' || sinks.length === 0) return;
  const lock = sql.raw(how === 'alone' ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared');
  await sql`SELECT ${lock}(${LOCKS}, place) FROM
    (SELECT DISTINCT hashtext(name) AS place FROM unnest(${[...sinks]}::text[]) AS held(name) ORDER BY 1) AS held`.execute(
    tx.db,
  );
}

/** Adds the differences to the sinks' rows; nothing where there are none. */
export async function mergeCounts({ db, dialect }: Pick<Store<OutboxSchema>, 'db' | 'dialect'>): Promise<void> {
  if (dialect.writers === 'one') return;
  const sums = COUNTS.map((name) => `sum(${name})::bigint AS ${name}`).join(', ');
  const added = COUNTS.map((name) => `${name} = sink.${name} + sums.${name}`).join(', ');
  await sql
    .raw(
      `WITH gone AS (DELETE FROM sink_change RETURNING *),
        sums AS (SELECT sink, ${sums}, max(last_delivered) AS last_delivered FROM gone GROUP BY sink)
      UPDATE sink SET ${added}, last_delivered = greatest(sink.last_delivered, sums.last_delivered)
      FROM sums WHERE sink.name = sums.sink`,
    )
    .execute(db);
}

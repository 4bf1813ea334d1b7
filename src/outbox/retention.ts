import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { REMOVED } from './identity.ts';
import type { Outbox } from './outbox.ts';

/**
 * Removes batches that every sink has settled, that are older than `before` (epoch ms), that hold no parked event, and
 * of which no event is the newest body of a live key: those stay, so that a sink added later can be fed without asking
 * Qualys. A segment goes with its last batch: first the rows, then the file, so that a kill leaves at most a file that
 * nothing names, which the next start removes.
 */
export async function expire(outbox: Outbox, before: number): Promise<{ batches: number; segments: number }> {
  const { store, spool } = outbox;
  const { batches, segments } = await store.transaction(async ({ db }) => {
    const dead = db
      .selectFrom('batch')
      .select('id')
      .where('live', '=', 0)
      .where('created', '<', before)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('delivery').select('delivery.batch').whereRef('delivery.batch', '=', 'batch.id'))),
      )
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('parked').select('parked.batch').whereRef('parked.batch', '=', 'batch.id'))),
      );
    const { numDeletedRows } = await db.deleteFrom('batch').where('id', 'in', dead).executeTakeFirst();
    const empty = await db
      .selectFrom('segment')
      .select(['id', 'file', 'object'])
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('batch').select('batch.id').whereRef('batch.segment', '=', 'segment.id'))),
      )
      .execute();
    for (const { id } of empty) await db.deleteFrom('segment').where('id', '=', id).execute();
    return { batches: Number(numDeletedRows), segments: empty };
  });
  await outbox.bodies?.drop(segments);
  for (const { file } of segments) await rm(join(spool, file), { force: true });
  return { batches, segments: segments.length };
}

/** Tombstones dropped per transaction. */
const CHUNK = 5000;

/**
 * Forgets removed keys whose removal is older than `before` (epoch ms): without this the key table grows with every
 * object there ever was. Should such an object come back, it is new; its id is an earlier one only where its content
 * and Qualys's change time are those of then. Returns how many.
 */
export async function forgetRemoved(outbox: Outbox, before: number): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const rows = await outbox.store.db
      .selectFrom('known_key')
      .select(['keyspace', 'lead', 'key', 'since'])
      // As in the definition of the index: a parameter in its place would not use it.
      .where('fingerprint', '=', sql.lit(REMOVED))
      .where('since', '<', before)
      .limit(CHUNK)
      .execute();
    if (rows.length === 0) return forgotten;
    forgotten += await outbox.store.transaction((tx) =>
      tx.deleteMany('known_key', {
        keyspace: rows.map((row) => row.keyspace),
        lead: rows.map((row) => row.lead),
        key: rows.map((row) => row.key),
        // Not one that came back meanwhile.
        fingerprint: REMOVED,
        since: rows.map((row) => row.since),
      }),
    );
  }
}

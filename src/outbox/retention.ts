import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outbox } from './outbox.ts';

/**
 * Removes batches that every sink has settled, that are older than `before` (epoch ms), that hold no parked event, and
 * of which no event is the newest body of a live key: those stay, so that a sink added later can be fed without asking
 * Qualys. A segment goes with its last batch: first the rows, then the file, so that a kill leaves at most a file that
 * nothing names, which the next start removes.
 */
export async function expire(outbox: Outbox, before: number): Promise<{ batches: number; segments: number }> {
  const { store, spool } = outbox;
  const { batches, files } = await store.transaction(async ({ db }) => {
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
      .select(['id', 'file'])
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('batch').select('batch.id').whereRef('batch.segment', '=', 'segment.id'))),
      )
      .execute();
    for (const { id } of empty) await db.deleteFrom('segment').where('id', '=', id).execute();
    return { batches: Number(numDeletedRows), files: empty.map(({ file }) => file) };
  });
  for (const file of files) await rm(join(spool, file), { force: true });
  return { batches, segments: files.length };
}

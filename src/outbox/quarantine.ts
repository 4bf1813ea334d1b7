import type { IdRange } from '../core/range.ts';
import type { Outbox } from './outbox.ts';

/** A range of ids that could not be read and was set aside, visibly. Times are epoch ms. */
export interface Quarantined {
  readonly stream: number;
  readonly first: number;
  readonly last: number;
  readonly code: string;
  readonly reason: string;
  readonly since: number;
  readonly tries: number;
  readonly next_at: number;
}

/** When a quarantined range is tried again: after an hour, then later and later, daily at most. */
const FIRST_RETRY_MS = 3_600_000;
const LONGEST_RETRY_MS = 86_400_000;

export async function setAside(
  outbox: Outbox,
  stream: number,
  range: { first: number; last: number },
  code: string,
  reason: string,
  now: number,
): Promise<void> {
  await outbox.store.transaction(async ({ db }) => {
    const before = await db
      .selectFrom('quarantine')
      .selectAll()
      .where('stream', '=', stream)
      .where('first', '=', range.first)
      .executeTakeFirst();
    const tries = (before?.tries ?? 0) + 1;
    const next_at = now + Math.min(FIRST_RETRY_MS * 2 ** (tries - 1), LONGEST_RETRY_MS);
    const row = {
      stream,
      first: range.first,
      last: range.last,
      code,
      reason,
      since: before?.since ?? now,
      tries,
      next_at,
    };
    await db
      .insertInto('quarantine')
      .values(row)
      .onConflict((conflict) => conflict.columns(['stream', 'first']).doUpdateSet(row))
      .execute();
  });
}

/** Ranges that are due to be tried again. */
export async function dueAgain(outbox: Outbox, stream: number, now: number): Promise<Quarantined[]> {
  return outbox.store.db
    .selectFrom('quarantine')
    .selectAll()
    .where('stream', '=', stream)
    .where('next_at', '<=', now)
    .orderBy('first')
    .execute();
}

export async function release(outbox: Outbox, stream: number, range: IdRange): Promise<void> {
  await outbox.store.db
    .deleteFrom('quarantine')
    .where('stream', '=', stream)
    .where('first', '=', range.first)
    .execute();
}

export async function listQuarantined(outbox: Outbox): Promise<Quarantined[]> {
  return outbox.store.db.selectFrom('quarantine').selectAll().orderBy('stream').orderBy('first').execute();
}

/** Tries a range with the next pull instead of when it is due; false where it is not set aside (any more). */
export async function retrySoon({ store }: Outbox, stream: number, first: number): Promise<boolean> {
  const { numUpdatedRows } = await store.db
    .updateTable('quarantine')
    .set({ next_at: 0 })
    .where('stream', '=', stream)
    .where('first', '=', first)
    .executeTakeFirst();
  return Number(numUpdatedRows) === 1;
}

import { QuarryError } from '../core/errors.ts';
import type { RemovalReason } from '../core/words.ts';
import type { Store } from '../store/store.ts';
import type { OutboxSchema } from './schema.ts';

/** A sweep that found too much absent to be believed, and waits for a second one or for a person. Times are epoch ms. */
export interface HeldSweep {
  readonly id: number;
  readonly stream: number;
  readonly tenant: string;
  readonly subscription: string;
  readonly connection: string;
  readonly dataset: string;
  readonly kind: 'ids' | 'full';
  readonly reason: RemovalReason;
  readonly known: number;
  readonly absent: number;
  readonly started: number;
  readonly ended: number | null;
}

export async function listHeld({ db }: Store<OutboxSchema>): Promise<HeldSweep[]> {
  const rows = await db
    .selectFrom('sweep')
    .innerJoin('stream', 'stream.id', 'sweep.stream')
    .select(['sweep.id', 'sweep.stream', 'sweep.kind', 'sweep.reason', 'sweep.known', 'sweep.absent'])
    .select(['sweep.started', 'sweep.ended'])
    .select(['stream.tenant', 'stream.subscription', 'stream.connection', 'stream.dataset'])
    .where('sweep.state', '=', 'held')
    .orderBy('sweep.id')
    .execute();
  return rows.map((row) => ({ ...row, reason: row.reason as RemovalReason }));
}

/** Some of the keys a held sweep found absent, as the key table has them. */
export async function absentKeys({ db }: Store<OutboxSchema>, sweep: number, limit: number) {
  return db
    .selectFrom('absence')
    .select(['lead', 'key'])
    .where('sweep', '=', sweep)
    .orderBy('lead')
    .orderBy('key')
    .limit(limit)
    .execute();
}

/** Nothing is concluded from a held sweep; the next one begins anew. Throws QRY8003 where it is not held (any more). */
export async function discardHeld(store: Store<OutboxSchema>, sweep: number, now: number): Promise<void> {
  await store.transaction(async ({ db }) => {
    const { numUpdatedRows } = await db
      .updateTable('sweep')
      .set({ state: 'dropped', ended: now })
      .where('id', '=', sweep)
      .where('state', '=', 'held')
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0)
      throw new QuarryError('QRY8003', { what: `Sweep ${sweep} is not held.`, where: String(sweep) });
    await db.deleteFrom('absence').where('sweep', '=', sweep).execute();
  });
}

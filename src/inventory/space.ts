/**
 * Spaces: ids are unique inside tenant × subscription, so every row of the inventory carries the number of its space.
 *
 * Invariant: a space has one writer at a time. A fold reads, decides, and writes in one transaction that first moves the
 * space's version from what it was before the reading; where another got there first nothing is written and the fold
 * is done again from its beginning.
 */
import type { Store, Transaction } from '../store/store.ts';
import type { InventorySchema } from './schema.ts';

export interface Space {
  readonly id: number;
  readonly version: number;
}

/** The space of a tenant's subscription, made when there is none. */
export async function openSpace(store: Store<InventorySchema>, tenant: string, subscription: string): Promise<Space> {
  const find = () =>
    store.db
      .selectFrom('space')
      .select(['id', 'version'])
      .where('tenant', '=', tenant)
      .where('subscription', '=', subscription)
      .executeTakeFirst();
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    await store.transaction(async ({ db }) => {
      const { last } = await db
        .selectFrom('space')
        .select(({ fn }) => fn.max('id').as('last'))
        .executeTakeFirstOrThrow();
      await db
        .insertInto('space')
        .values({ id: Number(last ?? 0) + 1, tenant, subscription, version: 0 })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    });
  }
}

/** False: another has written to the space since; whatever was decided on is old. */
export async function moveOn(tx: Transaction<InventorySchema>, space: Space): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('space')
    .set({ version: space.version + 1 })
    .where('id', '=', space.id)
    .where('version', '=', space.version)
    .executeTakeFirst();
  return Number(numUpdatedRows) === 1;
}

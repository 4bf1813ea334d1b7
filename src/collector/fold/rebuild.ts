import { sql } from 'kysely';
import { DROP_QID_INDEX } from '../../inventory/finding/by-qid.ts';
import { DROP_RESULTS_INDEX } from '../../inventory/finding/results-index.ts';
import { inventoryTables } from '../../inventory/schema.ts';
import { registerSink } from '../../outbox/delivery.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { mergeCounts } from '../../outbox/sink-counts.ts';
import { feedsInventory, INVENTORY } from './consumer.ts';
import { outlivedBy, RETENTION_MS } from './outlived.ts';

/** SQL after which the outbox knows no inventory: the next start makes it anew and queues it everything there is. */
export const FORGET_INVENTORY: readonly string[] = ['delivery', 'parked']
  .map((table) => `DELETE FROM ${table} WHERE sink = '${INVENTORY}'`)
  .concat(`DELETE FROM sink WHERE name = '${INVENTORY}'`);

/**
 * Empties the inventory and queues it everything the outbox still holds, to be folded by the collector as it runs. One
 * transaction empties and forgets, so that a kill leaves either the old inventory or one that is going to be filled.
 * The present picture comes back whole; of what is gone, and of history, as much as the outbox retains. The data
 * directory must not be in use. Returns how many events wait to be folded.
 */
export async function rebuildInventory(outbox: Outbox, now: number, retention = RETENTION_MS): Promise<number> {
  await outbox.store.transaction(async (tx) => {
    const { db } = tx;
    await mergeCounts(tx);
    for (const table of inventoryTables) await sql`DELETE FROM ${sql.table(table)}`.execute(db);
    for (const index of [DROP_QID_INDEX, DROP_RESULTS_INDEX]) await sql.raw(index).execute(db);
    for (const statement of FORGET_INVENTORY) await sql.raw(statement).execute(db);
  });
  await registerSink(outbox.store, INVENTORY, feedsInventory, now, outlivedBy(now - retention));
  const { pending } = await outbox.store.db
    .selectFrom('sink_now')
    .select('pending')
    .where('name', '=', INVENTORY)
    .executeTakeFirstOrThrow();
  return pending;
}

import type { Store } from '../../store/store.ts';
import { foldCvesOf } from '../knowledge-cves.ts';
import type { InventorySchema } from '../schema.ts';
import type { KnowledgeEntry } from './entry.ts';
import { claimVersion, columnsOf } from './fold.ts';

/**
 * Puts entries into a table that lacks them though their events have long been delivered (a state that was imported has
 * keys and no events). They are older than every event: none is replaced, and the next event of a QID replaces them.
 */
export async function fillKnowledge(
  store: Store<InventorySchema>,
  space: { readonly tenant: string; readonly subscription: string; readonly connection: string },
  entries: readonly KnowledgeEntry[],
): Promise<void> {
  const { tenant, subscription, connection } = space;
  const rows = entries.map((entry) => ({ connection, seq: 0, accepted: 0, qid: entry.qid, entry }));
  const match = { tenant, subscription, qid: entries.map(({ qid }) => qid) };
  await store.transaction(async (tx) => {
    await claimVersion(tx, tenant, subscription);
    await tx.insertMany('knowledge', { ...match, ...columnsOf(rows) });
    await tx.deleteMany('knowledge_wanted', match);
  });
  await foldCvesOf(store, tenant, subscription, new Set(match.qid));
}

/** The table is filled: from now on it has a version. Killed before that, filling begins again. */
export async function knowledgeFilled(
  { db }: Store<InventorySchema>,
  tenant: string,
  subscription: string,
): Promise<void> {
  await db
    .insertInto('knowledge_version')
    .values({ tenant, subscription, version: 1 })
    .onConflict((conflict) =>
      conflict.columns(['tenant', 'subscription']).doUpdateSet((eb) => ({
        version: eb('knowledge_version.version', '+', 1),
      })),
    )
    .execute();
}

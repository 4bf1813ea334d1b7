import type { Store } from '../../store/store.ts';
import type { InventorySchema } from '../schema.ts';

/**
 * Forgets rows of QIDs that Qualys has no more and that were removed before `before` (epoch ms), and QIDs that were
 * noted as wanted before it: what still names them notes them again. The caller knows that no older event of these can
 * come any more. Returns how many rows went.
 */
export async function forgetKnowledge({ db }: Store<InventorySchema>, before: number): Promise<number> {
  const removed = await db
    .deleteFrom('knowledge')
    .where('removed', '=', 1)
    .where('accepted', '<', before)
    .executeTakeFirst();
  const wanted = await db.deleteFrom('knowledge_wanted').where('since', '<', before).executeTakeFirst();
  return Number(removed.numDeletedRows) + Number(wanted.numDeletedRows);
}

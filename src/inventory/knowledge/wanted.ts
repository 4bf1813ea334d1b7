import type { Store } from '../../store/store.ts';
import type { InventorySchema } from '../schema.ts';

/** Qualys says nothing of a QID it does not know: it is not asked again for a day. */
export const ASK_AGAIN_MS = 86_400_000;

/** Notes QIDs that were looked for and are not there; what is noted already stays as it is. */
export async function want(
  store: Store<InventorySchema>,
  tenant: string,
  subscription: string,
  qids: readonly number[],
  now: number,
): Promise<void> {
  const qid = [...new Set(qids)].filter((one) => Number.isSafeInteger(one) && one > 0);
  if (qid.length === 0) return;
  await store.transaction((tx) =>
    tx.insertMany('knowledge_wanted', { tenant, subscription, qid, since: now, asked: 0 }),
  );
}

/** The QIDs Qualys is to be asked for now, ascending. A clock that was set back does not keep one from being asked. */
export async function wantedNow(
  { db }: Store<InventorySchema>,
  tenant: string,
  subscription: string,
  now: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom('knowledge_wanted')
    .select('qid')
    .where('tenant', '=', tenant)
    .where('subscription', '=', subscription)
    .where(({ or, eb }) => or([eb('asked', '<=', now - ASK_AGAIN_MS), eb('asked', '>', now)]))
    .orderBy('qid')
    .execute();
  return rows.map(({ qid }) => qid);
}

/** Qualys was asked for these QIDs. Those it knows leave the list when their events are folded. */
export async function askedFor(
  store: Store<InventorySchema>,
  tenant: string,
  subscription: string,
  qids: readonly number[],
  now: number,
): Promise<void> {
  await store.transaction((tx) =>
    tx.updateMany('knowledge_wanted', { tenant, subscription, qid: qids }, { asked: now }),
  );
}

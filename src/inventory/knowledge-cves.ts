import type { Batch } from '../core/sink.ts';
import type { Store } from '../store/store.ts';
import { knowledgeOf } from './knowledge/lookup.ts';
import type { InventorySchema } from './schema.ts';
import { moveOn, openSpace } from './space.ts';
import { whole } from './values.ts';

/**
 * Brings the CVEs of the QIDs in these batches (data set knowledge_base, one subscription) in line with the table of
 * entries, which was folded before: whatever came in between is in it too, so that doing it again changes nothing.
 */
export async function foldCves(store: Store<InventorySchema>, batches: readonly Batch[]): Promise<void> {
  const { tenant, subscription } = batches[0]!;
  const qids = new Set<number>();
  for (const batch of batches) {
    for (let i = 0; i < batch.count; i++) {
      const [qid] = JSON.parse(batch.key(i)) as string[];
      if (whole(qid) > 0) qids.add(whole(qid));
    }
  }
  if (qids.size > 0) await foldCvesOf(store, tenant, subscription, qids);
}

/** The same for these QIDs. */
export async function foldCvesOf(
  store: Store<InventorySchema>,
  tenant: string,
  subscription: string,
  qids: ReadonlySet<number>,
): Promise<void> {
  for (;;) {
    const space = await openSpace(store, tenant, subscription);
    const { entries } = await knowledgeOf(store, tenant, subscription, [...qids]);
    const qid = [...qids];
    const had = await store.selectMany('knowledge_cve', { space: space.id, qid }, ['qid', 'cve']);
    const name = (one: number, cve: string): string => `${one}/${cve}`;
    const before = new Map(
      had.row.map((_, i) => {
        const row = { qid: had.columns['qid']![i] as number, cve: had.columns['cve']![i] as string };
        return [name(row.qid, row.cve), row] as const;
      }),
    );
    const now = new Map(
      [...entries.values()].flatMap((entry) =>
        entry.cves.map((cve) => [name(entry.qid, cve), { qid: entry.qid, cve }] as const),
      ),
    );
    const gone = [...before].flatMap(([key, row]) => (now.has(key) ? [] : [row]));
    const fresh = [...now].flatMap(([key, row]) => (before.has(key) ? [] : [row]));
    if (gone.length + fresh.length === 0) return;
    const columns = (rows: readonly { qid: number; cve: string }[]) => ({
      space: space.id,
      qid: rows.map((row) => row.qid),
      cve: rows.map((row) => row.cve),
    });
    const isWritten = await store.transaction(async (tx) => {
      if (!(await moveOn(tx, space))) return false;
      if (gone.length > 0) await tx.deleteMany('knowledge_cve', columns(gone));
      if (fresh.length > 0) await tx.insertMany('knowledge_cve', columns(fresh));
      return true;
    });
    if (isWritten) return;
  }
}

import type { Batch } from '../core/sink.ts';
import type { Store } from '../store/store.ts';
import { cvesOf } from './knowledge/lookup.ts';
import type { InventorySchema } from './schema.ts';
import { moveOn, openSpace } from './space.ts';
import { whole } from './values.ts';

interface Row {
  readonly qid: number;
  readonly cve: string;
}

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
    const qid = [...qids];
    const now = await cvesOf(store, tenant, subscription, qid);
    const had = await store.selectMany('knowledge_cve', { space: space.id, qid }, ['cve']);
    const before = new Map<number, Set<string>>();
    had.row.forEach((at, i) => {
      const cves = before.get(qid[at]!) ?? new Set();
      before.set(qid[at]!, cves.add(had.columns['cve']![i] as string));
    });
    const gone: Row[] = [];
    const fresh: Row[] = [];
    for (const one of qid) {
      const cves = new Set(now.get(one));
      for (const cve of before.get(one) ?? []) if (!cves.delete(cve)) gone.push({ qid: one, cve });
      for (const cve of cves) fresh.push({ qid: one, cve });
    }
    if (gone.length + fresh.length === 0) return;
    const columns = (rows: readonly Row[]) => ({
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

import type { KnowledgeEntry } from '../../core/knowledge.ts';
import { knowledgeOf, knowledgeVersion } from '../../inventory/knowledge/lookup.ts';
import { want } from '../../inventory/knowledge/wanted.ts';
import type { InventorySchema } from '../../inventory/schema.ts';
import type { Store } from '../../store/store.ts';

/** Entries kept of one subscription, each some kilobytes: what current findings are about, seldom more. */
const KEPT = 2000;

interface Copies {
  readonly version: number;
  /** Undefined: looked for and not there. */
  readonly entries: Map<number, KnowledgeEntry | undefined>;
}

/** By database, then by tenant and subscription. */
const kept = new WeakMap<object, Map<string, Copies>>();

/**
 * What the KnowledgeBase says of these QIDs, from copies that are good until an entry of the subscription changes. QIDs
 * that are not there are noted, so that Qualys is asked for them; the events go without them.
 */
export async function joinedKnowledge(
  store: Store<InventorySchema>,
  tenant: string,
  subscription: string,
  qids: readonly number[],
  now: number,
): Promise<ReadonlyMap<number, KnowledgeEntry>> {
  if (qids.length === 0) return new Map();
  const copies = await copiesOf(store, tenant, subscription);
  const unknown = qids.filter((qid) => !copies.entries.has(qid));
  if (unknown.length > 0) {
    if (copies.entries.size + unknown.length > KEPT) {
      const asked = new Set(qids);
      for (const qid of copies.entries.keys()) if (!asked.has(qid)) copies.entries.delete(qid);
    }
    const { entries, misses } = await knowledgeOf(store, tenant, subscription, unknown);
    for (const qid of unknown) copies.entries.set(qid, entries.get(qid));
    await want(store, tenant, subscription, misses, now);
  }
  const found = new Map<number, KnowledgeEntry>();
  for (const qid of qids) {
    const entry = copies.entries.get(qid);
    if (entry !== undefined) found.set(qid, entry);
  }
  return found;
}

async function copiesOf(store: Store<InventorySchema>, tenant: string, subscription: string): Promise<Copies> {
  const all = kept.get(store) ?? new Map<string, Copies>();
  kept.set(store, all);
  const name = JSON.stringify([tenant, subscription]);
  const version = await knowledgeVersion(store, tenant, subscription);
  const old = all.get(name);
  if (old?.version === version) return old;
  const fresh = { version, entries: new Map<number, KnowledgeEntry | undefined>() };
  all.set(name, fresh);
  return fresh;
}

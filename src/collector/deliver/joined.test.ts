import { expect, test } from 'vitest';
import { describeStores, type Place } from '../../../test/support/stores.ts';
import type { Batch } from '../../core/sink.ts';
import { foldKnowledge } from '../../inventory/knowledge/fold.ts';
import { wantedNow } from '../../inventory/knowledge/wanted.ts';
import { type InventorySchema, inventoryMigrations } from '../../inventory/schema.ts';
import { migrate } from '../../store/migrate.ts';
import type { Store } from '../../store/store.ts';
import { joinedKnowledge } from './joined.ts';

/** A batch of one entry, as the inventory gets it. */
function entry(seq: number, qid: number, title: string, tenant = 't'): Batch {
  const bytes = Buffer.from(
    `${JSON.stringify({
      ...{ id: `id${seq}`, seq, dataset: 'knowledge_base', pulled_at: new Date(seq).toISOString() },
      ...{ change: 'new', key: [String(qid)], record: { QID: String(qid), TITLE: title } },
    })}\n`,
  );
  return {
    ...{ id: `b${seq}`, tenant, subscription: 's', connection: 'c', dataset: 'knowledge_base', pullingId: '1' },
    ...{ count: 1, bytes, ends: [bytes.length] },
    eventId: () => `id${seq}`,
    seq: () => seq,
    key: () => `["${qid}"]`,
    change: () => 'new',
    time: () => new Date(seq).toISOString(),
  };
}

async function openInventory(place: Place): Promise<Store<InventorySchema>> {
  const store = await place.openStore<InventorySchema>();
  await migrate(store, inventoryMigrations, 1);
  return store;
}

const titles = (found: ReadonlyMap<number, { readonly title: string }>): (readonly [number, string])[] =>
  [...found].map(([qid, { title }]) => [qid, title] as const).sort(([a], [b]) => a - b);

describeStores('what shapes are joined with', (kind) => {
  test('is what the KnowledgeBase says now; what is not there is noted, and is there once it comes', async () => {
    const store = await openInventory(await kind.place());
    await foldKnowledge(store, [entry(1, 10, 'Ten'), entry(2, 20, 'Twenty')]);
    const asked = () => joinedKnowledge(store, 't', 's', [10, 20, 30], 1000);
    expect(titles(await asked())).toEqual([
      [10, 'Ten'],
      [20, 'Twenty'],
    ]);
    expect(await wantedNow(store, 't', 's', 2_000_000_000)).toEqual([30]);
    // From the copies, the miss included.
    expect(titles(await asked())).toHaveLength(2);
    await foldKnowledge(store, [entry(3, 10, 'Ten, revised'), entry(4, 30, 'Thirty')]);
    expect(titles(await asked())).toEqual([
      [10, 'Ten, revised'],
      [20, 'Twenty'],
      [30, 'Thirty'],
    ]);
  });

  test('keeps tenants apart, and asks nothing where there is no QID', async () => {
    const store = await openInventory(await kind.place());
    await foldKnowledge(store, [entry(1, 10, 'of t'), entry(2, 10, 'of u', 'u')]);
    expect(titles(await joinedKnowledge(store, 't', 's', [10], 1000))).toEqual([[10, 'of t']]);
    expect(titles(await joinedKnowledge(store, 'u', 's', [10], 1000))).toEqual([[10, 'of u']]);
    expect(titles(await joinedKnowledge(store, 't', 'other', [10], 1000))).toEqual([]);
    expect(titles(await joinedKnowledge(store, 't', 's', [], 1000))).toEqual([]);
  });

  test('more QIDs than are kept are found all the same', async () => {
    const store = await openInventory(await kind.place());
    const many = Array.from({ length: 5000 }, (_, i) => i + 1);
    await foldKnowledge(store, [entry(1, 1, 'first'), entry(2, 5000, 'last')]);
    const all = [
      [1, 'first'],
      [5000, 'last'],
    ];
    expect(titles(await joinedKnowledge(store, 't', 's', many, 1000))).toEqual(all);
    expect(titles(await joinedKnowledge(store, 't', 's', [7000], 1000))).toEqual([]);
    expect(titles(await joinedKnowledge(store, 't', 's', many, 1000))).toEqual(all);
  });
});

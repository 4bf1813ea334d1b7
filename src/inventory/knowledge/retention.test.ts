import { expect, test } from 'vitest';
import { describeStores, type Place } from '../../../test/support/stores.ts';
import { migrate } from '../../store/migrate.ts';
import type { Store } from '../../store/store.ts';
import { type InventorySchema, inventoryMigrations } from '../schema.ts';
import { entryOf } from './entry.ts';
import { fillKnowledge, knowledgeFilled } from './fill.ts';
import { knowledgeOf, knowledgeVersion, missingOf } from './lookup.ts';
import { forgetKnowledge } from './retention.ts';
import { want, wantedNow } from './wanted.ts';

const entry = (qid: number, title = 'T') => entryOf({ QID: String(qid), TITLE: title })!;
const SPACE = { tenant: 't', subscription: 's', connection: 'c' };

async function openInventory(place: Place): Promise<Store<InventorySchema>> {
  const store = await place.openStore<InventorySchema>();
  await migrate(store, inventoryMigrations, 1);
  return store;
}

describeStores('what the KnowledgeBase keeps', (kind) => {
  test('QIDs that are gone for long are forgotten, and those that were wanted long ago', async () => {
    const store = await openInventory(await kind.place());
    await fillKnowledge(store, SPACE, [entry(1), entry(2), entry(3)]);
    await store.db.updateTable('knowledge').set({ removed: 1, accepted: 1000 }).where('qid', '=', 1).execute();
    await store.db.updateTable('knowledge').set({ removed: 1, accepted: 2000 }).where('qid', '=', 2).execute();
    await want(store, 't', 's', [7], 1000);
    await want(store, 't', 's', [8], 2000);
    expect(await forgetKnowledge(store, 2000)).toBe(2);
    const rows = await store.db.selectFrom('knowledge').select('qid').orderBy('qid').execute();
    expect(rows.map(({ qid }) => qid)).toEqual([2, 3]);
    expect(await wantedNow(store, 't', 's', 10 ** 12)).toEqual([8]);
  });

  test('filling replaces nothing, and has a version once it is whole', async () => {
    const store = await openInventory(await kind.place());
    await fillKnowledge(store, SPACE, [entry(1, 'first')]);
    expect(await knowledgeVersion(store, 't', 's')).toBe(0);
    await fillKnowledge(store, SPACE, [entry(1, 'second'), entry(2)]);
    await knowledgeFilled(store, 't', 's');
    expect(await knowledgeVersion(store, 't', 's')).toBe(1);
    const { entries } = await knowledgeOf(store, 't', 's', [1, 2]);
    expect([...entries.values()].map(({ title }) => title).toSorted()).toEqual(['T', 'first']);
    expect(await missingOf(store, 't', 's', [3, 1, 2, 9])).toEqual([3, 9]);
  });
});

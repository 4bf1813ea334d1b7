import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { fillInventory } from '../../../test/support/inventory-rows.ts';
import { describeStores, type StoreKind } from '../../../test/support/stores.ts';
import { migrate } from '../../store/migrate.ts';
import { DEFAULT_POLICY } from '../policy.ts';
import { type InventorySchema, inventoryMigrations } from '../schema.ts';
import { moveOn, openSpace } from '../space.ts';
import { type Asked, countOf, facetsOf, queryView } from './query.ts';
import { remembered } from './remembered.ts';

const NOW = Date.UTC(2026, 0, 20);

async function filled(kind: StoreKind): Promise<Asked> {
  const store = await (await kind.place()).openStore<InventorySchema>();
  await migrate(store, inventoryMigrations, 1);
  await fillInventory(store, { devices: 30, perDevice: 5, qids: 20, seed: 1, now: NOW });
  return { store, context: { policy: DEFAULT_POLICY, now: NOW } };
}

/** Everything the page of findings shows of severities. */
async function shown(asked: Asked) {
  const facets = await facetsOf(asked, 'findings', ['severity', 'qid', 'os', 'tags']);
  const { rows } = await queryView(asked, 'findings', { sort: '-severity' });
  return { facets, rows, count: await countOf(asked, 'findings', { filter: 'severity=5' }) };
}

describeStores('answers that are remembered', (kind) => {
  test('are those of the inventory as it is, after every change that is folded', async () => {
    const asked = await filled(kind);
    const { store } = asked;
    for (let severity = 5; severity > 1; severity--) {
      await shown(asked);
      const space = await openSpace(store, 'acme', 's');
      await store.transaction(async (tx) => {
        expect(await moveOn(tx, space)).toBe(true);
        await tx.db
          .updateTable('finding')
          .set({ severity: severity - 1 })
          .where('severity', '=', severity)
          .execute();
      });
      const now = await shown(asked);
      // A second connection of the same database has nothing to remember.
      const afresh = await shown({ ...asked, store: { ...store } });
      expect(now).toEqual(afresh);
      expect(now.count).toBe(0);
    }
  });

  test('are not found again while nothing changes, and each question has its own', async () => {
    const asked = await filled(kind);
    const { store } = asked;
    const before = await shown(asked);
    await store.db.updateTable('finding').set({ severity: 1 }).execute();
    expect(await countOf(asked, 'findings', { filter: 'severity=5' })).toBe(before.count);
    expect(await countOf({ ...asked, tenants: ['acme'] }, 'findings', { filter: 'severity=5' })).toBe(0);
    expect(await countOf(asked, 'findings', { filter: 'severity=5', all: true })).toBe(0);
    await store.db.insertInto('knowledge_version').values({ tenant: 'acme', subscription: 's', version: 1 }).execute();
    expect(await countOf(asked, 'findings', { filter: 'severity=5' })).toBe(0);
  });

  test('under thresholds are good for the minute, and those to the time itself are not remembered', async () => {
    const asked = await filled(kind);
    const { store } = asked;
    const days = 86_400_000;
    const devices = { ignoreNotSeen: 30 * days, deleteNotReturned: 999 * days, deleteNotReturnedBySuccess: days };
    const at = (ms: number): Asked => ({ store, context: { policy: { ...DEFAULT_POLICY, devices }, now: NOW + ms } });
    const counts = async (ms: number) => [
      await countOf(at(ms), 'devices', {}),
      await countOf(at(ms), 'devices', { filter: 'last_seen>now-20d' }),
    ];
    await sql`INSERT INTO device_source (space, dataset, id, seq, accepted, removed_at, host, asset, connection, agent, cloud, removed, device, facts)
      SELECT space, 'host_list', host, 1, ${NOW}, removed_at, host, asset, 'c', '', '', removed, device, '{}' FROM device`.execute(
      store.db,
    );
    const [all, young] = (await counts(0)) as [number, number];
    expect([all, young].every((n) => n > 0)).toBe(true);
    expect(young).toBeLessThan(all);
    await store.db.updateTable('device').set({ last_seen: 1 }).execute();
    expect(await counts(59_999)).toEqual([all, 0]);
    expect(await counts(60_000)).toEqual([0, 0]);
  });

  test('a question that failed is asked again', async () => {
    const { store } = await filled(kind);
    const ask = () => remembered(store, sql<{ n: number }>`SELECT n FROM later`);
    await expect(ask()).rejects.toThrow();
    await sql`CREATE TABLE later (n bigint)`.execute(store.db);
    expect(await ask()).toEqual([]);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it, test } from 'vitest';
import { describeStores } from '../../test/support/stores.ts';
import { migrate } from '../store/migrate.ts';
import { openSqlite } from '../store/sqlite.ts';
import { fillKnowledge } from './knowledge/fill.ts';
import { knowledgeOf } from './knowledge/lookup.ts';
import { type InventorySchema, inventoryMigrations } from './schema.ts';

it('entries of the KnowledgeBase outlive the change of their table', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'quarry-schema-'));
  const store = await openSqlite<InventorySchema>(join(dir, 'quarry.db'));
  try {
    await migrate(
      store,
      inventoryMigrations.filter(({ number }) => number < 60),
      1,
    );
    const entry = {
      ...{ qid: 7, title: 't', type: 'Vulnerability', severity: 3, category: 'c', modified: 'm', published: 'p' },
      ...{ patchable: true, disabled: false, pci: true, cves: ['CVE-2026-1'], cvss2: null },
      ...{ cvss3: { base: 9.8, temporal: null, vector: 'AV:N' }, threats: [{ id: 2, name: 'Exploit_Public' }] },
      ...{ solution: 's'.repeat(5000), diagnosis: 'd', consequence: null },
    };
    await fillKnowledge(store, { tenant: 't', subscription: 's', connection: 'c' }, [entry]);
    await migrate(store, inventoryMigrations, 2);
    const { entries } = await knowledgeOf(store, 't', 's', [7]);
    expect(entries.get(7)).toEqual(entry);
    const { rows } = await sql<{ rowid: number }>`SELECT rowid FROM knowledge`.execute(store.db);
    expect(rows).toHaveLength(1);
  } finally {
    await store.close();
    await rm(dir, { recursive: true });
  }
});

describeStores('what was gone before it was known when it was returned last', (kind) => {
  test('[A43] counts from its removal, as it did then', async () => {
    const store = await (await kind.place()).openStore<InventorySchema>();
    const older = inventoryMigrations.filter(({ number }) => number < 62);
    await migrate(store, older, 1);
    const source = {
      ...{ space: 1, dataset: 'host_list', seq: 1, host: 1, asset: 0, connection: 'c', agent: '', cloud: '' },
      ...{ device: 'h1', facts: '{}' },
    };
    for (const row of [
      { ...source, id: 1, accepted: 50, removed: '', removed_at: 0 },
      { ...source, id: 2, accepted: 60, removed: 'purged', removed_at: 60 },
    ])
      await store.db
        .insertInto('device_source')
        .values(row as never)
        .execute();
    await migrate(store, inventoryMigrations, 2);
    const rows = await store.db.selectFrom('device_source').select(['id', 'returned']).orderBy('id').execute();
    expect(rows.map(({ id, returned }) => [Number(id), Number(returned)])).toEqual([
      [1, 0],
      [2, 60],
    ]);
  });
});

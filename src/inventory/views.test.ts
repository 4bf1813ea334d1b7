import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { describeStores } from '../../test/support/stores.ts';
import { migrate } from '../store/migrate.ts';
import { DEFAULT_POLICY, type InventoryPolicy } from './policy.ts';
import { type InventorySchema, inventoryMigrations } from './schema.ts';
import { viewsOf } from './views.ts';

const DAY = 86_400_000;
const STRICT: InventoryPolicy = {
  sla: { 5: 7 * DAY, 4: 30 * DAY },
  devices: { ignoreNotSeen: DAY, deleteNotReturned: DAY, deleteNotReturnedBySuccess: DAY },
  users: { ignoreNotSeen: DAY, deleteNotReturned: DAY, deleteNotReturnedBySuccess: DAY },
  results: true,
};
const READINGS = ["o'brien", 'b'].map((tenant) => ({ tenant, subscription: 's', dataset: 'users', at: 5 * DAY }));

describeStores('the catalogue of views', (kind) => {
  test('every column of every view is SQL that this database takes, under any policy', async () => {
    const store = await (await kind.place()).openStore<InventorySchema>();
    await migrate(store, inventoryMigrations, 1);
    for (const context of [
      { policy: DEFAULT_POLICY, now: 6 * DAY },
      { policy: STRICT, now: 6 * DAY, readings: [...READINGS, { ...READINGS[0]!, dataset: 'assets' }] },
    ]) {
      for (const view of viewsOf(context).values()) {
        const columns = view.columns.map(({ name, sql: of }) => `${of} AS "${name}"`).join(', ');
        const { rows } = await sql
          .raw(`SELECT ${columns} FROM ${view.from} WHERE ${view.where} ORDER BY 1, 2`)
          .execute(store.db)
          .catch((error: unknown) => {
            throw new Error(`${view.name}: ${String(error)}`);
          });
        expect(rows).toEqual([]);
      }
    }
  });

  test('names are unique, and keys are columns', () => {
    for (const { columns, key, name } of viewsOf({ policy: DEFAULT_POLICY, now: 0 }).values()) {
      const names = columns.map((column) => column.name);
      expect({ name, repeated: names.filter((one, i) => names.indexOf(one) !== i) }).toEqual({ name, repeated: [] });
      expect({ name, unknown: key.filter((one) => !names.includes(one)) }).toEqual({ name, unknown: [] });
    }
  });
});

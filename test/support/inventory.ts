import { join } from 'node:path';
import { sql } from 'kysely';
import { openOutbox } from '../../src/collector/port.ts';
import { DEFAULT_POLICY } from '../../src/inventory/policy.ts';
import { inventoryTables } from '../../src/inventory/schema.ts';
import { type ViewContext, viewsOf } from '../../src/inventory/views.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import type { Rig } from './rig.ts';

export type Row = Readonly<Record<string, string | number | null>>;

/** Does something with a rig's outbox, read-only unless said otherwise. */
export async function withOutbox<T>(rig: Rig, use: (outbox: Outbox) => Promise<T>, readOnly = true): Promise<T> {
  const outbox = await openOutbox({ dataDir: join(rig.dir, 'data'), readOnly }, rig.clock.now());
  try {
    return await use(outbox);
  } finally {
    await outbox.close();
  }
}

/** The rows of a view; what is removed too, where `all`. */
export function viewRows(
  rig: Rig,
  name: string,
  { all = false, context }: { all?: boolean; context?: Partial<ViewContext> } = {},
): Promise<Row[]> {
  return withOutbox(rig, async ({ store }) => {
    const view = viewsOf({ policy: DEFAULT_POLICY, now: rig.clock.now(), ...context }).get(name)!;
    const columns = view.columns.map((column) => `${column.sql} AS "${column.name}"`).join(', ');
    const { rows } = await sql
      .raw<Row>(`SELECT ${columns} FROM ${view.from} WHERE ${all ? '1 = 1' : view.where}`)
      .execute(store.db);
    return rows;
  });
}

/** Everything the inventory holds, table by table, in an order of its own. */
export function wholeInventory(rig: Rig): Promise<Record<string, readonly string[]>> {
  return withOutbox(rig, async ({ store }) => {
    const tables: Record<string, readonly string[]> = {};
    for (const table of inventoryTables) {
      const { rows } = await sql<Row>`SELECT * FROM ${sql.table(table)}`.execute(store.db);
      // Versions say how often something was folded.
      tables[table] = rows.map(({ version: _, ...row }) => JSON.stringify(Object.entries(row).sort())).sort();
    }
    return tables;
  });
}

import { completeReadings, inventoryStore } from '../../collector/port.ts';
import type { Asked, Row } from '../../inventory/query/query.ts';
import { configuration } from './configuration.ts';
import { openLook } from './look.ts';

/** The inventory of a configuration, under its policy, opened for reading: works beside a running collector. */
export async function withInventory<T>(file: string | undefined, use: (asked: Asked) => Promise<T>): Promise<T> {
  const config = configuration(file);
  const outbox = await openLook(config);
  try {
    const { inventory: policy } = config;
    const now = Date.now();
    const context = { policy, now, readings: await completeReadings(outbox, policy, now) };
    return await use({ store: inventoryStore(outbox), context });
  } finally {
    await outbox.close();
  }
}

/** A value as CSV and tables show it: the items of a list apart by semicolons. */
export function cellText(row: Row, column: string): string {
  const cell = row[column] ?? null;
  if (cell === null) return '';
  return Array.isArray(cell) ? cell.join('; ') : String(cell);
}

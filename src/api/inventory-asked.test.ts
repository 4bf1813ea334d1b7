import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inventoryStore, openOutbox } from '../collector/port.ts';
import { systemClock } from '../core/clock.ts';
import { countOf } from '../inventory/query/query.ts';
import { asked } from './inventory-asked.ts';

const T0 = Date.UTC(2026, 10, 21);

it('questions to the inventory cannot write, and are answered while the collector holds its database', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'quarry-asked-'));
  const outbox = await openOutbox({ dataDir }, T0);
  const look = await openOutbox({ dataDir, readOnly: true }, T0);
  try {
    const service = { clock: systemClock, config: () => ({ inventory: { sla: {}, devices: {}, users: {} } }) } as never;
    const request = { principal: { tenants: '*' } } as never;
    let end = (): void => {};
    const held = outbox.store.transaction(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    const whom = await asked({ service, look }, request);
    expect(await countOf(whom, 'devices', {})).toBe(0);
    await expect(whom.store.transaction((tx) => tx.db.deleteFrom('device').execute())).rejects.toThrow(/readonly/);
    await expect(inventoryStore(look).db.deleteFrom('device').execute()).rejects.toThrow(/readonly/);
    end();
    await held;
  } finally {
    await look.close();
    await outbox.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { deliverOnce } from '../../src/collector/deliver/deliver.ts';
import { inventoryConsumer } from '../../src/collector/fold/consumer.ts';
import { rebuildInventory } from '../../src/collector/fold/rebuild.ts';
import { silentObserver } from '../../src/collector/observer.ts';
import { openOutbox } from '../../src/collector/port.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { inventoryTables } from '../../src/inventory/schema.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { killAgainAndAgain } from '../support/kill/harness.ts';
import { told } from '../support/kill/verdict.ts';
import { difference, SAME } from '../support/rig.ts';
import { scaled } from '../support/scale.ts';

const soak = process.env['QUARRY_SOAK'] === '1';
const kills = scaled('kills of a folding collector', { quick: 6, full: 12, soak: 200 });
const seed = Number(process.env['QUARRY_SEED'] ?? Date.now() % 1_000_000);

/** Everything the inventory holds, table by table. How a device came to be depends on how its events were cut into folds. */
async function tablesOf({ store }: Outbox): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const table of inventoryTables.filter((name) => name !== 'device_history')) {
    const { rows } = await sql<Record<string, unknown>>`SELECT * FROM ${sql.table(table)}`.execute(store.db);
    found[table] = rows.map(({ version: _, ...row }) => JSON.stringify(row)).sort();
  }
  return found;
}

async function foldAll(outbox: Outbox): Promise<void> {
  const workshop = {
    ...{ outbox, clock: systemClock, log: silentLog, observer: silentObserver },
    ...{ mayPull: async () => {}, appended: () => {}, neighbours: () => [] },
  };
  const consumer = inventoryConsumer(outbox);
  for (;;) {
    const { batches, failed } = await deliverOnce(workshop, consumer, new AbortController().signal);
    expect(failed).toBeUndefined();
    if (batches === 0) return;
  }
}

it(
  'an inventory whose collector is killed again and again is what its events make of an empty one [promise 2]',
  async () => {
    let before: Record<string, string[]> = {};
    let after: Record<string, string[]> = {};
    const restless = { every: '5m', sweep: { full: '1h' } };
    const report = await killAgainAndAgain({
      // A slow machine takes its time to start; a kill before that proves nothing.
      ...{ kills, seed, hosts: 40, aims: ['send', 'settle'], unaimed: 0, patience: 30_000 },
      datasets: {
        host_list: { page_size: 10, ...restless },
        host_list_detection: { page_size: 5, ...restless },
        host_assets: { page_size: 10, ...restless },
      },
      ...{ advanceUpTo: 5 * 3_600_000, thorough: false, retention: 1000 * 86_400_000 },
      inspectData: async (dir) => {
        const outbox = await openOutbox({ dataDir: dir }, Date.now());
        try {
          before = await tablesOf(outbox);
          await rebuildInventory(outbox, Date.now());
          expect(Object.values(await tablesOf(outbox)).flat()).toEqual([]);
          await foldAll(outbox);
          after = await tablesOf(outbox);
        } finally {
          await outbox.close();
        }
      },
    });
    console.log(`kills of a folding collector: seed ${seed}, hits ${JSON.stringify(report.hits)}`);
    expect(report.errors).toEqual([]);
    expect(report.hits.send + report.hits.settle).toBeGreaterThanOrEqual(kills / 3);
    expect(told(report.first)).toBe('');
    for (const name of ['device', 'device_source', 'finding', 'finding_history'])
      expect(before[name]!.length, name).toBeGreaterThan(0);
    for (const [name, rows] of Object.entries(before))
      expect({ name, ...difference(rows, after[name]!) }).toEqual({ name, ...SAME });
  },
  soak ? 3_600_000 : 900_000,
);

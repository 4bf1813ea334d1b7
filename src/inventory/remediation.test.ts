import { expect, test } from 'vitest';
import { describeStores } from '../../test/support/stores.ts';
import type { Batch } from '../core/sink.ts';
import { migrate } from '../store/migrate.ts';
import { foldBatches } from './fold.ts';
import { remediation } from './remediation.ts';
import { type InventorySchema, inventoryMigrations } from './schema.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const at = (day: number): string => new Date(START + day * DAY).toISOString().replace('.000', '');

/** What Qualys says of one detection on one day. */
function said(seq: number, qid: number, day: number, record: Record<string, string>, removed?: string): Batch {
  const key = ['7', String(qid), '', '', '0', '', ''];
  const change = removed === undefined ? { change: 'new' } : { change: 'removed', reason: removed };
  const line = { seq, pulled_at: at(day), time: at(day), ...change, key, record: { TYPE: 'Confirmed', ...record } };
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  return {
    ...{ id: 'b', tenant: 't', subscription: 's', connection: 'c', dataset: 'host_list_detection', pullingId: '1' },
    ...{ count: 1, bytes, ends: [bytes.length], eventId: String, seq: () => seq, key: () => JSON.stringify(key) },
    ...{ change: () => 'new' as const, time: () => at(day) },
  };
}

describeStores('mean time to remediate', (kind) => {
  test('by severity, from each opening to the fix that ended it', async () => {
    const store = await (await kind.place()).openStore<InventorySchema>();
    await migrate(store, inventoryMigrations, 1);
    const opened = (severity: string, day: number) => ({ SEVERITY: severity, FIRST_FOUND_DATETIME: at(day) });
    const events = [
      // Open from day 0 to 10, and again from 20 to 24: 14 days in two fixes.
      said(1, 100, 0, { ...opened('5', 0), STATUS: 'New' }),
      said(2, 100, 11, { ...opened('5', 0), STATUS: 'Fixed', LAST_FIXED_DATETIME: at(10) }),
      said(3, 100, 21, { ...opened('5', 0), STATUS: 'Re-Opened', LAST_REOPENED_DATETIME: at(20) }),
      said(4, 100, 25, { ...opened('5', 0), STATUS: 'Fixed', LAST_FIXED_DATETIME: at(24) }),
      // 6 days.
      said(5, 101, 9, { ...opened('5', 2), STATUS: 'Fixed', LAST_FIXED_DATETIME: at(8) }),
      // Gone with its host, still open, and information: no remediation.
      said(6, 102, 1, { ...opened('5', 1), STATUS: 'Active' }),
      said(7, 102, 9, {}, 'purged'),
      said(8, 103, 1, { ...opened('5', 1), STATUS: 'Active' }),
      said(9, 104, 9, { ...opened('5', 1), STATUS: 'Fixed', LAST_FIXED_DATETIME: at(9), TYPE: 'Info' }),
      said(10, 105, 9, { ...opened('2', 8), STATUS: 'Fixed', LAST_FIXED_DATETIME: at(9) }),
    ];
    for (const event of events) await foldBatches(store, [event]);
    const whose = { tenant: 't', subscription: 's' };
    expect(await remediation(store, { from: START, to: START + 100 * DAY })).toEqual([
      { ...whose, severity: 2, fixed: 1, meanMs: DAY },
      { ...whose, severity: 5, fixed: 3, meanMs: (20 / 3) * DAY },
    ]);
    expect(await remediation(store, { from: START + 10 * DAY, to: START + 24 * DAY })).toEqual([
      { ...whose, severity: 5, fixed: 1, meanMs: 10 * DAY },
    ]);
    expect(await remediation(store, { from: START + 25 * DAY, to: START + 30 * DAY })).toEqual([]);
  });
});

import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { scaled } from '../../test/support/scale.ts';
import { describeStores, type Place } from '../../test/support/stores.ts';
import type { Batch } from '../core/sink.ts';
import { migrate } from '../store/migrate.ts';
import type { Store } from '../store/store.ts';
import { foldBatches } from './fold.ts';
import { DEFAULT_POLICY } from './policy.ts';
import { type InventorySchema, inventoryMigrations, inventoryTables } from './schema.ts';
import { unscanned } from './unscanned.ts';
import { type ViewContext, viewsOf } from './views.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 20);

interface Said {
  readonly seq: number;
  readonly key: readonly string[];
  readonly record?: Record<string, unknown>;
  readonly removed?: string;
}

/** A batch as the collector hands it over: events of the format `raw`, one a line. */
function batchOf(dataset: string, events: readonly Said[], space: { tenant?: string; at?: number } = {}): Batch {
  const { tenant = 't', at = NOW } = space;
  const lines = events.map(({ seq, key, record = {}, removed }) =>
    Buffer.from(
      `${JSON.stringify({
        ...{ id: `id${seq}`, seq, dataset, pulled_at: new Date(at).toISOString() },
        ...(removed === undefined ? { change: 'new' } : { change: 'removed', reason: removed }),
        ...{ key, record },
      })}\n`,
    ),
  );
  const ends: number[] = [];
  for (const line of lines) ends.push((ends.at(-1) ?? 0) + line.length);
  return {
    ...{ id: 'b', tenant, subscription: 's', connection: 'c', dataset, pullingId: '1' },
    ...{ count: lines.length, bytes: Buffer.concat(lines), ends },
    eventId: (i) => `id${events[i]!.seq}`,
    seq: (i) => events[i]!.seq,
    key: (i) => JSON.stringify(events[i]!.key),
    change: (i) => (events[i]!.removed === undefined ? 'new' : 'removed'),
    time: () => new Date(at).toISOString(),
  };
}

const host = (id: number, ip: string, more: Record<string, unknown> = {}) => ({
  ...{ ID: String(id), ASSET_ID: String(id * 10), IP: ip, LAST_VM_SCANNED_DATE: '2026-01-10T00:00:00Z' },
  ...more,
});
const detection = (seq: number, id: number, qid: number, record: Record<string, string>): Said => ({
  ...{ seq, key: [String(id), String(qid), '', '', '0', '', ''] },
  record: { QID: String(qid), SEVERITY: '5', TYPE: 'Confirmed', ...record, HOST: host(id, `10.0.0.${id}`) },
});

async function openInventory(place: Place): Promise<Store<InventorySchema>> {
  const store = await place.openStore<InventorySchema>();
  await migrate(store, inventoryMigrations, 1);
  return store;
}

async function whole(store: Store<InventorySchema>): Promise<string[]> {
  const all: string[] = [];
  for (const table of inventoryTables) {
    const { rows } = await sql<Record<string, unknown>>`SELECT * FROM ${sql.table(table)}`.execute(store.db);
    all.push(...rows.map(({ version: _, ...row }) => JSON.stringify([table, row])).sort());
  }
  return all;
}

async function view(store: Store<InventorySchema>, name: string, context: Partial<ViewContext> = {}) {
  const { columns, from, where } = viewsOf({ policy: DEFAULT_POLICY, now: NOW, ...context }).get(name)!;
  const select = columns.map((column) => `${column.sql} AS "${column.name}"`).join(', ');
  const { rows } = await sql
    .raw<Record<string, unknown>>(`SELECT ${select} FROM ${from} WHERE ${where} ORDER BY 1, 2, 3`)
    .execute(store.db);
  return rows;
}

describeStores('the inventory', (kind) => {
  test('[A4] the same batches again, in any order, change nothing; tenants stay apart', async () => {
    const store = await openInventory(await kind.place());
    const batches = [
      batchOf(
        'host_list',
        [1, 2].map((id) => ({ seq: id, key: [String(id)], record: host(id, `10.0.0.${id}`) })),
      ),
      batchOf('host_list_detection', [
        detection(1, 1, 100, { STATUS: 'Active', FIRST_FOUND_DATETIME: '2026-01-01T00:00:00Z' }),
        detection(2, 1, 101, {
          STATUS: 'Fixed',
          LAST_FIXED_DATETIME: '2026-01-05T00:00:00Z',
          RESULTS: ',"HOST":{"x":1}}}',
        }),
        { seq: 3, key: ['1', '101', '', '', '0', '', ''], removed: 'purged' },
      ]),
      batchOf('host_list', [{ seq: 3, key: ['2'], removed: 'purged' }]),
      batchOf('tickets', [{ seq: 1, key: ['7'], record: { NUMBER: '7', CURRENT_STATE: 'OPEN' } }]),
      batchOf('users', [{ seq: 1, key: ['a', '', ''], record: { USER_LOGIN: 'a', USER_ROLE: 'Manager' } }], {
        tenant: 'u',
      }),
    ];
    expect(await foldBatches(store, batches)).toEqual(batches.map(({ count }) => Array(count).fill('delivered')));
    const first = await whole(store);
    for (const again of [[...batches].reverse(), ...batches.map((one) => [one])]) await foldBatches(store, again);
    expect(await whole(store)).toEqual(first);
    expect((await view(store, 'devices')).map(({ tenant, device, sources }) => [tenant, device, sources])).toEqual([
      ['t', '10', '["host_list","host_list_detection"]'],
    ]);
    expect((await view(store, 'findings')).map(({ qid, is_open }) => [Number(qid), Number(is_open)])).toEqual([
      [100, 1],
    ]);
    expect((await view(store, 'roles')).map(({ tenant, role, users }) => [tenant, role, Number(users)])).toEqual([
      ['u', 'Manager', 1],
    ]);
    expect(await view(store, 'saas_applications')).toEqual([]);
  });

  test('however events are cut into folds, the devices are the same', async () => {
    const id = fc.integer({ min: 1, max: 4 });
    const step = fc.record({
      dataset: fc.constantFrom('host_list', 'host_assets'),
      ...{ id, other: fc.integer({ min: 0, max: 4 }), isGone: fc.boolean(), cut: fc.boolean() },
      ...{ agent: fc.constantFrom('', 'a1', 'b1'), instance: fc.constantFrom('', 'i-1', 'i-2') },
    });
    const devicesAfter = async (folds: readonly (readonly Batch[])[]): Promise<string[]> => {
      const store = await openInventory(await kind.place());
      for (const fold of folds) await foldBatches(store, fold);
      // How a device came to be is another history.
      const lines = (await whole(store)).filter((line) => !/^\["(space|device_history)"/.test(line));
      await store.close();
      return lines;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const batches = steps.map(({ dataset, id: own, other, isGone, agent, instance }, i) => {
          const key = [String(own)];
          if (isGone && i > 0) return batchOf(dataset, [{ seq: i + 1, key, removed: 'purged' }]);
          const record =
            dataset === 'host_list'
              ? { ...host(own, '10.0.0.1'), ASSET_ID: String(other), QG_HOSTID: agent, EC2_INSTANCE_ID: instance }
              : { id: String(own), qwebHostId: String(other), address: '10.0.0.1', agentInfo: { agentId: agent } };
          return batchOf(dataset, [{ seq: i + 1, key, record }]);
        });
        const folds: Batch[][] = [[]];
        batches.forEach((batch, i) => {
          if (steps[i]!.cut) folds.push([]);
          folds.at(-1)!.push(batch);
        });
        expect(await devicesAfter(folds)).toEqual(await devicesAfter([batches]));
      }),
      { seed: Date.now() % 2 ** 31, numRuns: scaled('ways of cutting folds', { quick: 4, full: 12 }) },
    );
  });

  test('an event without a usable key is refused alone', async () => {
    const store = await openInventory(await kind.place());
    const outcomes = await foldBatches(store, [
      batchOf('host_list', [
        { seq: 1, key: [''], record: {} },
        { seq: 2, key: ['5'], record: host(5, '10.0.0.5') },
      ]),
      batchOf('host_list_detection', [{ seq: 1, key: ['x', '1'], record: {} }]),
      batchOf('tickets', [{ seq: 1, key: [''], record: {} }]),
    ]);
    expect(outcomes.flat().map((one) => (typeof one === 'string' ? one : 'rejected' in one && one.code))).toEqual([
      ...['no_key', 'delivered', 'no_key', 'no_key'],
    ]);
    expect(await view(store, 'devices')).toHaveLength(1);
  });

  test('[E2] the thresholds: not seen, not returned, missing from a complete reading', async () => {
    const store = await openInventory(await kind.place());
    const old = { LAST_VM_SCANNED_DATE: '2025-10-01T00:00:00Z' };
    const record = (id: number, more = {}) => ({ seq: id, key: [String(id)], record: host(id, `10.0.0.${id}`, more) });
    await foldBatches(store, [
      batchOf('host_list', [record(1), record(2, old), record(3)], { at: NOW - 5 * DAY }),
      batchOf('host_list', [{ seq: 4, key: ['3'], removed: 'purged' }], { at: NOW - DAY }),
    ]);
    const shown = async (devices: object, readings: ViewContext['readings'] = []) =>
      (await view(store, 'devices', { policy: { ...DEFAULT_POLICY, devices }, readings })).map(({ device }) => device);
    const reading = { tenant: 't', subscription: 's', dataset: 'host_list', at: NOW - DAY };
    expect(await shown({})).toEqual(['10', '20']);
    expect(await shown({ ignoreNotSeen: 90 * DAY })).toEqual(['10']);
    expect(await shown({ deleteNotReturned: 6 * DAY })).toEqual(['10', '20']);
    expect(await shown({ deleteNotReturned: 4 * DAY })).toEqual([]);
    expect(await shown({ deleteNotReturned: 4 * DAY }, [reading])).toEqual(['10', '20']);
    expect(await shown({ deleteNotReturnedBySuccess: 2 * DAY })).toEqual(['10', '20', '30']);
    expect(await shown({ deleteNotReturnedBySuccess: DAY / 2 })).toEqual(['10', '20']);
  });

  test('a finding is due by its severity, from when it was opened last', async () => {
    const store = await openInventory(await kind.place());
    const first = { FIRST_FOUND_DATETIME: '2026-01-01T00:00:00Z', STATUS: 'Active' };
    await foldBatches(store, [
      batchOf('host_list_detection', [
        detection(1, 1, 100, first),
        detection(2, 1, 101, { ...first, STATUS: 'Re-Opened', LAST_REOPENED_DATETIME: '2026-01-15T00:00:00Z' }),
        detection(3, 1, 102, { ...first, SEVERITY: '2' }),
      ]),
    ]);
    const rows = await view(store, 'findings', { policy: { ...DEFAULT_POLICY, sla: { 5: 7 * DAY } } });
    const told = rows.map(({ qid, due, overdue, age_days }) =>
      [qid, due, overdue, age_days].map((x) => (x === null ? x : Number(x))),
    );
    expect(told.sort()).toEqual([
      [100, Date.UTC(2026, 0, 8), 1, 19],
      [101, Date.UTC(2026, 0, 22), 0, 5],
      [102, null, 0, 19],
    ]);
  });

  test('[M14] a QID with several CVEs is one finding and several exposures; one without none', async () => {
    const store = await openInventory(await kind.place());
    const entry = (qid: number, ...cves: string[]): Said => ({
      ...{ seq: qid, key: [String(qid)] },
      record: { QID: String(qid), TITLE: `Q${qid}`, CVE_LIST: { CVE: cves.map((ID) => ({ ID })) } },
    });
    const found = [100, 101].map((qid, i) => detection(i + 1, 1, qid, { STATUS: 'Active' }));
    await foldBatches(store, [
      batchOf('knowledge_base', [entry(100, 'CVE-1', 'CVE-2'), entry(101)]),
      batchOf('host_list_detection', found),
    ]);
    expect((await view(store, 'exposures')).map(({ cve }) => cve).sort()).toEqual(['CVE-1', 'CVE-2']);
    expect(await view(store, 'findings')).toHaveLength(2);
    await foldBatches(store, [batchOf('knowledge_base', [{ ...entry(100, 'CVE-2', 'CVE-3'), seq: 300 }])]);
    expect((await view(store, 'exposures')).map(({ cve }) => cve).sort()).toEqual(['CVE-2', 'CVE-3']);
    const [first] = await view(store, 'vulnerabilities');
    expect([first!['title'], Number(first!['open_devices'])]).toEqual(['Q100', 1]);
  });

  test('addresses never seen as hosts are listed on request, and are no devices', async () => {
    const store = await openInventory(await kind.place());
    await foldBatches(store, [
      batchOf('ips', [
        { seq: 1, key: ['10.0.0.1-10.0.0.9', '0'] },
        { seq: 2, key: ['10.0.0.20', '0'] },
        { seq: 3, key: ['fe80::1-fe80::3', '0'] },
      ]),
      batchOf(
        'host_list',
        [3, 4, 9].map((id) => ({ seq: id, key: [String(id)], record: host(id, `10.0.0.${id}`) })),
      ),
      batchOf('host_list', [{ seq: 20, key: ['20'], record: host(20, 'fe80::2') }]),
    ]);
    const told: unknown[] = [];
    for await (const { from, to, count } of unscanned(store)) told.push([from, to, count]);
    expect(told).toEqual([
      ['10.0.0.1', '10.0.0.2', 2],
      ['10.0.0.5', '10.0.0.8', 4],
      ['10.0.0.20', '10.0.0.20', 1],
      ['fe80:0:0:0:0:0:0:1', 'fe80:0:0:0:0:0:0:1', 1],
      ['fe80:0:0:0:0:0:0:3', 'fe80:0:0:0:0:0:0:3', 1],
    ]);
    expect(await view(store, 'devices')).toHaveLength(4);
  });
});

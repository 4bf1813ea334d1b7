import { describe, expect, it } from 'vitest';
import { rebuildInventory } from '../../src/collector/fold/rebuild.ts';
import { INVENTORY_DATASETS } from '../../src/inventory/fold.ts';
import { truthLines } from '../../src/simulator/index.ts';
import { type Row, viewRows, wholeInventory, withOutbox } from '../support/inventory.ts';
import { DAY, difference, type Rig, type RigOptions, SAME, startRig } from '../support/rig.ts';

/** Everything that makes devices and findings, read whole every day. */
const DEVICES = {
  host_list: { every: '1d', sweep: { full: '1d' } },
  host_list_detection: { every: '1d', sweep: { full: '1d' } },
  host_assets: { every: '1d', sweep: { full: '1d' } },
  assets: { every: '1d', sweep: { full: '1d' } },
};

async function withRig(options: RigOptions, test: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig({ speed: 2000, ...options });
  try {
    await test(rig);
  } finally {
    await rig.close();
  }
}

type Truth = Record<string, unknown> & { readonly dataset: string; readonly key: string[] };

const truthOf = (rig: Rig, dataset: string): Truth[] =>
  [...truthLines(rig.simulator.world, rig.simulator.now(), rig.simulator.activity)]
    .map((text) => JSON.parse(text) as Truth)
    .filter((line) => line.dataset === dataset);

/** A pull of everything; what is held because a small world loses a large share of itself is confirmed by a second. */
async function pull(rig: Rig): Promise<void> {
  const { stopped, imbalances, reports } = await rig.run();
  expect([...stopped.values()].map(String)).toEqual([]);
  expect(imbalances).toEqual([]);
  if (reports.some(({ heldSweep }) => heldSweep !== undefined)) await rig.run({ sweep: true });
}

const STATES: Readonly<Record<string, string>> = {
  New: 'New',
  Active: 'Active',
  'Re-Opened': 'Re-Opened',
  Fixed: 'Fixed',
};
const ms = (said: unknown): number | null => (typeof said === 'string' ? Date.parse(said) : null);

/** A finding in the words of both sides. */
const told = (row: Row) =>
  JSON.stringify([
    row['status'],
    row['type'],
    row['severity'],
    row['first_found'],
    row['last_found'],
    row['times_found'],
    row['is_open'],
  ]);
const true_ = (line: Truth) =>
  JSON.stringify([
    ...[
      STATES[String(line['status'])],
      line['type'],
      line['severity'],
      ms(line['first_found']),
      ms(line['last_found']),
    ],
    ...[line['times_found'], line['status'] === 'Fixed' ? 0 : 1],
  ]);

async function expectTruth(rig: Rig, day: number): Promise<void> {
  const devices = await viewRows(rig, 'devices');
  const hosts = truthOf(rig, 'host_list');
  expect({
    day,
    ...difference(
      devices.map((row) => String(row['host_id'])),
      hosts.map(({ key }) => key[0]!),
    ),
  }).toEqual({ day, ...SAME });
  expect(new Set(devices.map((row) => row['device'])).size).toBe(devices.length);
  const byHost = new Map(devices.map((row) => [String(row['host_id']), row]));
  for (const host of hosts) {
    const row = byHost.get(host.key[0]!)!;
    const tags = JSON.parse(String(row['tags'])) as string[];
    expect([row['asset_id'], row['ip'], row['os'], new Set(tags)]).toEqual([
      ...[Number(host['asset_id']), host['ip'], host['os'] ?? null],
      new Set(host['tags'] as string[]),
    ]);
    expect(row['sources']).toContain('host_list');
  }
  const findings = await viewRows(rig, 'findings');
  const name = (row: Row): string => `${row['host_id']}/${row['qid']}/${row['place']}`;
  const have = new Map(findings.map((row) => [name(row), told(row)]));
  const want = new Map(
    truthOf(rig, 'host_list_detection').map((line) => {
      const [host, qid, ...place] = line.key;
      return [`${host}/${qid}/${place.join('/')}`, true_(line)];
    }),
  );
  const different = [...want].filter(([key, said]) => have.has(key) && have.get(key) !== said);
  expect({ day, ...difference(have.keys(), want.keys()), different }).toEqual({ day, ...SAME, different: [] });
}

describe('the inventory is the truth [promise 7]', () => {
  it('[A1, A2, A5, A10, M9, M10, S1] on each of 12 days of births, purges, fixes and returns: 30 hosts known to four data sets', () =>
    withRig({ hosts: 30, churn: 0.02, datasets: DEVICES }, async (rig) => {
      for (let day = 0; day <= 12; day++) {
        if (day > 0) rig.pass();
        await pull(rig);
        await expectTruth(rig, day);
      }
      const gone = (await viewRows(rig, 'devices', { all: true })).filter((row) => row['is_removed'] === 1);
      expect(gone.length).toBeGreaterThan(0);
      expect(new Set(gone.map((row) => row['removed_reason']))).toEqual(new Set(['purged']));
      const closed = (await viewRows(rig, 'findings', { all: true })).filter(
        (row) => row['closed_reason'] === 'purged',
      );
      expect(closed.length).toBeGreaterThan(0);
      const history = await viewRows(rig, 'finding_history');
      expect(new Set(history.map((row) => row['what']))).toEqual(new Set(['opened', 'closed', 'reopened']));
    }));

  it('90 hosts, three days at once', () =>
    withRig({ hosts: 90, churn: 0.01, datasets: DEVICES }, async (rig) => {
      await pull(rig);
      await expectTruth(rig, 0);
      rig.pass(3 * DAY);
      await pull(rig);
      await expectTruth(rig, 3);
    }));

  it('detections alone make devices too, and take them away', () =>
    withRig({ hosts: 30, churn: 0.03, datasets: { host_list_detection: DEVICES.host_list_detection } }, async (rig) => {
      for (let day = 0; day < 6; day++) {
        if (day > 0) rig.pass();
        await pull(rig);
        const devices = await viewRows(rig, 'devices');
        const hosts = new Set(truthOf(rig, 'host_list_detection').map(({ key }) => key[0]!));
        expect({
          day,
          ...difference(
            devices.map((row) => String(row['host_id'])),
            hosts,
          ),
        }).toEqual({ day, ...SAME });
      }
    }));
});

it(
  'a rebuild from what the outbox retains gives the same inventory',
  () =>
    withRig({ hosts: 20, churn: 0.03, speed: 500 }, async (rig) => {
      const { acme } = rig.config['connections'] as { acme: Record<string, unknown> };
      const others = [...INVENTORY_DATASETS].filter((name) => !(name in DEVICES)).map((name) => [name, {}] as const);
      acme['datasets'] = { ...Object.fromEntries(others), ...DEVICES };
      await pull(rig);
      for (let day = 0; day < 2; day++) {
        rig.pass(2 * DAY);
        await pull(rig);
      }
      const before = await wholeInventory(rig);
      // No machine of this world changes hands.
      const empty = Object.entries(before).flatMap(([table, rows]) => (rows.length === 0 ? [table] : []));
      expect(empty).toEqual(['device_history']);
      const waiting = await withOutbox(rig, (outbox) => rebuildInventory(outbox, rig.clock.now()), false);
      expect(waiting).toBeGreaterThan(before['finding']!.length);
      expect((await wholeInventory(rig))['finding']).toEqual([]);
      // Nothing is left behind however slow the machine is: this is the schedule's time.
      await rig.run({ only: ['tags'], timeout: DAY });
      const after = await wholeInventory(rig);
      for (const [table, rows] of Object.entries(before)) {
        expect({ table, ...difference(after[table]!, rows) }).toEqual({ table, ...SAME });
      }
    }),
  600_000,
);

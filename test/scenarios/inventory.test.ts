import { describe, expect, it } from 'vitest';
import { rebuildInventory } from '../../src/collector/fold/rebuild.ts';
import { INVENTORY_DATASETS } from '../../src/inventory/fold.ts';
import { viewRows, wholeInventory, withOutbox } from '../support/inventory.ts';
import { expectPicture, pictureOf, truthOf } from '../support/inventory-truth.ts';
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

/** A pull of everything; what is held because a small world loses a large share of itself is confirmed by a second. */
async function pull(rig: Rig): Promise<void> {
  const { stopped, imbalances, reports } = await rig.run();
  expect([...stopped.values()].map(String)).toEqual([]);
  expect(imbalances).toEqual([]);
  if (reports.some(({ heldSweep }) => heldSweep !== undefined)) await rig.run({ sweep: true });
}

describe('the inventory is the truth [promise 7]', () => {
  it('90 hosts, three days at once', () =>
    withRig({ hosts: 90, churn: 0.01, datasets: DEVICES }, async (rig) => {
      await pull(rig);
      await expectPicture(rig, 0, pictureOf(rig));
      rig.pass(3 * DAY);
      await pull(rig);
      await expectPicture(rig, 3, pictureOf(rig));
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
      rig.config['inventory'] = { results: true };
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

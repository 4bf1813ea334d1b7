import { expect, it } from 'vitest';
import type { RunSummary } from '../../src/collector/collector.ts';
import { viewRows } from '../support/inventory.ts';
import { expectPicture, kept, NOTHING, type Picture, pictureOf, type Truth } from '../support/inventory-truth.ts';
import { DAY, type Rig, startRig } from '../support/rig.ts';
import { scaled } from '../support/scale.ts';

/** Everything that makes devices and findings, read whole every day. */
const DATASETS = ['host_list', 'host_list_detection', 'host_assets', 'assets'];
const DAILY = { every: '1d', sweep: { full: '1d' } };

/** How many of the 30 days pass between two readings. */
const STEP = scaled('days between readings of an inventory', { quick: 2, full: 1 });
const LAST_DAY = 30;
/** What happens on a day beside births, purges, scans, fixes and returns. */
const EVENTS: Readonly<Record<number, 'lost' | 'still lost' | 'all lost' | 'silent' | 'narrowed'>> = {
  6: 'lost',
  10: 'silent',
  16: 'lost',
  [16 + STEP]: 'still lost',
  22: 'all lost',
  26: 'narrowed',
};
/** Tags that a third of the hosts have, and that no host gets or loses. */
const TAGS = ['PCI <in scope>', 'Env=Production'];

const heldIn = ({ reports }: RunSummary): string[] =>
  reports.flatMap(({ heldSweep, stream }) => (heldSweep === undefined ? [] : [stream])).toSorted();

function narrow(rig: Rig, tags: readonly string[] | undefined): void {
  const connections = rig.config['connections'] as Record<string, Record<string, unknown>>;
  connections['acme'] = { ...connections['acme'], tags_include: tags };
}

/** A day whose readings all end; what a small world holds for losing a large share of itself is confirmed by a second. */
async function plainDay(rig: Rig): Promise<void> {
  const summary = await rig.run();
  expect([...summary.stopped.values()].map(String)).toEqual([]);
  expect(summary.imbalances).toEqual([]);
  if (heldIn(summary).length > 0) await rig.run({ sweep: true });
}

/** The user sees fewer hosts at once: every reading is held, and nothing is taken for gone. */
async function lostDay(rig: Rig, percent: number, before: Picture): Promise<Picture> {
  rig.simulator.setFault(`scope-lost=${percent}`);
  const summary = await rig.run();
  expect([...summary.stopped.values()].map(String)).toEqual([]);
  expect(heldIn(summary)).toEqual(DATASETS.map((name) => `acme/${name}`).toSorted());
  expect(summary.reports.map(({ removed }) => removed)).toEqual(DATASETS.map(() => 0));
  return kept(before, pictureOf(rig));
}

/** One day of the world and of the collector; returns what the inventory has to show after it. */
async function live(rig: Rig, day: number, before: Picture): Promise<Picture> {
  const { simulator } = rig;
  switch (EVENTS[day]) {
    case 'lost':
      return lostDay(rig, 25, before);
    case 'all lost':
      return lostDay(rig, 0, before);
    case 'still lost': {
      // The second reading that finds the same missing is believed.
      expect(heldIn(await rig.run())).toEqual([]);
      return pictureOf(rig);
    }
    case 'silent': {
      for (const path of ['/asset/host/', '/search/am/']) simulator.setFault(`empty-200@${path}`);
      const { stopped, reports } = await rig.run();
      expect(stopped.size).toBe(DATASETS.length);
      expect(reports.filter(({ outcome }) => outcome === 'complete')).toEqual([]);
      return before;
    }
    case 'narrowed': {
      narrow(rig, TAGS);
      await plainDay(rig);
      return pictureOf(rig, ({ tags }: Truth) => (tags as string[]).some((tag) => TAGS.includes(tag)));
    }
    default:
      narrow(rig, undefined);
      await plainDay(rig);
      return pictureOf(rig);
  }
}

it('[A1, A2, A5, A10, M9, M10, S1] is the truth on each of 30 days [promise 7]', async () => {
  const datasets = Object.fromEntries(DATASETS.map((name) => [name, DAILY]));
  const rig = await startRig({ hosts: 36, churn: 0.025, handovers: true, speed: 2000, datasets });
  try {
    const machines = new Set<string>();
    let picture = NOTHING;
    for (let day = 0; day <= LAST_DAY; day += STEP) {
      rig.simulator.clearFaults();
      if (day > 0) rig.pass(STEP * DAY);
      picture = await live(rig, day, picture);
      await expectPicture(rig, day, picture);
      for (const { machine } of picture.hosts.values()) machines.add(String(machine));
    }
    // A machine is one device for good, whatever ids and addresses it had.
    const devices = await viewRows(rig, 'devices', { all: true });
    expect(devices.length).toBe(machines.size);
    const hosts = [...picture.hosts.values()];
    expect(new Set(hosts.map(({ machine }) => machine)).size).toBeLessThan(hosts.length);
    expect(new Set(hosts.map(({ ip, network_id }) => `${ip} ${network_id}`)).size).toBeLessThan(hosts.length);

    const gone = devices.filter((row) => row['is_removed'] === 1);
    expect(gone.map((row) => row['removed_reason'])).toContain('purged');
    const findings = await viewRows(rig, 'findings', { all: true });
    expect(findings.map((row) => row['closed_reason'])).toContain('purged');
    const history = await viewRows(rig, 'finding_history');
    expect(new Set(history.map((row) => row['what']))).toEqual(new Set(['opened', 'closed', 'reopened']));
    expect(new Set(history.map((row) => row['reason']))).toEqual(new Set([null, 'fixed', 'purged', 'out_of_scope']));
  } finally {
    await rig.close();
  }
}, 900_000);

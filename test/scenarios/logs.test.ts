import { expect, it } from 'vitest';
import { truthLines } from '../../src/simulator/index.ts';
import type { TruthLine } from '../contracts/cases.ts';
import {
  DAY,
  difference,
  keyText,
  newest,
  type Rig,
  type RigOptions,
  repeated,
  SAME,
  startRig,
} from '../support/rig.ts';

const HOUR = 3_600_000;

async function withRig(options: RigOptions, test: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await startRig(options);
  try {
    await test(rig);
  } finally {
    await rig.close();
  }
}

/** The truth now, with its fields. */
const truthOf = ({ simulator }: Rig, dataset: string): TruthLine[] =>
  [...truthLines(simulator.world, simulator.now(), undefined, new Set([dataset]))].map(
    (text) => JSON.parse(text) as TruthLine,
  );

it('a truncated log page of 3 with 5 rows in all delivers all 5 exactly once', () =>
  withRig({ datasets: {} }, async (rig) => {
    const logins = truthOf(rig, 'user_activity').filter(({ action }) => action === 'login');
    // Newest first; the five newest are asked for, and the sixth is of another second.
    const [, , , , fifth, sixth] = logins;
    expect(fifth!.key[0]! > sixth!.key[0]!).toBe(true);
    const connections = rig.config['connections'] as Record<string, object>;
    const options = { user_action: 'login', start_time_in_utc: fifth!.key[0]!, page_size: 3, every: '1h' };
    connections['acme'] = { ...connections['acme'], datasets: { user_activity: options } };

    const want = logins.slice(0, 5).map(({ key }) => keyText(key));
    for (const emitted of [5, 0]) {
      const { reports, imbalances } = await rig.run();
      expect(reports.map((report) => [report.outcome, report.emitted])).toEqual([['complete', emitted]]);
      expect(imbalances).toEqual([]);
      const lines = await rig.lines('user_activity');
      expect(lines.map(({ key }) => keyText(key)).toSorted()).toEqual(want.toSorted());
      expect(repeated(lines)).toEqual([]);
    }
    // Two answers of the first pull, and one of the second, whose overlap holds fewer rows.
    const asked = rig.simulator.counters().recent.filter(({ endpoint }) => endpoint.includes('activity_log'));
    expect(asked.map(({ status, params }) => [status, params.includes('id_max')])).toEqual([
      [200, false],
      [200, true],
      [200, false],
    ]);
  }));

it('a scan launched before and finished after the last pull arrives, with its results', () =>
  withRig({ hosts: 60, datasets: { vm_scans: { every: '1h' }, vm_scan_results: { every: '1h' } } }, async (rig) => {
    await rig.run();
    // A pull between the launch and the end: what it saw of the scan is not all there is.
    rig.pass(6 * HOUR);
    await rig.run();
    const before = rig.simulator.now() - 3 * HOUR;
    const going = truthOf(rig, 'vm_scans')
      .filter(({ state, launched }) => state === 'Running' && Date.parse(String(launched)) < before)
      .map(({ key }) => key[0]!);
    const ofScan = async (ref: string) => (await rig.lines('vm_scan_results')).filter(({ key }) => key[0] === ref);
    for (const ref of going) expect(await ofScan(ref)).toEqual([]);

    rig.pass(10 * DAY);
    const { reports, imbalances } = await rig.run();
    expect(reports.map(({ outcome }) => outcome)).toEqual(['complete', 'complete']);
    expect(imbalances).toEqual([]);
    const scans = newest(await rig.lines('vm_scans'));
    const results = truthOf(rig, 'vm_scan_results');
    const late = going.filter((ref) => results.some(({ key }) => key[0] === ref));
    expect(late.length).toBeGreaterThan(0);
    for (const ref of late) {
      expect(scans.get(ref)).toMatchObject({ change: 'updated', record: { STATUS: { STATE: 'Finished' } } });
      const lines = await ofScan(ref);
      const want = results.filter(({ key }) => key[0] === ref).map(({ key }) => keyText(key));
      expect(lines.map(({ key }) => keyText(key)).toSorted()).toEqual(want.toSorted());
      expect(repeated(lines)).toEqual([]);
    }
    expect(difference(scans.keys(), rig.truth('vm_scans'))).toEqual(SAME);
  }));

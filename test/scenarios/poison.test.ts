import { describe, expect, it } from 'vitest';
import { ISOLATION_CALLS } from '../../src/collector/pull/isolation.ts';
import { DAY, difference, newest, type Rig, repeated, SAME, startRig } from '../support/rig.ts';

const HOUR = 3_600_000;
const DETECTIONS = '@/vm/detection/';

const callsFor = (rig: Rig): number =>
  Object.values(rig.simulator.counters().byEndpoint)
    .flatMap((statuses) => Object.values(statuses))
    .reduce((sum, n) => sum + n, 0);

/** Keys of the truth that belong to these hosts. */
const ofHosts = (keys: Iterable<string>, hosts: readonly number[]): string[] =>
  [...keys].filter((key) => hosts.includes(Number(key.split('|')[0])));

const hostIds = (rig: Rig): number[] => [...rig.truth('host_list')].map(Number);

describe.each([
  ['poison-host', 'QRY3001', 'malformed'],
  ['poison-reset', 'QRY2001', 'never finished'],
])('[fault 65] %s: a page with one host is %s', (fault, code) => {
  it('the host alone is quarantined, everything else is delivered once, and it heals', async () => {
    const rig = await startRig({
      hosts: 32,
      churn: 0,
      datasets: { host_list_detection: { page_size: 32, every: '1d' } },
    });
    try {
      const poisoned = hostIds(rig).filter((id) => ofHosts(rig.truth('host_list_detection'), [id]).length > 0)[5]!;
      rig.simulator.setFault(`${fault}=${poisoned}${DETECTIONS}`);
      const before = callsFor(rig);
      const { reports, imbalances } = await rig.run();
      expect(imbalances).toEqual([]);
      expect(reports.map(({ outcome, quarantined }) => [outcome, quarantined])).toEqual([['complete', 1]]);
      expect(callsFor(rig) - before).toBeLessThan(ISOLATION_CALLS);
      const [aside, ...others] = await rig.quarantined();
      expect(others).toEqual([]);
      expect(aside).toMatchObject({ first: poisoned, last: poisoned, code, tries: 1 });
      const lines = await rig.lines('host_list_detection');
      const { missing, extra } = difference(newest(lines).keys(), rig.truth('host_list_detection'));
      expect(extra).toEqual([]);
      expect(missing).toEqual(ofHosts(rig.truth('host_list_detection'), [poisoned]));
      expect(repeated(lines)).toEqual([]);
      expect((await rig.state()).quarantined).toBe(1);

      // While it lasts: pulls do not look for it again, they ask for it alone when it is due.
      rig.simulator.resetCounters();
      rig.pass(DAY);
      const second = await rig.run();
      expect(second.reports.every(({ outcome, quarantined }) => outcome === 'complete' && quarantined === 0)).toBe(
        true,
      );
      expect((await rig.quarantined()).map(({ first, tries }) => [first, tries])).toEqual([[poisoned, 2]]);
      expect(callsFor(rig)).toBeLessThan(14);

      rig.simulator.clearFaults();
      rig.pass(DAY);
      await rig.run();
      expect(await rig.quarantined()).toEqual([]);
      const healed = await rig.lines('host_list_detection');
      expect(difference(newest(healed).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
      expect(repeated(healed)).toEqual([]);
    } finally {
      await rig.close();
    }
  });
});

it('[fault 65] poison in RESULTS: the host is read without them, says so, and is whole again when it heals', async () => {
  const rig = await startRig({ hosts: 32, churn: 0, datasets: { host_list_detection: { every: '1d' } } });
  try {
    const poisoned = hostIds(rig).find((id) => ofHosts(rig.truth('host_list_detection'), [id]).length > 0)!;
    rig.simulator.setFault(`poison-results=${poisoned}`);
    const { reports } = await rig.run();
    expect(reports.map(({ outcome, quarantined }) => [outcome, quarantined])).toEqual([['complete', 0]]);
    const lines = await rig.lines('host_list_detection');
    expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
    const flagged = lines.filter(({ flags }) => flags?.includes('results_missing') === true);
    expect(flagged.map(({ key }) => key.join('|')).toSorted()).toEqual(
      ofHosts(rig.truth('host_list_detection'), [poisoned]).toSorted(),
    );
    expect(flagged.filter(({ record }) => 'RESULTS' in record)).toEqual([]);
    expect((await rig.quarantined()).map(({ first, reason }) => [first, reason.slice(0, 20)])).toEqual([
      [poisoned, 'read without RESULTS'],
    ]);

    rig.simulator.clearFaults();
    rig.clock.advance(2 * HOUR);
    const healed = await rig.run();
    expect(healed.reports.reduce((sum, { emitted }) => sum + emitted, 0)).toBe(flagged.length);
    expect(await rig.quarantined()).toEqual([]);
    const whole = [...newest(await rig.lines('host_list_detection')).values()];
    expect(whole.filter(({ flags, record }) => flags !== undefined || !('RESULTS' in record))).toEqual([]);
  } finally {
    await rig.close();
  }
});

it('[fault 65] several poisoned hosts in one page, two of them neighbours: each is set aside for its own reason', async () => {
  const rig = await startRig({
    hosts: 32,
    churn: 0,
    datasets: { host_list_detection: { page_size: 64, every: '7d' } },
  });
  try {
    const full = hostIds(rig).filter((id) => ofHosts(rig.truth('host_list_detection'), [id]).length > 0);
    const [malformed, cut, results] = [full[3]!, full[4]!, full[20]!];
    rig.simulator.setFault(`poison-host=${malformed}${DETECTIONS}`);
    rig.simulator.setFault(`poison-reset=${cut}${DETECTIONS}`);
    rig.simulator.setFault(`poison-results=${results}${DETECTIONS}`);
    const { reports } = await rig.run();
    expect(reports.map(({ outcome, quarantined }) => [outcome, quarantined])).toEqual([['complete', 2]]);
    expect((await rig.quarantined()).map(({ first, code }) => [first, code])).toEqual([
      [malformed, 'QRY3001'],
      [cut, 'QRY2001'],
      [results, 'QRY3001'],
    ]);
    const lines = await rig.lines('host_list_detection');
    const truth = rig.truth('host_list_detection');
    expect(difference(newest(lines).keys(), truth)).toEqual({ missing: ofHosts(truth, [malformed, cut]), extra: [] });
    expect(repeated(lines)).toEqual([]);
  } finally {
    await rig.close();
  }
});

it('a poisoned host is not taken for purged by a sweep', async () => {
  const rig = await startRig({
    hosts: 30,
    churn: 0,
    datasets: { host_list_detection: { every: '1d', page_size: 10 } },
  });
  try {
    await rig.run();
    const poisoned = hostIds(rig).find((id) => ofHosts(rig.truth('host_list_detection'), [id]).length > 0)!;
    rig.simulator.setFault(`poison-host=${poisoned}${DETECTIONS}`);
    const { reports } = await rig.run({ sweep: true });
    expect(reports.map(({ mode, removed, quarantined, heldSweep }) => [mode, removed, quarantined, heldSweep])).toEqual(
      [['full', 0, 1, undefined]],
    );
    expect(difference(newest(await rig.lines('host_list_detection')).keys(), rig.truth('host_list_detection'))).toEqual(
      SAME,
    );
  } finally {
    await rig.close();
  }
});

it.each([
  ['bare-amp*14', 'malformed wherever one looks'],
  ['html-200*16', 'a web page wherever one looks'],
])('weather (%s: %s): nothing is quarantined, pages become smaller, and grow again', async (fault) => {
  const rig = await startRig({
    hosts: 32,
    churn: 0,
    limits: { limit: 10_000, windowSec: 3600, concurrency: 1 },
    faults: [`${fault}${DETECTIONS}`],
    datasets: { host_list_detection: { page_size: 32, every: '7d' } },
  });
  try {
    const { reports } = await rig.run();
    expect(reports.at(-1)?.outcome).toBe('complete');
    expect(await rig.quarantined()).toEqual([]);
    expect(rig.logged.some(({ msg }) => msg.startsWith('all parts of a page failed'))).toBe(true);
    const lines = await rig.lines('host_list_detection');
    expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
    expect(repeated(lines)).toEqual([]);
    expect(lines.filter(({ flags }) => flags !== undefined)).toEqual([]);
  } finally {
    await rig.close();
  }
});

it('everything malformed for good: next to nothing is quarantined, the pull fails and says why, later all is there', async () => {
  const rig = await startRig({
    hosts: 40,
    churn: 0,
    faults: [`bare-amp${DETECTIONS}`],
    datasets: { host_list_detection: { every: '7d' } },
  });
  try {
    const { stopped } = await rig.run();
    expect([...stopped.values()].map(({ code }) => code)).toEqual(['QRY3001']);
    // Three a pull at most, since nothing could be read to compare them with.
    expect((await rig.quarantined()).length).toBeLessThanOrEqual(9);
    rig.simulator.clearFaults();
    rig.clock.advance(2 * HOUR);
    await rig.run();
    rig.clock.advance(8 * HOUR);
    await rig.run();
    expect(await rig.quarantined()).toEqual([]);
    const lines = await rig.lines('host_list_detection');
    expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
  } finally {
    await rig.close();
  }
});

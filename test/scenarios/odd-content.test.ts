import { describe, expect, it } from 'vitest';
import { difference, newest, type Rig, repeated, SAME, startRig } from '../support/rig.ts';
import { scaled } from '../support/scale.ts';

/** Lists that are odd but whole: everything in them is kept, whether read in ranges (full) or page by page (incremental). */
const READINGS = {
  full: { page_size: 5, every: '1h' },
  incremental: { page_size: 5, every: '1h', start_time_in_utc: '2020-01-01T00:00:00Z' },
} as const;
const ODD: readonly [fault: string, title: string][] = [
  ['page-size-capped=3', '[fault 56] pages smaller than asked for'],
  ['empty-page-with-warning', '[fault 55] empty pages that name a next one'],
  ['duplicate-host', '[fault 50] the last host of a page again on the next'],
  ['host-inserted', '[fault 50] hosts that appear between pages'],
  ['keep-alive', '[fault 58] comments in mid-document'],
  ['unknown-elements', '[fault 58] elements nobody documented'],
  ['missing-optional', '[fault 58] optional elements absent'],
  ['lower-case@/fo/asset/', '[fault 58] element names in lower case'],
  ['newest-version-404', '[fault 58] a platform without the newest version'],
  ['clock-skew=7200', '[fault 53] a Date header two hours ahead'],
  ['clock-skew=-7200', '[fault 53] a Date header two hours behind'],
  ['rate-headers-missing', '[fault 38] no limit headers'],
  ['rate-headers-blank', '[fault 38] limit headers without a value'],
  ['to-wait=1000000000', '[fault 38] a wait of thirty years in a header of a good answer'],
  ['to-wait=-5', '[fault 38] a negative wait in a header of a good answer'],
  ['ctrl-chars', '[fault 59] control characters'],
  ['bad-utf8', '[fault 59] bytes that are not UTF-8'],
];

async function complete(rig: Rig, dataset: string): Promise<void> {
  const lines = await rig.lines(dataset);
  expect(difference(newest(lines).keys(), rig.truth(dataset))).toEqual(SAME);
  expect(repeated(lines)).toEqual([]);
}

/** A quick run reads each list in one of the two ways, by turns. */
const ways = scaled('ways to read each odd list', { quick: 1, full: 2 });

describe.each(Object.entries(READINGS).map(([way, options], turn) => [way, options, turn] as const))(
  '%s reading',
  (_, options, turn) => {
    it.each(ODD.filter((_, i) => ways === 2 || i % 2 === turn))('%s: %s', async (fault) => {
      const rig = await startRig({
        hosts: 12,
        faults: [fault],
        datasets: { host_list: options, host_list_detection: options },
      });
      try {
        const summary = await rig.run();
        expect(summary.stopped).toEqual(new Map());
        expect(summary.imbalances).toEqual([]);
        // Hosts that appeared behind the reader, with scans of long ago: for the next full reading.
        if (fault === 'host-inserted') {
          rig.simulator.clearFaults();
          await rig.run({ sweep: true });
        }
        await complete(rig, 'host_list');
        await complete(rig, 'host_list_detection');
        expect(rig.simulator.counters().defects).toEqual([]);
      } finally {
        await rig.close();
      }
    });
  },
);

it('[fault 58] what nobody documented is in the record, and does not send everything again when it appears', async () => {
  const rig = await startRig({ datasets: { host_list_detection: { every: '1h' } } });
  try {
    const first = await rig.run();
    rig.simulator.setFault('unknown-elements');
    const second = await rig.run({ sweep: true });
    expect(second.reports.map(({ mode, emitted, removed }) => [mode, emitted, removed])).toEqual([['full', 0, 0]]);
    expect(second.reports[0]?.unchanged).toBe(first.reports[0]?.received);
    rig.pass();
    const third = await rig.run();
    const emitted = (await rig.lines('host_list_detection')).filter(({ change, pulling_id }) =>
      third.reports.some((report) => String(report.pull) === pulling_id && change !== 'removed'),
    );
    expect(emitted.length).toBeGreaterThan(0);
    const one = { '@kind': 'a & b', INNER: ['1', ''] };
    expect(emitted.filter(({ record }) => record['MITRE_TACTIC_ID'] !== 'TA0001')).toEqual([]);
    expect(emitted[0]?.record['NOVELTY']).toEqual(one);
  } finally {
    await rig.close();
  }
});

it.each([
  ['ctrl-chars', 'control_chars'],
  ['bad-utf8', 'invalid_utf8'],
])('[fault 59] %s: the record is kept and says so', async (fault, flag) => {
  const rig = await startRig({ faults: [fault], datasets: { host_list: {} } });
  try {
    await rig.run();
    const flagged = (await rig.lines('host_list')).filter(({ flags }) => flags !== undefined);
    expect(flagged.map(({ flags }) => flags)).toEqual([[flag]]);
  } finally {
    await rig.close();
  }
});

it('two different records under one key: both kept, told apart, an alarm in the report', async () => {
  const rig = await startRig({ faults: ['duplicate-key'] });
  try {
    const { reports } = await rig.run();
    const lines = await rig.lines('host_list_detection');
    const doubled = lines.filter(({ flags }) => flags?.includes('duplicate_key') === true);
    expect(doubled.length).toBeGreaterThan(0);
    expect(reports[0]?.duplicateKeys).toBe(doubled.length);
    expect(repeated(lines)).toEqual([]);
    expect(lines.length).toBe(rig.truth('host_list_detection').size + doubled.length);
    // Whole readings of the same world: the two do not take turns in changing each other.
    const again = await rig.run({ sweep: true });
    expect(again.reports.map(({ emitted, removed }) => [emitted, removed])).toEqual([[0, 0]]);
  } finally {
    await rig.close();
  }
});

it('[fault 49] a next page that is this page: the stream stops and says which', async () => {
  const rig = await startRig({
    faults: ['next-url-loop'],
    limits: { limit: 1000, windowSec: 3600, concurrency: 1 },
    datasets: { host_list: READINGS.incremental },
  });
  try {
    const { stopped } = await rig.run();
    expect([...stopped.values()].map(({ code }) => code)).toEqual(['QRY2033']);
    expect(rig.simulator.counters().recent.length).toBeLessThan(10);
  } finally {
    await rig.close();
  }
});

it('[fault 57] one host with twenty thousand detections among small ones', async () => {
  const rig = await startRig({ giant: 20_000, hosts: 10 });
  try {
    const summary = await rig.run();
    expect(summary.reports[0]?.received).toBeGreaterThan(20_000);
    await complete(rig, 'host_list_detection');
  } finally {
    await rig.close();
  }
});

it('[fault 51] all records processed in one second, in pages of one host', async () => {
  const rig = await startRig({
    sameSecond: true,
    datasets: { host_list_detection: { ...READINGS.incremental, page_size: 1 } },
  });
  try {
    await rig.run();
    await complete(rig, 'host_list_detection');
    rig.pass();
    await rig.run();
    rig.pass();
    await rig.run();
    await complete(rig, 'host_list_detection');
  } finally {
    await rig.close();
  }
});

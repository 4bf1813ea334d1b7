import { describe, expect, it } from 'vitest';
import { summaryExit } from '../../src/cli/summary.ts';
import { difference, newest, repeated, SAME, startRig } from '../support/rig.ts';

const BOTH = { host_list: { page_size: 5, every: '7d' }, host_list_detection: { page_size: 5, every: '7d' } };
const DETECTIONS = '@/vm/detection/';

it('[fault 35] a wrong password: one try, both streams stop, exit code 4, the account is not locked', async () => {
  const rig = await startRig({ datasets: BOTH, connection: { password: 'not the one' } });
  try {
    const summary = await rig.run();
    expect([...summary.stopped].map(([stream, { code }]) => [stream, code]).toSorted()).toEqual([
      ['acme/host_list', 'QRY2010'],
      ['acme/host_list_detection', 'QRY2010'],
    ]);
    expect(summaryExit(summary)).toBe(4);
    const { wrongSignIns, locked, calls } = rig.simulator.counters();
    expect(Object.values(wrongSignIns)).toEqual([1]);
    expect(locked).toEqual([]);
    expect(calls).toBe(1);
  } finally {
    await rig.close();
  }
});

it('[fault 33] 401 in the middle of a run that does not last: one probe, the page is read again, nothing lost', async () => {
  const rig = await startRig({ datasets: BOTH, faults: [`http-401*1+2${DETECTIONS}`] });
  try {
    const summary = await rig.run();
    expect(summaryExit(summary)).toBe(0);
    expect(rig.simulator.counters().byEndpoint['/msp/about.php']).toEqual({ 200: 2 });
    const lines = await rig.lines('host_list_detection');
    expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
    expect(repeated(lines)).toEqual([]);
  } finally {
    await rig.close();
  }
});

it('[fault 33] 401 in the middle of a run for good: one probe, then nothing more is sent with these credentials', async () => {
  const rig = await startRig({
    datasets: { host_list: BOTH.host_list },
    limits: { limit: 1000, windowSec: 3600, concurrency: 1 },
    faults: ['http-401+4'],
  });
  try {
    const summary = await rig.run();
    expect([...summary.stopped.values()].map(({ code }) => code)).toEqual(['QRY2010']);
    expect(summaryExit(summary)).toBe(4);
    const { byEndpoint } = rig.simulator.counters();
    // One call was refused, one probe asked whether that was meant.
    expect(Object.entries(byEndpoint).map(([path, statuses]) => [path, statuses['401']])).toEqual([
      ['/msp/about.php', 1],
      ['/api/fo/asset/host/', 1],
    ]);
    expect(summary.imbalances).toEqual([]);

    rig.simulator.clearFaults();
    await rig.run();
    const lines = await rig.lines('host_list');
    expect(difference(newest(lines).keys(), rig.truth('host_list'))).toEqual(SAME);
    expect(repeated(lines)).toEqual([]);
  } finally {
    await rig.close();
  }
});

describe('what one data set is refused does not stop the other', () => {
  it.each([
    ['http-403-2012', 'QRY2012', 3],
    ['http-409-2003', 'QRY2011', 3],
    ['error-200-2001', 'QRY2011', 3],
    ['redirect-other-host', 'QRY2032', 3],
  ])('%s on detections: %s, exit code %i; host list complete', async (fault, code, exit) => {
    const rig = await startRig({ datasets: BOTH, faults: [`${fault}+1${DETECTIONS}`] });
    try {
      const summary = await rig.run();
      expect([...summary.stopped].map(([stream, error]) => [stream, error.code])).toEqual([
        ['acme/host_list_detection', code],
      ]);
      expect(summaryExit(summary)).toBe(exit);
      expect(difference(newest(await rig.lines('host_list')).keys(), rig.truth('host_list'))).toEqual(SAME);
      expect(summary.imbalances).toEqual([]);
    } finally {
      await rig.close();
    }
  });

  it('[fault 48] and nobody follows a redirect with credentials', async () => {
    const other = await startRig();
    const rig = await startRig({ faults: [`redirect-other-host=${other.simulator.url}/stolen${DETECTIONS}`] });
    try {
      await rig.run();
      expect(other.simulator.counters().calls).toBe(0);
    } finally {
      await rig.close();
      await other.close();
    }
  });
});

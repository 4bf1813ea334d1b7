import { expect, it } from 'vitest';
import { difference, newest, repeated, SAME, startRig } from '../support/rig.ts';

/**
 * Answers that go wrong and are right when asked for again: after them everything is there, once, as if nothing had
 * been. The fault hits two calls for detections in the middle of a reading of several pages.
 */
const PASSING: readonly [fault: string, codes: readonly string[], title: string][] = [
  ['truncated-at=5000', ['QRY3002'], '[fault 43] a body cut in mid-XML with clean framing'],
  ['reset-at=5000', ['QRY2001'], '[fault 43] a connection reset in mid-body'],
  ['chunk-cut=5000', ['QRY2001', 'QRY3001'], '[fault 44] a body that ends inside a chunk'],
  ['content-length-too-long', ['QRY2001'], '[fault 44] a Content-Length longer than the body'],
  ['gzip-cut', ['QRY3002'], '[fault 62] a gzip body without its trailer'],
  ['gzip-bomb=64', ['QRY2034', 'QRY3003'], '[fault 62] a gzip bomb'],
  ['html-200', ['QRY2034'], '[fault 41] a web page with status 200'],
  ['empty-200', ['QRY2034'], '[fault 42] status 200 and nothing else'],
  ['generic-return', ['QRY2003'], '[fault 42] an error of Qualys with status 200'],
  ['http-202-1981', ['QRY2035'], '[fault 41] 202, being processed'],
  ['http-500-999', ['QRY2003'], '[fault 41] 500 with 999'],
  ['http-502', ['QRY2003'], '[fault 41] 502'],
  ['http-503-1999-xml', ['QRY2003'], '[fault 41] maintenance, as XML'],
  ['http-503-1999-html', ['QRY2003'], '[fault 41] maintenance, as a web page'],
  ['http-504', ['QRY2003'], '[fault 41] 504'],
  ['http-409-1960', ['QRY2021'], '[fault 37] 409, concurrency limit'],
  ['http-409-1965=40', ['QRY2020'], '[fault 37] 409, rate limit with a wait'],
  ['http-409-no-code', ['QRY2022'], '[fault 37] 409 without a code'],
  ['http-429=40', ['QRY2020'], '[fault 37] 429 with Retry-After'],
  ['error-after-partial=20000', ['QRY3001'], '[fault 42] an error document behind half a list'],
  ['bare-amp', ['QRY3001'], '[fault 43] a malformed answer, twice'],
  ['stall', ['QRY2002'], '[fault 45] headers, then silence'],
  ['slow-loris', ['QRY2002'], '[fault 45] one byte a second'],
];

it.each(PASSING)('%s: read again, nothing lost, nothing twice (%s; %s)', async (fault, codes) => {
  const rig = await startRig({
    faults: [`${fault}*2+1@/vm/detection/`],
    datasets: { host_list_detection: { page_size: 16, every: '7d' } },
  });
  try {
    // Short where silence is the fault, so that a slow machine is no fault elsewhere.
    const silent = fault === 'stall' || fault === 'slow-loris';
    const summary = await rig.run(silent ? { timeouts: { idleMs: 700, totalMs: 3000 } } : {});
    expect(summary.stopped).toEqual(new Map());
    expect(summary.imbalances).toEqual([]);
    const lines = await rig.lines('host_list_detection');
    expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
    expect(repeated(lines)).toEqual([]);
    expect(lines.filter(({ change }) => change !== 'new')).toEqual([]);
    expect(rig.simulator.faults()).toEqual([]);
    const seen = rig.logged.flatMap(({ code }) => (typeof code === 'string' ? [code] : []));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((code) => !codes.includes(code))).toEqual([]);
    expect(await rig.quarantined()).toEqual([]);
  } finally {
    await rig.close();
  }
});

it.each([
  ['html-200', 'QRY2034'],
  ['http-503-1999-html', 'QRY2003'],
  ['truncated-at=3000', 'QRY3002'],
])(
  '[fault 98] %s for hours: the pull fails cheaply and visibly; when it ends, a later run completes',
  async (fault, code) => {
    const rig = await startRig({
      faults: [`${fault}@/vm/detection/`],
      datasets: { host_list_detection: { page_size: 16, every: '7d' } },
    });
    try {
      const first = await rig.run();
      expect(first.reports.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
        ['failed', code],
        ['failed', code],
        ['failed', code],
      ]);
      expect([...first.stopped.values()].map((error) => error.code)).toEqual([code]);
      expect(await rig.lines('host_list_detection')).toEqual([]);
      expect(await rig.quarantined()).toEqual([]);
      // Nothing is known when it begins, so every reader of the first pull tries; later pulls go on from there.
      expect(rig.simulator.counters().recent.length).toBeLessThan(300);

      rig.simulator.clearFaults();
      const second = await rig.run();
      expect(second.reports.map(({ outcome }) => outcome)).toEqual(['complete', 'complete']);
      const lines = await rig.lines('host_list_detection');
      expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
      expect(repeated(lines)).toEqual([]);
    } finally {
      await rig.close();
    }
  },
);

it('[fault 46] a Qualys that is not there: the run ends with what was tried, and completes when it is', async () => {
  const rig = await startRig();
  try {
    const [connection] = Object.values(rig.config['connections'] as Record<string, { api_url: string }>);
    const { api_url } = connection!;
    connection!.api_url = 'http://127.0.0.1:9';
    const summary = await rig.run();
    expect([...summary.stopped.values()].map((error) => error.code)).toEqual(['QRY2001']);
    connection!.api_url = api_url;
    await rig.run();
    const lines = await rig.lines('host_list_detection');
    expect(difference(newest(lines).keys(), rig.truth('host_list_detection'))).toEqual(SAME);
  } finally {
    await rig.close();
  }
});

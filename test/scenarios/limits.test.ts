import { expect, it } from 'vitest';
import { difference, newest, type Rig, type RigOptions, repeated, SAME, startRig } from '../support/rig.ts';

const SMALL_PAGES = { host_list: { page_size: 2, every: '30d' }, host_list_detection: { page_size: 2, every: '30d' } };

async function complete(options: RigOptions, check: (rig: Rig) => void): Promise<void> {
  const rig = await startRig({ sharedClock: true, datasets: SMALL_PAGES, ...options });
  try {
    const summary = await rig.run();
    expect(summary.stopped).toEqual(new Map());
    for (const dataset of ['host_list', 'host_list_detection']) {
      const lines = await rig.lines(dataset);
      expect(difference(newest(lines).keys(), rig.truth(dataset))).toEqual(SAME);
      expect(repeated(lines)).toEqual([]);
    }
    check(rig);
  } finally {
    await rig.close();
  }
}

const refusals = (rig: Rig): number => Object.values(rig.simulator.counters().refused).reduce((sum, n) => sum + n, 0);

it('[S49] [fault 37] a budget smaller than the work: it waits for calls to be free and is never refused', () =>
  complete({ limits: { limit: 5, windowSec: 600, concurrency: 2 }, serviceMs: 20_000 }, (rig) => {
    expect(refusals(rig)).toBe(0);
    const { maxInWindow, maxRunning } = rig.simulator.counters();
    expect([maxInWindow, maxRunning]).toEqual([5, 2]);
  }));

it('[fault 40] one call at once (Express): never two', () =>
  complete({ limits: { limit: 1000, windowSec: 3600, concurrency: 1 } }, (rig) => {
    expect(rig.simulator.counters().maxRunning).toBe(1);
    expect(refusals(rig)).toBe(0);
  }));

it('[fault 38] no limit headers: one call at a time for each API, and refusals are waited out', () =>
  complete({ limits: { limit: 5, windowSec: 120, concurrency: 2 }, faults: ['rate-headers-missing'] }, (rig) => {
    const extremes = Object.values(rig.simulator.counters().extremes);
    expect(extremes.every(({ maxRunning }) => maxRunning === 1)).toBe(true);
  }));

it('[fault 38] a refusal that asks for thirty years is not believed', () =>
  complete({ speed: 5000, faults: ['http-409-1965=1000000000*1@/vm/detection/'] }, (rig) => {
    expect(rig.logged.filter(({ code }) => code === 'QRY2020').length).toBeGreaterThan(0);
  }));

it('[fault 40] somebody else uses up the same budget: refused where nobody could know, then it gives way', () =>
  complete({ limits: { limit: 12, windowSec: 120, concurrency: 2 }, faults: ['foreign-caller=2'] }, (rig) => {
    expect(refusals(rig)).toBeLessThanOrEqual(6);
  }));

it('[fault 40] somebody else’s call runs all the time: only one of ours beside it', () =>
  complete({ limits: { limit: 1000, windowSec: 3600, concurrency: 2 }, faults: ['foreign-running'] }, (rig) => {
    expect(refusals(rig)).toBeLessThanOrEqual(4);
  }));

it('[fault 39] one data set waits for its budget while the other goes on', async () => {
  const rig = await startRig({
    sharedClock: true,
    speed: 2000,
    datasets: SMALL_PAGES,
    faults: ['http-409-1965=3300*1@/vm/detection/'],
  });
  try {
    const ends: string[] = [];
    await rig.run({ onReport: ({ stream }) => void ends.push(stream) });
    expect(ends).toEqual(['acme/host_list', 'acme/host_list_detection']);
    expect(rig.logged.find(({ code }) => code === 'QRY2020')).toMatchObject({ waitMs: 3_300_000 });
  } finally {
    await rig.close();
  }
});

it('[A48] [A49] requests_per_hour: the asset inventory pauses until its hour is over, then goes on; nothing else waits', async () => {
  const HOUR = 3_600_000;
  const rig = await startRig({
    speed: 20_000,
    sharedClock: true,
    connection: { requests_per_hour: 3 },
    datasets: { assets: { page_size: 3 }, host_list: { page_size: 2 } },
  });
  try {
    const began = rig.clock.now();
    const ended = new Map<string, number>();
    await rig.run({ onReport: ({ stream }) => void ended.set(stream, rig.clock.now() - began) });
    const answers = Object.entries(rig.simulator.counters().byEndpoint)
      .filter(([path]) => path.endsWith('/am/asset'))
      .flatMap(([, byStatus]) => Object.values(byStatus));
    const calls = answers.reduce((sum, n) => sum + n, 0);
    expect(calls).toBeGreaterThan(6);
    expect(ended.get('acme/assets')).toBeGreaterThanOrEqual((Math.ceil(calls / 3) - 1) * HOUR);
    expect([...ended.keys()]).toEqual(['acme/host_list', 'acme/assets']);
    expect(difference(newest(await rig.lines('assets')).keys(), rig.truth('assets'))).toEqual(SAME);
  } finally {
    await rig.close();
  }
});

it('a restart remembers the budget', async () => {
  const rig = await startRig({
    sharedClock: true,
    speed: 100,
    limits: { limit: 12, windowSec: 3600, concurrency: 2 },
    datasets: { host_list: { page_size: 2, every: '30d' } },
  });
  try {
    const stop = new AbortController();
    await rig.run({
      finish: stop.signal,
      observer: { phase: () => {}, progress: ({ pages }) => pages >= 9 && stop.abort() },
    });
    const before = rig.simulator.counters().byEndpoint['/api/fo/asset/host/']?.['200'] ?? 0;
    expect(before).toBeGreaterThanOrEqual(10);
    await rig.run();
    expect(refusals(rig)).toBe(0);
    expect(difference(newest(await rig.lines('host_list')).keys(), rig.truth('host_list'))).toEqual(SAME);
  } finally {
    await rig.close();
  }
});

import { describe, expect, it } from 'vitest';
import { datasets } from '../../datasets/registry.gen.ts';
import type { Stream } from '../stream.ts';
import { type CostOptions, type History, planCost } from './plan-cost.ts';

const DAY = 86_400_000;
const stream = (dataset: string, changes: Partial<Stream> = {}): Stream => {
  const facts = datasets.get(dataset)!;
  return {
    tenant: 't',
    subscription: 's',
    connection: 'c',
    dataset,
    facts,
    options: facts.options.parse({}),
    fetch: () => Promise.reject(new Error('a plan calls nobody')),
    principal: 'u',
    startTime: undefined,
    pageSize: 1000,
    schedule: { every: DAY / 24, sweepIds: DAY, sweepFull: 7 * DAY },
    sinks: [],
    ...changes,
  };
};
const options = (changes: Partial<CostOptions> = {}): CostOptions => ({
  hosts: 50_000,
  now: Date.parse('2026-11-21T00:00:00Z'),
  limits: () => undefined,
  history: () => undefined,
  ...changes,
});

describe('what a configuration will cost', () => {
  it('from facts alone: pages of the first load, pulls and sweeps of a day, at the standard limits', () => {
    const { streams, apis } = planCost([stream('host_list')], options());
    // 50 pages and the ids before and after; each hour's pull reads what changed in two hours (an hour and the overlap): 5 pages.
    expect(streams[0]).toMatchObject({ first: 52, full: 52, pull: 5, basis: 'assumed', objects: 50_000 });
    expect(streams[0]!.daily).toBe(Math.ceil(24 * 5 + 52 / 7 + 1));
    expect(apis[0]).toMatchObject({ limits: { limit: 300, concurrency: 2, seen: false } });
    expect(apis[0]!.share).toBeCloseTo(streams[0]!.daily / 7200);
  });

  it('streams of one subscription share the limits of an API, of two they do not', () => {
    const one = planCost([stream('host_list'), stream('host_list', { connection: 'd' })], options());
    expect(one.apis.map(({ first }) => first)).toEqual([104]);
    const two = planCost([stream('host_list'), stream('host_list', { connection: 'd', subscription: 'z' })], options());
    expect(two.apis.map(({ first }) => first)).toEqual([52, 52]);
    expect(two.first).toBe(104);
  });

  it('the rate bounds a long first load: what the first window does not let through waits for the next ones', () => {
    const limits = { limit: 50, windowSec: 86_400, concurrency: 1, seen: true };
    const { apis } = planCost([stream('host_list', { pageSize: 100 })], options({ limits: () => limits }));
    expect(apis[0]).toMatchObject({ first: 502, firstHours: 240 });
    expect(apis[0]!.share).toBeGreaterThan(1);
  });

  it('what earlier pulls took stands in for assumptions', () => {
    const report = { requests: 8, elapsedMs: 20_000, waitedMs: 4000 };
    const history: History = {
      objects: 1234,
      reports: [
        { ...report, mode: 'incremental' },
        { ...report, mode: 'full', requests: 40 },
      ],
    };
    const { streams } = planCost([stream('host_list')], options({ history: () => history }));
    expect(streams[0]).toMatchObject({ pull: 8, full: 40, objects: 1234, basis: 'measured' });
    expect(streams[0]!.secondsPerCall).toBeCloseTo(32 / 48);
  });

  it('a start time bounds the first load', () => {
    const { streams } = planCost([stream('host_list', { startTime: '2026-11-20T12:00:00Z' })], options());
    expect(streams[0]).toMatchObject({ first: 25, full: 52 });
  });

  it('every data set there is has a cost', () => {
    const { streams } = planCost(
      [...datasets.keys()].map((name) => stream(name)),
      options(),
    );
    for (const { first, daily } of streams) expect([first > 0, Number.isSafeInteger(daily)]).toEqual([true, true]);
  });
});

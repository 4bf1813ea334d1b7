import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../core/checkpoint.ts';
import type { IdRange } from '../../core/range.ts';
import type { Stream } from '../stream.ts';
import { ALL, cutByIds, ended, halve, joined, nextDue, sinceOf, withoutIds } from './plan.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-11-20T12:00:00Z');
const at = (ago: number): string => new Date(NOW - ago).toISOString();

/** A stream as far as planning looks at it. */
function stream(more: Partial<Stream> = {}): Stream {
  const facts = { kind: 'entity', incremental: true, scope: () => 'all', ids: () => ({}), overlapMs: HOUR };
  const schedule = { every: HOUR, sweepIds: DAY, sweepFull: 7 * DAY };
  return { principal: 'u', options: {}, facts, startTime: undefined, schedule, ...more } as unknown as Stream;
}
const SCOPE = JSON.stringify(['u', 'all']);
const fresh: Checkpoint = { watermark: at(HOUR), scope: SCOPE, lastFull: at(DAY / 2), lastIds: at(DAY / 2) };

describe('what is due next', () => {
  const due = (checkpoint: Checkpoint, lastPull?: number, more?: Partial<Stream>) => {
    const { mode, at: when } = nextDue(stream(more), checkpoint, lastPull, NOW);
    return [mode, Math.max(0, when - NOW)];
  };
  it('[S36] the first pull reads everything, or what a start time leaves', () => {
    expect(due({})).toEqual(['full', 0]);
    expect(due({}, undefined, { startTime: at(DAY) })).toEqual(['incremental', 0]);
  });
  it('a pull under way goes on before anything else, unless the scope has changed', () => {
    const pull = { id: 1, mode: 'ids', scope: SCOPE, resume: [] } as const;
    expect(due({ ...fresh, pull, lastFull: at(30 * DAY) })).toEqual(['ids', 0]);
    expect(due({ ...fresh, pull: { ...pull, scope: 'other' }, scope: 'other' })).toEqual(['full', 0]);
  });
  it('[A41, A42, S3, S36] changes at their interval, ids daily, everything weekly', () => {
    expect(due(fresh, NOW - HOUR / 4)).toEqual(['incremental', (HOUR * 3) / 4]);
    expect(due(fresh, NOW - 2 * HOUR)).toEqual(['incremental', 0]);
    expect(due({ ...fresh, lastIds: at(DAY) }, NOW - HOUR / 4)).toEqual(['ids', 0]);
    expect(due({ ...fresh, lastIds: at(DAY), lastFull: at(7 * DAY) }, NOW - 9 * HOUR)).toEqual(['full', 0]);
  });
  it('sweeps that are switched off are never due', () => {
    const schedule = { every: HOUR, sweepIds: undefined, sweepFull: undefined };
    expect(due({ ...fresh, lastIds: at(99 * DAY), lastFull: at(99 * DAY) }, NOW, { schedule })).toEqual([
      'incremental',
      HOUR,
    ]);
  });
  it('[A41] pulls and sweeps at set times, in their time zone; a time that was missed is due at once', () => {
    const berlin = (cron: string) => ({ cron, timeZone: 'Europe/Berlin' });
    const schedule = { every: berlin('30 14 * * *'), sweepIds: undefined, sweepFull: berlin('0 2 * * 6') };
    expect(due(fresh, NOW - HOUR, { schedule })).toEqual(['incremental', HOUR * 1.5]);
    expect(due(fresh, NOW - 23 * HOUR, { schedule })).toEqual(['incremental', 0]);
    expect(due(fresh, NOW + HOUR * 1.5 - DAY, { schedule })).toEqual(['incremental', HOUR * 1.5]);
    const rare = { ...schedule, every: berlin('0 0 1 1 *') };
    expect(due(fresh, NOW - HOUR, { schedule: rare })).toEqual(['full', 13 * HOUR]);
    expect(due({ ...fresh, lastFull: at(7 * DAY) }, NOW - HOUR, { schedule: rare })).toEqual(['full', 0]);
  });
  it('[fault 53] a clock that was set back makes nothing wait: what happened in the future is due', () => {
    expect(due(fresh, NOW + 2 * HOUR)).toEqual(['incremental', 0]);
    expect(due({ ...fresh, lastFull: at(-2 * HOUR) }, NOW)).toEqual(['full', 0]);
  });
});

describe('the checkpoint of a pull that has ended', () => {
  const pull = { id: NOW - 600_000, mode: 'incremental', scope: SCOPE, resume: [] } as const;
  it('moves the watermark to Qualys’s time at its start, or to ours where none was named', () => {
    expect(ended({ ...fresh, pull }, { ...pull, serverStart: at(123_000) }, NOW).watermark).toBe(at(123_000));
    expect(ended({ ...fresh, pull }, pull, NOW).watermark).toBe(at(600_000));
  });
  it('a sweep of ids moves nothing but its own date', () => {
    expect(ended({ ...fresh, pull }, { ...pull, mode: 'ids' }, NOW)).toEqual({ ...fresh, lastIds: at(0) });
  });
  it('a first pull bounded by a start time counts as whole, so that the first sweep is an interval away', () => {
    const after = ended({ start: at(DAY), pull }, pull, NOW);
    expect([after.lastFull, after.lastIds, after.pull]).toEqual([at(0), at(0), undefined]);
  });
});

it('an incremental pull starts an overlap before the watermark, never before the start time', () => {
  expect(sinceOf(stream(), fresh)).toBe(`${at(2 * HOUR).slice(0, 19)}Z`);
  expect(sinceOf(stream({ startTime: at(90 * 60_000) }), fresh)).toBe(`${at(90 * 60_000).slice(0, 19)}Z`);
  expect(sinceOf(stream(), {})).toBeUndefined();
});

describe('ranges', () => {
  const ids = fc
    .uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 60 })
    .map((list) => list.toSorted((a, b) => a - b));
  const holds = (ranges: readonly IdRange[], id: number): number =>
    ranges.filter(({ first, last }) => id >= first && (last === null || id <= last)).length;
  const every = Array.from({ length: 320 }, (_, i) => i + 1);

  it('cut by ids cover every id exactly once, with no more objects than a page holds', () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 20 }), (list, size) => {
        const cut = cutByIds(Float64Array.from(list), Float64Array.from(list), size);
        expect(every.every((id) => holds(cut, id) === 1)).toBe(true);
        expect(cut.every((range) => list.filter((id) => holds([range], id) === 1).length <= size)).toBe(true);
      }),
    );
  });

  it('without ids lose those and no others', () => {
    const out = fc.array(fc.tuple(fc.integer({ min: 1, max: 320 }), fc.integer({ min: 0, max: 5 })), { maxLength: 12 });
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 20 }), out, (list, size, gone) => {
        const removed = gone.map(([first, more]) => ({ first, last: first + more }));
        const left = withoutIds(cutByIds(Float64Array.from(list), Float64Array.from(list), size), removed);
        expect(every.every((id) => holds(left, id) === (holds(removed, id) > 0 ? 0 : 1))).toBe(true);
        expect(left.every(({ first, last }) => last === null || first <= last)).toBe(true);
      }),
    );
  });

  it('halved and joined are the same again', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.option(fc.integer({ min: 0, max: 300 })),
        fc.integer({ min: 0, max: 400 }),
        (first, more, highest) => {
          const range: IdRange = { first, last: more === null ? null : first + more };
          const halves = halve(range, highest);
          if (halves === undefined) return;
          expect(joined(halves.toReversed())).toEqual([range]);
          expect(halves[0].last).toBe(halves[1].first - 1);
        },
      ),
    );
    expect(
      joined([
        { first: 9, last: null },
        { first: 1, last: 3 },
      ]),
    ).toEqual([
      { first: 1, last: 3 },
      { first: 9, last: null },
    ]);
    expect(halve({ first: 5, last: 5 }, 99)).toBeUndefined();
    expect(halve(ALL, 0)).toBeUndefined();
  });
});

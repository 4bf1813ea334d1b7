import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../core/catalogue.ts';
import { QuarryError } from '../../core/errors.ts';
import { bell } from '../bell.ts';
import { cut, type Failed, idsIn, isWeather, mayBeHeavy, maybePoison } from './isolation.ts';
import { pageSize } from './page-size.ts';

const error = (code: ErrorCode, status?: number): QuarryError =>
  new QuarryError(code, { what: 'x', ...(status === undefined ? {} : { qualys: { status } }) });

const failed = (code: ErrorCode, ...sizes: number[]): Failed[] =>
  sizes.map((n) => ({
    error: error(code),
    suspect: { range: { first: 1, last: n }, ids: Array.from({ length: n }, (_, i) => i + 1) },
  }));

describe('poison or weather', () => {
  it('one half that fails is poison, whatever the error', () => {
    expect(isWeather(failed('QRY3001', 8), 2, false)).toBe(false);
    expect(isWeather(failed('QRY2002', 8), 2, false)).toBe(false);
  });
  it('both halves that time out are weather, at every level', () => {
    expect(isWeather(failed('QRY2002', 8, 8), 2, false)).toBe(true);
    expect(isWeather(failed('QRY2003', 4, 4, 4, 4), 4, true)).toBe(true);
  });
  it('both halves malformed may be two culprits; all quarters are weather, unless something was read by then', () => {
    expect(isWeather(failed('QRY3001', 8, 8), 2, false)).toBe(false);
    expect(isWeather(failed('QRY3001', 4, 4, 4, 4), 4, false)).toBe(true);
    expect(isWeather(failed('QRY3001', 4, 4, 4, 4), 4, true)).toBe(false);
    expect(isWeather(failed('QRY3001', 1, 1), 2, false)).toBe(true);
  });
  it('only errors of content or of size can be poison; limits and refusals never', () => {
    for (const code of ['QRY3001', 'QRY3003', 'QRY3005', 'QRY2001', 'QRY2002', 'QRY3002'] as const)
      expect(maybePoison(error(code))).toBe(true);
    for (const code of ['QRY2010', 'QRY2012', 'QRY2020', 'QRY2021', 'QRY2030', 'QRY4001', 'QRY9001'] as const)
      expect(maybePoison(error(code))).toBe(false);
    expect([
      mayBeHeavy(error('QRY2003', 504)),
      mayBeHeavy(error('QRY2003', 502)),
      mayBeHeavy(error('QRY2002')),
    ]).toEqual([true, false, true]);
  });
});

it('halves share the ids and leave no gap', () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 40 });
  fc.assert(
    fc.property(gaps, fc.boolean(), (steps, open) => {
      let id = 0;
      const ids = steps.map((step) => (id += step));
      const range = { first: 1, last: open ? null : id + 3 };
      const [left, right] = cut({ range, ids });
      expect([...left.ids, ...right.ids]).toEqual(ids);
      expect(Math.abs(left.ids.length - right.ids.length)).toBeLessThanOrEqual(1);
      expect([left.range.first, left.range.last! + 1, right.range.last]).toEqual([1, right.range.first, range.last]);
      expect(
        left.ids.every((one) => one <= left.range.last!) && right.ids.every((one) => one >= right.range.first),
      ).toBe(true);
    }),
  );
});

it('ids inside a range, the first so many', () => {
  const list = { first: Float64Array.of(1, 10, 30), last: Float64Array.of(3, 12, 30), count: 7, serverTime: undefined };
  expect(idsIn(list, { first: 2, last: 11 }, 99)).toEqual([2, 3, 10, 11]);
  expect(idsIn(list, { first: 2, last: null }, 3)).toEqual([2, 3, 10]);
  expect(idsIn(list, { first: 4, last: 9 }, 9)).toEqual([]);
});

describe('the size of pages', () => {
  it('grows back after good pages, and stays below what failed twice', () => {
    const size = pageSize(1000, 1000);
    size.shrink(1000, 500);
    for (let i = 0; i < 3; i++) size.good();
    expect(size.now).toBe(500);
    size.good();
    expect(size.now).toBe(1000);
    size.shrink(1000, 500);
    for (let i = 0; i < 20; i++) size.good();
    expect(size.now).toBe(500);
  });
  it('goes on from where a checkpoint left it, up to what is wanted', () => {
    const size = pageSize(100, 30);
    for (let i = 0; i < 8; i++) size.good();
    expect(size.now).toBe(100);
  });
});

describe('a bell', () => {
  it('wakes all who wait, once', async () => {
    const { ring, wait } = bell();
    let woken = 0;
    const two = [wait(), wait()].map((one) => one.then(() => woken++));
    ring();
    await Promise.all(two);
    expect(woken).toBe(2);
  });
  it('lets go when the other end of the wait is over, and says what that said', async () => {
    const { wait } = bell();
    await wait(Promise.resolve());
    await expect(wait(Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
  });
});

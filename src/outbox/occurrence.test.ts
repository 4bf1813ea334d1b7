import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Keyed } from '../core/words.ts';
import { counting } from './occurrence.ts';

const row = (second: number, text: string): Keyed => ({
  lead: second,
  key: `${second}\t${text}`,
  fingerprint: text,
  version: undefined,
  time: undefined,
  flags: [],
});

describe('rows without an id, counted', () => {
  it('equal rows get numbers, rows of other seconds their own', () => {
    const page = counting();
    expect([row(2, 'a'), row(2, 'a'), row(2, 'b'), row(1, 'a')].map((one) => page.place(one)?.key)).toEqual([
      '2\ta\t1',
      '2\ta\t2',
      '2\tb\t1',
      '1\ta\t1',
    ]);
  });

  it('however a log is cut into answers, every row has a key of its own, and the same ones each time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ second: fc.integer({ min: 0, max: 6 }), text: fc.constantFrom('a', 'b') }), {
          maxLength: 60,
        }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 60 }),
        (made, cuts, other) => {
          const rows = made.toSorted((a, b) => b.second - a.second).map(({ second, text }) => row(second, text));
          const read = (sizes: readonly number[]): (string | undefined)[] => {
            const keys: (string | undefined)[] = [];
            let counts = {};
            for (let at = 0, n = 0; at < rows.length; n++) {
              const page = counting(counts);
              const size = sizes[n % sizes.length]!;
              for (const one of rows.slice(at, at + size)) keys.push(page.place(one)?.key);
              counts = page.edge() ?? {};
              at += size;
            }
            return keys;
          };
          const keys = read(cuts);
          expect(new Set(keys).size).toBe(rows.length);
          expect(new Set(read([other]))).toEqual(new Set(keys));
        },
      ),
      { seed: Date.now() % 2 ** 31, numRuns: 300 },
    );
  });

  it('what is carried on is the edge alone, also where a late row stands at it', () => {
    const page = counting();
    page.place(row(1000, 'a'));
    for (let second = 999; second > 700; second--) page.place(row(second, 'b'));
    page.place(row(5, 'late'));
    page.place(row(700, 'c'));
    const edge = page.edge()!;
    expect(Object.keys(edge)).toHaveLength(200);
    const next = counting(edge);
    const numbers = [row(5, 'late'), row(700, 'c'), row(701, 'b'), row(1000, 'a'), row(999, 'b')].map((one) =>
      next.place(one)?.key.split('\t').at(-1),
    );
    expect(numbers).toEqual(['2', '2', '2', '1', '1']);
    expect(counting().edge()).toBeUndefined();
  });

  it('a checkpoint of an older version, which names keys as they are, is gone on with', () => {
    const page = counting({ '700\t700\tc': 2, '701\t': 1, 'no name at all': 5 });
    expect([row(700, 'c'), { ...row(701, ''), key: '' }, row(700, 'd')].map((one) => page.place(one)?.key)).toEqual([
      '700\tc\t3',
      '2',
      '700\td\t1',
    ]);
  });
});

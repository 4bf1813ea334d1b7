import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tally } from './tally.ts';

describe('how often texts came', () => {
  it('is what a map of them says, group by group, also when it goes on elsewhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3000 })), { maxLength: 4000 }),
        fc.subarray([0, 1, 2, 3]),
        (rows, kept) => {
          const counts = tally();
          const map = new Map<string, number>();
          for (const [group, n] of rows) {
            const name = `${group}\t10.0.${n}\t38170`;
            map.set(name, (map.get(name) ?? 0) + 1);
            expect(counts.count(group, `10.0.${n}\t38170`)).toBe(map.get(name));
          }
          const on = tally();
          const written = JSON.stringify(counts.of(new Set(kept)));
          for (const [name, n] of Object.entries(JSON.parse(written) as Record<string, number>)) on.restore(name, n);
          for (const [group, n] of rows) on.count(group, `10.0.${n}\t38170`);
          for (const [name, before] of map) {
            const [group, text] = [Number(name[0]), name.slice(2)];
            expect(on.count(group, text)).toBe(before + (kept.includes(group) ? before : 0) + 1);
          }
        },
      ),
      { seed: Date.now() % 2 ** 31, numRuns: 30 },
    );
  });

  it('half a million texts that differ in little are all told apart', () => {
    const counts = tally();
    let first = 0;
    for (let n = 0; n < 500_000; n++)
      if (counts.count(1_700_000_000, `10.${n >> 16}.${n & 0xffff}\t443`) === 1) first++;
    expect(first).toBe(500_000);
  });

  it('a group is a number below 2^32, as seconds are; a name that is none says nothing', () => {
    const counts = tally();
    expect(counts.count(2 ** 32 - 1, '')).toBe(1);
    expect(Object.keys(counts.of(new Set([2 ** 32 - 1])))).toEqual([
      expect.stringMatching(/^4294967295#[0-9a-f]{16}$/),
    ]);
    for (const name of ['', '5#12', '5\ttext', '5#zz00000000000000']) counts.restore(name, 3);
    expect(counts.of(new Set([5]))).toEqual({});
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scratch } from './scratch.ts';

const MIB = 2 ** 20;

describe('buffers of a round', () => {
  it('each has its length, and none overlaps another of its round', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 12 * MIB }), { minLength: 1, maxLength: 6 }), { maxLength: 4 }),
        (rounds) => {
          const buffers = scratch();
          for (const sizes of rounds) {
            const taken = sizes.map((bytes) => buffers.take(bytes));
            expect(taken.map(({ length }) => length)).toEqual(sizes);
            taken.forEach((buffer, i) => {
              if (buffer.length > 0) buffer[0] = buffer[buffer.length - 1] = i + 1;
            });
            taken.forEach((buffer, i) => {
              if (buffer.length > 0) expect([buffer[0], buffer.at(-1)]).toEqual([i + 1, i + 1]);
            });
            buffers.reset();
          }
        },
      ),
      { seed: Date.now() % 2 ** 31, numRuns: 50 },
    );
  });

  it('what is held is what one round needed, however small and large ones change places [promise 10]', () => {
    const buffers = scratch();
    const held = new Set<ArrayBufferLike>();
    // 32 batches a round, a large one each time at another place, as streams of all sizes bring them.
    for (let round = 0; round < 64; round++) {
      for (let place = 0; place < 32; place++) held.add(buffers.take(place === round % 32 ? 5 * MIB : 10_000).buffer);
      buffers.reset();
    }
    const bytes = [...held].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(bytes).toBeLessThanOrEqual(8 * MIB);
  });

  it('a huge round is not held on to', () => {
    const buffers = scratch();
    const before = Array.from({ length: 20 }, () => buffers.take(6 * MIB).buffer);
    buffers.reset();
    const after = Array.from({ length: 20 }, () => buffers.take(6 * MIB).buffer);
    expect(after.filter((buffer) => before.includes(buffer)).length).toBeLessThanOrEqual(4);
    expect(buffers.take(50 * MIB)).toHaveLength(50 * MIB);
  });
});

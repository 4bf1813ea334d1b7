import { describe, expect, it } from 'vitest';
import { scaled } from '../test/support/scale.ts';
import { leastTime, type SyncTime, syncTime } from './sync-time.ts';

/**
 * The share of the least time is a figure of a quiet machine: a busy one's milliseconds count seventy times here. What is
 * held always is that each window is used to its last call and that both slots are; the figure itself is printed, and
 * the governor's own tests hold it against a clock that no load moves.
 */
const QUIET = process.env['QUARRY_SOAK'] === '1';

const shown = ({ calls, share, perHour, refused }: SyncTime): string =>
  `${calls} calls, ${(share * 100).toFixed(1)} % of the least time, per hour ${perHour.join(' ')}, ${refused} refused`;

describe('the least time under limits', () => {
  const limits = { limit: 4, windowSec: 100, concurrency: 2 };

  it('is set by the slots while the window has room', () => {
    expect(leastTime(4, { limits, serviceMs: 10_000 })).toBe(20_000);
  });

  it('is set by the window when calls are short', () => {
    expect(leastTime(9, { limits, serviceMs: 1000 })).toBe(201_000);
  });
});

/** The standard subscription, 300 calls an hour and 2 at once; and the same rate with a window a part as long. */
const standard = { limit: 300, windowSec: 3600, concurrency: 2 };
const part = scaled('calls of a window', { quick: 30, full: 60 });
const shorter = { limit: part, windowSec: part * 12, concurrency: 2 };

describe('a first full reading under the standard limits', () => {
  it('[promise 8] [fault 40] uses every call the window allows, and none is refused', async () => {
    const time = await syncTime({
      dataset: 'host_list',
      // Two windows and a little.
      hosts: (2 * part + 3) * 5,
      pageSize: 5,
      limits: shorter,
      serviceMs: 2000,
      speed: 72,
    });
    console.log(`limited by the window: ${shown(time)}`);
    expect(time.errors).toEqual([]);
    expect(time.refused).toBe(0);
    expect(time.maxInWindow).toBe(shorter.limit);
    expect(time.calls).toBeGreaterThan(2 * shorter.limit);
    if (QUIET) expect(time.share).toBeGreaterThanOrEqual(0.95);
  }, 300_000);

  it('[promise 8] keeps both slots busy, and none is refused', async () => {
    const time = await syncTime({
      dataset: 'host_list',
      hosts: scaled('hosts read by slow calls', { quick: 150, full: 300 }),
      pageSize: 10,
      limits: standard,
      serviceMs: 30_000,
      speed: 25,
    });
    console.log(`limited by the slots: ${shown(time)}`);
    expect(time.errors).toEqual([]);
    expect(time.refused).toBe(0);
    expect(time.maxRunning).toBe(2);
    if (QUIET) expect(time.share).toBeGreaterThanOrEqual(0.9);
  }, 300_000);
});

import { describe, expect, it } from 'vitest';
import { QuarryError } from '../core/errors.ts';
import { fakeClock } from './fake-clock.ts';
import { type RetryOptions, retrying } from './retry.ts';

const error = (code: 'QRY2001' | 'QRY3001' | 'QRY2012' | 'QRY2020', waitMs?: number) =>
  new QuarryError(code, { what: 'fault', ...(waitMs !== undefined && { waitMs }) });

/** Runs `retrying` on a fake clock; gives the result and when each try was made. */
async function play(outcomes: (QuarryError | Error | string)[], options: Partial<RetryOptions> = {}) {
  const clock = fakeClock();
  const tries: number[] = [];
  const result = retrying(
    async () => {
      tries.push(clock.monotonic());
      const outcome = outcomes[tries.length - 1] ?? outcomes.at(-1)!;
      if (typeof outcome !== 'string') throw outcome;
      return outcome;
    },
    { clock, random: () => 1, ...options },
  );
  const settled = result.then(
    (value) => ({ value }),
    (reason: unknown) => ({ reason }),
  );
  await clock.run(10_000_000);
  return { settled: await settled, tries };
}

describe('trying again', () => {
  it('what may pass by itself, later each time, at most five minutes apart', async () => {
    const { settled, tries } = await play([error('QRY2001')], { attempts: 7 });
    expect(settled).toMatchObject({ reason: { code: 'QRY2001' } });
    expect(tries.map((at, n) => (at - (tries[n - 1] ?? 0)) / 1000)).toEqual([0, 1, 4, 16, 64, 256, 300]);
  });

  it('with full jitter', async () => {
    const { tries } = await play([error('QRY2001'), error('QRY2001'), 'good'], { random: () => 0.25 });
    expect(tries).toEqual([0, 250, 1250]);
  });

  it('[fault 37] after the wait Qualys names', async () => {
    const { settled, tries } = await play([error('QRY2020', 3_300_000), 'good']);
    expect(settled).toEqual({ value: 'good' });
    expect(tries).toEqual([0, 3_300_000]);
  });

  it('never what would fail the same way, what needs an operator, or what is no QuarryError', async () => {
    for (const one of [error('QRY3001'), error('QRY2012'), new TypeError('defect')]) {
      const { settled, tries } = await play([one]);
      expect(tries).toHaveLength(1);
      expect(settled).toEqual({ reason: one });
    }
  });

  it('hands the last error up unchanged, after six tries by default', async () => {
    const last = error('QRY2001');
    const { settled, tries } = await play([error('QRY2001'), last]);
    expect(tries).toHaveLength(6);
    expect(settled).toEqual({ reason: last });
  });

  it('stops when aborted while it waits', async () => {
    const stop = new AbortController();
    const clock = fakeClock();
    const result = retrying(() => Promise.reject(error('QRY2001')), { clock, signal: stop.signal, random: () => 1 });
    await clock.run(500);
    stop.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
  });
});

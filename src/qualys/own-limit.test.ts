import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock } from './fake-clock.ts';
import { createGovernor, type Governor, type Slot } from './governor.ts';
import type { OwnLimit } from './own-limit.ts';

const API = 'am/asset';
const HOUR = 3_600_000;
/** Limits that hold nothing back here. */
const WIDE = {
  'x-ratelimit-limit': '100000',
  'x-ratelimit-window-sec': '3600',
  'x-ratelimit-remaining': '99999',
  'x-concurrency-limit-limit': '10',
  'x-concurrency-limit-running': '0',
};
const acme: OwnLimit = { connection: 'acme', perHour: 3 };

/** `count` calls one after the other; when each was sent stands in the result, monotonic. */
function callers(governor: Governor, clock: ReturnType<typeof fakeClock>, count: number, own?: OwnLimit): number[] {
  const sent: number[] = [];
  void (async () => {
    for (let at = 0; at < count; at += 1) {
      const slot = await governor.acquire({ api: API, own });
      sent.push(clock.monotonic());
      slot.answered(WIDE, 200);
      slot.release();
    }
  })();
  return sent;
}

describe('[A48] requests per hour', () => {
  it('pauses when the calls of an hour are made, says so, and resumes an hour after them', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    const sent = callers(governor, clock, 7, acme);
    await clock.run(HOUR / 2);
    expect(sent).toEqual([0, 0, 0]);
    expect(governor.status()[API]).toMatchObject({
      waiting: 1,
      until: clock.now() + HOUR / 2,
      because: 'requests_per_hour of connection acme: 3 calls were made within the last hour',
    });
    await clock.run(HOUR);
    expect(sent).toEqual([0, 0, 0, HOUR, HOUR, HOUR]);
    await clock.run(2 * HOUR);
    expect(sent.at(-1)).toBe(2 * HOUR);
  });

  it('the hour slides: a burst at its end is no reason for another one at the beginning of the next', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    await clock.run(1);
    const first = callers(governor, clock, 1, acme);
    await clock.run(HOUR - 1000);
    const burst = callers(governor, clock, 5, acme);
    await clock.run(3 * HOUR);
    expect([...first, ...burst]).toEqual([1, HOUR - 1000, HOUR - 1000, HOUR + 1, 2 * HOUR - 1000, 2 * HOUR - 1000]);
  });

  it('holds its own connection and no other one', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    const held = callers(governor, clock, 4, acme);
    await clock.run(1);
    const free = callers(governor, clock, 5);
    const other = callers(governor, clock, 2, { connection: 'other', perHour: 1 });
    await clock.run(2);
    expect([held.length, free.length, other.length]).toEqual([3, 5, 1]);
    await clock.run(2 * HOUR);
    expect([held.length, other.length]).toEqual([4, 2]);
  });

  it('a restart forgets no call, and a state saved without it loads', async () => {
    const clock = fakeClock();
    const first = createGovernor({ clock });
    callers(first, clock, 3, acme);
    await clock.run(HOUR / 4);
    const saved = JSON.parse(JSON.stringify(first.save())) as ReturnType<Governor['save']>;
    const again = createGovernor({ clock, saved });
    const sent = callers(again, clock, 1, acme);
    await clock.run(HOUR - 1);
    expect(sent).toEqual([]);
    await clock.run(HOUR + 1);
    expect(sent).toEqual([HOUR]);
    const plain = createGovernor({ clock });
    callers(plain, clock, 1);
    await clock.run(clock.monotonic());
    expect(plain.save().apis[API]).not.toHaveProperty('own');
  });

  it('a call that never reached Qualys does not count', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    for (let at = 0; at < 5; at += 1) {
      const slot = await governor.acquire({ api: API, own: acme });
      slot.release({ sent: false });
    }
    expect(callers(governor, clock, 3, acme)).toEqual([]);
    await clock.run(clock.monotonic());
    expect(governor.status()[API]?.waiting).toBe(0);
  });

  it('property: never more calls in any sixty minutes than allowed, and none waits while one is left', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: HOUR }), { minLength: 1, maxLength: 30 }),
        async (perHour, gaps) => {
          const clock = fakeClock();
          const governor = createGovernor({ clock });
          const sent: number[] = [];
          const asked: number[] = [];
          let at = 0;
          for (const gap of gaps) {
            at += gap;
            await clock.run(at);
            asked.push(at);
            void governor.acquire({ api: API, own: { connection: 'acme', perHour } }).then((slot: Slot) => {
              sent.push(clock.monotonic());
              slot.answered(WIDE, 200);
              slot.release();
            });
          }
          await clock.run(at + (gaps.length + 1) * HOUR);
          // By hand: each call when it is asked for and all before it are sent, and the one `perHour` before it is an hour old.
          const expected: number[] = [];
          for (const wanted of asked) {
            const before = expected.at(-perHour);
            const free = expected.length < perHour || before === undefined ? 0 : before + HOUR;
            expected.push(Math.max(wanted, expected.at(-1) ?? 0, free));
          }
          expect(sent).toEqual(expected);
        },
      ),
      { seed: Date.now() % 2 ** 31, numRuns: 60 },
    );
  });
});

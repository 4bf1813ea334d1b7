import { describe, expect, it } from 'vitest';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { createGovernor, type Governor, type Slot } from './governor.ts';

const API = 'asset/host/vm/detection';
const HOUR = 3_600_000;

function limits(remaining: string | number, running: string | number, more: Record<string, string> = {}) {
  return {
    'x-ratelimit-limit': '300',
    'x-ratelimit-window-sec': '3600',
    'x-ratelimit-remaining': String(remaining),
    'x-concurrency-limit-limit': '2',
    'x-concurrency-limit-running': String(running),
    ...more,
  };
}

/** Asks for `count` slots; what was granted so far stands in `got`. */
function ask(governor: Governor, count: number, priority?: number): Slot[] {
  const got: Slot[] = [];
  for (let at = 0; at < count; at += 1) {
    void governor.acquire({ api: API, ...(priority !== undefined && { priority }) }).then((slot) => got.push(slot));
  }
  return got;
}

async function learned(clock: FakeClock, remaining = 299): Promise<Governor> {
  const governor = createGovernor({ clock, random: () => 0.5 });
  const [slot] = await granted(clock, ask(governor, 1));
  slot!.answered(limits(remaining, 0), 200);
  slot!.release();
  return governor;
}

async function granted(clock: FakeClock, slots: Slot[]): Promise<Slot[]> {
  await clock.run(clock.monotonic());
  return slots;
}

describe('what is unknown', () => {
  it('[promise 8] one call at a time per API until its limits are known; another API goes on its own', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    const slots = await granted(clock, ask(governor, 3));
    expect(slots).toHaveLength(1);
    await governor.acquire({ api: 'knowledge_base/vuln' });
    expect(governor.status()[API]).toMatchObject({
      waiting: 2,
      because: 'its limits are not known yet, so one call at a time',
    });
    slots[0]!.answered(limits(299, 0), 200);
    await granted(clock, slots);
    expect(slots).toHaveLength(2);
  });

  it('[promise 8] missing and blank headers are unknown, never zero', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    const blank = { 'x-ratelimit-limit': '', 'x-ratelimit-remaining': ' ', 'x-concurrency-limit-limit': '' };
    for (const headers of [{}, blank, { 'x-ratelimit-limit': '0', 'x-concurrency-limit-limit': 'none' }]) {
      const [slot] = await granted(clock, ask(governor, 1));
      slot!.answered(headers, 200);
      slot!.release();
    }
    expect(governor.status()[API]).toMatchObject({ limit: undefined, concurrency: undefined, remaining: undefined });
    expect(await granted(clock, ask(governor, 2))).toHaveLength(1);
  });

  it('keeps what it knew when later answers say nothing', async () => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const [slot] = await granted(clock, ask(governor, 1));
    slot!.answered({}, 401);
    slot!.release();
    expect(governor.status()[API]).toMatchObject({ limit: 300, windowSec: 3600, concurrency: 2, remaining: 298 });
  });
});

describe('rate', () => {
  it('[fault 37] [fault 39] waits for the time Qualys names, and says until when and why', async () => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const [slot] = await granted(clock, ask(governor, 1));
    slot!.answered(limits(0, 0, { 'x-ratelimit-towait-sec': '3300' }), 409, '1965');
    slot!.release();
    const slots = ask(governor, 2);
    await clock.run(3_299_000);
    expect(slots).toHaveLength(0);
    const { until, because } = governor.status()[API]!;
    expect(until).toBe(Date.UTC(2026, 10, 20, 10) + 3_301_000);
    expect(because).toMatch(/asked to wait/);
    await clock.run(3_301_001);
    expect(slots).toHaveLength(1); // one, to see what remains
  });

  it.each(['1000000000', '-5', '0', 'soon', ''])(
    '[fault 38] a wait of "%s" is clamped to the window',
    async (value) => {
      const clock = fakeClock();
      const governor = await learned(clock, 0); // one call of ours, 299 of others
      const [slot] = [ask(governor, 1)];
      await clock.run(10_000);
      expect(slot).toHaveLength(0);
      expect(governor.status()[API]!.because).toBe(
        '300 of 300 calls of the last hour are used (up to 300 of them not by this collector)',
      );
      const fresh = createGovernor({ clock });
      const [first] = await granted(clock, ask(fresh, 1));
      first!.answered(limits(0, 0, { 'x-ratelimit-towait-sec': value }), 409, '1965');
      first!.release();
      const second = ask(fresh, 1);
      await clock.run(HOUR - 10_000);
      expect(second).toHaveLength(0);
      await clock.run(HOUR + 20_000);
      expect(second).toHaveLength(1);
    },
  );

  it('[fault 38] 429 without any header: a jittered try, later each time, at most a window apart', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock, random: () => 1 });
    const waits: number[] = [];
    for (let at = 0; at < 9; at += 1) {
      const before = clock.monotonic();
      const slots = ask(governor, 1);
      await clock.run(before + HOUR);
      const [slot] = slots;
      expect(slot).toBeDefined();
      const taken = governor.save().apis[API]!.rate.log.at(-1)![0] - Date.UTC(2026, 10, 20, 10);
      waits.push(taken - before);
      slot!.answered({}, 429);
      slot!.release();
    }
    const minutes = waits.map((ms) => Math.round(ms / 60_000));
    expect(minutes).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('the body of a refusal names the wait where the headers do not', async () => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const [slot] = await granted(clock, ask(governor, 1));
    slot!.answered({}, 409);
    slot!.refused({ code: '1965', waitMs: 600_000 });
    slot!.release();
    const slots = ask(governor, 1);
    await clock.run(599_000);
    expect(slots).toHaveLength(0);
    await clock.run(602_000);
    expect(slots).toHaveLength(1);
  });

  it.each(['before', 'after'])('the body’s words count also when they come %s the call’s end', async (when) => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const [slot] = await granted(clock, ask(governor, 1));
    slot!.answered({}, 409);
    if (when === 'after') slot!.release();
    slot!.refused({ code: '1965', waitMs: 1_800_000 });
    if (when === 'before') slot!.release();
    const slots = ask(governor, 1);
    await clock.run(1_799_000);
    expect(slots).toHaveLength(0);
    await clock.run(1_802_000);
    expect(slots).toHaveLength(1);
  });

  it.each(['before', 'after'])('a 409 that is no limit (2003, told %s the end) holds nothing back', async (when) => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const [slot] = await granted(clock, ask(governor, 1));
    slot!.answered({}, 409);
    if (when === 'after') slot!.release();
    slot!.refused({ code: '2003', waitMs: undefined });
    if (when === 'before') slot!.release();
    expect(await granted(clock, ask(governor, 1))).toHaveLength(1);
  });

  it('[promise 8] sees calls of others as Remaining falls faster than our own calls', async () => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const [slot] = await granted(clock, ask(governor, 1));
    slot!.answered(limits(250, 0), 200);
    slot!.release();
    expect(governor.status()[API]!.others).toBeGreaterThanOrEqual(47);
    expect(governor.status()[API]!.remaining).toBeLessThanOrEqual(250);
  });

  it('a call that never reached Qualys costs nothing', async () => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const [slot] = await granted(clock, ask(governor, 1));
    slot!.release({ sent: false });
    expect(governor.status()[API]!.remaining).toBe(299);
  });
});

describe('concurrency', () => {
  it('[fault 40] never more at once than Qualys allows; others count where Running shows them', async () => {
    const clock = fakeClock();
    const governor = await learned(clock);
    await clock.run(10);
    const slots = await granted(clock, ask(governor, 4));
    expect(slots).toHaveLength(2);
    expect(governor.status()[API]!.because).toBe('2 of 2 calls are running');
    slots[0]!.answered(limits(290, 2), 200); // Running does not count the call itself: one is ours, one is not
    slots[0]!.release();
    await granted(clock, slots);
    expect(slots).toHaveLength(2);
    await clock.run(40_000);
    expect(slots).toHaveLength(3); // believed for 30 s without news
  });

  it('[promise 8] an abandoned call holds its slot until its deadline', async () => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const slots = await granted(clock, ask(governor, 3));
    slots[0]!.abandon(60_000);
    slots[1]!.abandon(90_000);
    await clock.run(59_000);
    expect(slots).toHaveLength(2);
    await clock.run(61_000);
    expect(slots).toHaveLength(3);
  });

  it('[promise 8] or until the Running header shows that it has ended', async () => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const slots = await granted(clock, ask(governor, 4));
    slots[0]!.abandon(7_200_000);
    slots[1]!.release();
    await clock.run(1000);
    expect(slots).toHaveLength(3);
    slots[2]!.answered(limits(295, 0), 200);
    await clock.run(2000);
    expect(slots).toHaveLength(4);
  });

  it('another tool’s call that runs all the time costs few refusals, fewer as time goes', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock, random: () => 0.5 });
    const refusals: number[] = [];
    let ours = 0;
    // Running does not count the call itself, and one call of another tool always runs: never 0, so not to be told apart.
    const worker = async () => {
      while (clock.monotonic() < 4 * HOUR) {
        const slot = await governor.acquire({ api: API });
        if (ours >= 1) {
          await clock.sleep(100);
          slot.answered({ 'x-concurrency-limit-limit': '2', 'x-concurrency-limit-running': '2' }, 409, '1960');
          refusals.push(clock.monotonic());
          slot.release();
          continue;
        }
        ours += 1;
        await clock.sleep(5000);
        slot.answered(limits(100, 1), 200);
        await clock.sleep(5000);
        ours -= 1;
        slot.release();
      }
    };
    void worker();
    void worker();
    await clock.run(4 * HOUR);
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.filter((at) => at < HOUR).length).toBeLessThanOrEqual(12);
    expect(refusals.filter((at) => at >= 3 * HOUR).length).toBeLessThanOrEqual(7); // one in ten minutes
  });

  it('a concurrency refusal nobody could foretell waits briefly', async () => {
    const clock = fakeClock();
    const governor = await learned(clock);
    const [slot] = await granted(clock, ask(governor, 1));
    slot!.answered({ 'x-concurrency-limit-limit': '2', 'x-concurrency-limit-running': '2' }, 409);
    slot!.release();
    const slots = ask(governor, 1);
    await clock.run(100);
    expect(slots).toHaveLength(0);
    await clock.run(40_000);
    expect(slots).toHaveLength(1);
  });
});

describe('waiting', () => {
  it('goes by priority, then in order', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    const [first] = await granted(clock, ask(governor, 1));
    const order: string[] = [];
    const wait = (name: string, priority: number) =>
      governor.acquire({ api: API, priority }).then((slot) => {
        order.push(name);
        slot.release({ sent: false });
      });
    const all = [wait('a', 0), wait('b', 0), wait('urgent', 5), wait('c', 0)];
    first!.release({ sent: false });
    await Promise.all(all);
    expect(order).toEqual(['urgent', 'a', 'b', 'c']);
  });

  it('can be aborted, before and while waiting, and leaves its place to the next', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    await granted(clock, ask(governor, 1));
    const gone = new AbortController();
    const waiting = governor.acquire({ api: API, signal: gone.signal });
    gone.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(governor.acquire({ api: API, signal: gone.signal })).rejects.toThrow('stopped');
    expect(governor.status()[API]!.waiting).toBe(0);
  });
});

describe('saved state', () => {
  it('[promise 8] a call is saved before it may be sent; a failing save stops it', async () => {
    const clock = fakeClock();
    let finish: () => void = () => undefined;
    let saves = 0;
    const governor = createGovernor({
      clock,
      onChange: () => {
        saves += 1;
        return saves === 1 ? new Promise<void>((resolve) => (finish = resolve)) : Promise.reject(new Error('disk'));
      },
    });
    const slots = await granted(clock, ask(governor, 1));
    expect(slots).toHaveLength(0);
    expect(governor.save().apis[API]!.running.held).toHaveLength(1);
    finish();
    const [slot] = await granted(clock, slots);
    slot!.answered(limits(299, 0), 200);
    slot!.release();
    await expect(governor.acquire({ api: API })).rejects.toThrow('disk');
    expect(governor.status()[API]!.remaining).toBe(299);
  });

  it.each([0, 7_200_000, -7_200_000])('[fault 53] survives a restart with the wall clock %i ms off', async (step) => {
    const clock = fakeClock();
    const first = await learned(clock, 299);
    for (let at = 1; at < 300; at += 1) {
      const [slot] = await granted(clock, ask(first, 1));
      slot!.answered(limits(299 - at, 0), 200);
      slot!.release();
    }
    clock.step(step);
    const slots = ask(first, 1); // running: the wall clock moves nothing
    await clock.run(HOUR - 1000);
    expect(slots).toHaveLength(0);
    const second = createGovernor({ clock, saved: JSON.parse(JSON.stringify(first.save())) });
    const after = ask(second, 1);
    await clock.run(HOUR - 500);
    expect(after).toHaveLength(0);
    expect(second.status()[API]).toMatchObject({ limit: 300, concurrency: 2, waiting: 1 });
    await clock.run(HOUR + 2000);
    expect(after).toHaveLength(1);
  });

  it('[promise 8] calls in flight at a kill hold their slots in the next process', async () => {
    const clock = fakeClock();
    const first = await learned(clock);
    await granted(clock, ask(first, 2));
    const second = createGovernor({ clock, saved: JSON.parse(JSON.stringify(first.save())) });
    const slots = await granted(clock, ask(second, 1));
    expect(slots).toHaveLength(0);
    expect(second.status()[API]).toMatchObject({ running: 2, because: '2 of 2 calls are running' });
    await clock.run(130_000);
    expect(slots).toHaveLength(1);
  });
});

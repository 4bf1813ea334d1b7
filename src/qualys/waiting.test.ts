import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { createGovernor, type Governor, type Slot } from './governor.ts';
import { kept, type Reserve } from './waiting.ts';

const API = 'asset/host';
const HOUR = 3_600_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

interface FakeWindow {
  /** A call is counted; returns what its headers say. */
  arrive(): Record<string, string>;
  readonly remaining: number;
}

/** A fake Qualys that only counts: a sliding window of an hour, and concurrency enough for all. */
function fakeWindow(clock: FakeClock, limit: number, concurrency: number): FakeWindow {
  let taken: number[] = [];
  const remaining = (): number => {
    taken = taken.filter((at) => at > clock.monotonic() - HOUR);
    return limit - taken.length;
  };
  return {
    arrive() {
      taken.push(clock.monotonic());
      return {
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-window-sec': '3600',
        'x-ratelimit-remaining': String(remaining()),
        'x-concurrency-limit-limit': String(concurrency),
        'x-concurrency-limit-running': '0',
      };
    },
    get remaining() {
      return remaining();
    },
  };
}

interface Caller {
  readonly priority: number;
  readonly reserve?: Reserve;
  readonly runMs: number;
}

interface Grant {
  readonly caller: number;
  /** Calls of others that began while it waited. */
  readonly passedBy: number;
  /** What Qualys had left when it had counted the call. */
  readonly remaining: number;
}

/** Callers that ask again as soon as they are done, for as long as the clock runs. */
function busy(governor: Governor, clock: FakeClock, qualys: FakeWindow, callers: readonly Caller[]): Grant[] {
  const grants: Grant[] = [];
  const loop = async ({ priority, reserve, runMs }: Caller, caller: number): Promise<void> => {
    for (;;) {
      const before = grants.length;
      const slot: Slot = await governor.acquire({ api: API, priority, reserve });
      const headers = qualys.arrive();
      grants.push({ caller, passedBy: grants.length - before, remaining: qualys.remaining });
      slot.answered(headers, 200);
      await clock.sleep(runMs);
      slot.release();
    }
  };
  callers.forEach((caller, i) => void loop(caller, i));
  return grants;
}

describe('priority', () => {
  it('an urgent call goes first, and after four of them the oldest one', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    const first = await governor.acquire({ api: API });
    const order: string[] = [];
    const ask = (name: string, priority: number): void =>
      void governor.acquire({ api: API, priority }).then((slot) => {
        order.push(name);
        slot.answered({}, 200);
        slot.release();
      });
    ask('sweep', 0);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) ask(name, 2);
    first.release();
    await clock.run(1);
    expect(order).toEqual(['a', 'b', 'c', 'd', 'sweep', 'e', 'f']);
  });

  it(`property: however many urgent callers there are, none waits for ever (seed ${seed})`, async () => {
    const callers = fc.array(
      fc.record({ priority: fc.constantFrom(0, 1, 2), runMs: fc.integer({ min: 100, max: 20_000 }) }),
      { minLength: 2, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(callers, fc.constantFrom(20, 300), fc.constantFrom(1, 2, 5), async (all, limit, concurrency) => {
        const clock = fakeClock();
        const governor = createGovernor({ clock });
        const grants = busy(governor, clock, fakeWindow(clock, limit, concurrency), all);
        await clock.run(3 * HOUR);
        // Of five calls in a row one at least is of who has waited longest.
        for (const { passedBy } of grants) expect(passedBy).toBeLessThanOrEqual(5 * all.length);
        expect(new Set(grants.map(({ caller }) => caller)).size).toBe(all.length);
      }),
      { seed, numRuns: 30 },
    );
  }, 60_000);
});

describe('reserve', () => {
  it('says what it waits for, and goes on when a call has left the window', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    const qualys = fakeWindow(clock, 10, 2);
    const grants = busy(governor, clock, qualys, [{ priority: 0, reserve: { calls: 4 }, runMs: 1000 }]);
    await clock.run(HOUR / 2);
    expect(grants).toHaveLength(6);
    expect(governor.status()[API]).toMatchObject({
      waiting: 1,
      because: 'reserve: 4 of 10 calls of the last hour are left to other users of the subscription',
    });
    expect(governor.status()[API]?.until).toBeGreaterThan(clock.now());
    await clock.run(HOUR + 60_000);
    expect(grants).toHaveLength(12);
  });

  it('holds its own connection and no other one', async () => {
    const clock = fakeClock();
    const governor = createGovernor({ clock });
    const qualys = fakeWindow(clock, 10, 2);
    const grants = busy(governor, clock, qualys, [
      { priority: 2, reserve: { share: 0.5 }, runMs: 1000 },
      { priority: 0, runMs: 60_000 },
    ]);
    await clock.run(HOUR / 2);
    expect(qualys.remaining).toBe(0);
    expect(grants.filter(({ caller }) => caller === 0).every(({ remaining }) => remaining >= 5)).toBe(true);
  });

  it('never keeps the last call, and nothing where no limit is known', () => {
    expect(kept({ limit: 5 }, { calls: 50 })).toBe(4);
    expect(kept({ limit: 300 }, { share: 0.1 })).toBe(30);
    expect(kept({ limit: 5 }, { share: 0.1 })).toBe(1);
    expect(kept({ limit: undefined }, { calls: 50 })).toBe(0);
    expect(kept({ limit: 300 }, undefined)).toBe(0);
  });

  it(`property: so many calls are always left, and the rest is used (seed ${seed})`, async () => {
    const plan = fc.record({
      limit: fc.constantFrom(15, 60, 120),
      concurrency: fc.constantFrom(1, 2, 5),
      reserve: fc.oneof(
        fc.record({ calls: fc.integer({ min: 1, max: 14 }) }),
        fc.record({ share: fc.constantFrom(0.1, 0.3, 0.9) }),
      ),
      runMs: fc.integer({ min: 100, max: 20_000 }),
      workers: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ limit, concurrency, reserve, runMs, workers }) => {
        const clock = fakeClock();
        const governor = createGovernor({ clock });
        const callers = Array.from({ length: workers }, (_, i) => ({ priority: i % 3, reserve, runMs }));
        const grants = busy(governor, clock, fakeWindow(clock, limit, concurrency), callers);
        await clock.run(3.5 * HOUR);
        const keep = kept({ limit }, reserve);
        for (const { remaining } of grants) expect(remaining).toBeGreaterThanOrEqual(keep);
        const ours = Math.min(limit - keep, Math.floor(HOUR / (runMs + 1)));
        expect(grants.length).toBeGreaterThanOrEqual(3 * ours);
      }),
      { seed, numRuns: 30 },
    );
  }, 60_000);
});

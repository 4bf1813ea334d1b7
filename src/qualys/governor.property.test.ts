import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fakeClock } from './fake-clock.ts';
import { createGovernor, type Governor, type SavedGovernor, type Slot } from './governor.ts';

/*
 * Many schedules of calls against a model of Qualys's limits on a fake clock. The model counts on its own; what was
 * foretold is judged from what had been received, not from what the governor believed.
 */

interface Plan {
  limit: number;
  windowSec: number;
  concurrency: number;
  workers: number;
  /** Longest a call runs at Qualys, milliseconds; every call lasts between half of it and all of it. */
  runMs: number;
  delayMs: number;
  countsItself: boolean;
  remainingAtArrival: boolean;
  toWait: 'never' | 'refusals' | 'always';
  /** Calls of another tool per window. */
  foreign: number;
  restarts: number;
  abandons: number;
  resets: number;
  seed: number;
}

interface Heard {
  sent: number;
  at: number;
  remaining: number;
}

/** Park and Miller's generator: the model's own chance, so that one seed is one run. */
function chance(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** The fake Qualys: a sliding window and a count of running calls. */
function fakeLimits(plan: Plan, now: () => number) {
  let taken: number[] = [];
  let running = 0;
  const windowMs = plan.windowSec * 1000;
  const inWindow = () => {
    taken = taken.filter((at) => at > now() - windowMs);
    return taken.length;
  };
  const headers = (remaining: number | undefined, toWait: number | undefined, atOnce: number) => ({
    'X-RateLimit-Limit': String(plan.limit),
    'X-RateLimit-Window-Sec': String(plan.windowSec),
    ...(remaining !== undefined && { 'X-RateLimit-Remaining': String(remaining) }),
    ...(toWait !== undefined && { 'X-RateLimit-ToWait-Sec': String(toWait) }),
    'X-Concurrency-Limit-Limit': String(plan.concurrency),
    'X-Concurrency-Limit-Running': String(atOnce),
  });
  const wait = () => (inWindow() < plan.limit ? 0 : Math.ceil(((taken[0] ?? now()) + windowMs - now()) / 1000));
  return {
    /** Undefined when accepted, else the refusal's headers and code. */
    arrive() {
      if (running >= plan.concurrency) return { code: '1960', headers: headers(undefined, undefined, running) };
      if (inWindow() >= plan.limit) {
        return { code: '1965', headers: headers(0, plan.toWait === 'never' ? undefined : wait(), running) };
      }
      taken.push(now());
      running += 1;
      return undefined;
    },
    remaining: () => plan.limit - inWindow(),
    answer(atArrival: number) {
      const remaining = plan.remainingAtArrival ? atArrival : plan.limit - inWindow();
      return headers(
        remaining,
        plan.toWait === 'always' ? (remaining > 0 ? 0 : wait()) : undefined,
        plan.countsItself ? running : running - 1,
      );
    },
    end: () => {
      running -= 1;
    },
    foreign() {
      if (running < plan.concurrency && inWindow() < plan.limit) taken.push(now());
    },
  };
}

interface Outcome {
  accepted: number;
  refused: { code: string; foretold: boolean }[];
}

async function play(plan: Plan, untilMs: number): Promise<Outcome> {
  const clock = fakeClock();
  const random = chance(plan.seed);
  const qualys = fakeLimits(plan, clock.monotonic);
  const windowMs = plan.windowSec * 1000;
  const outcome: Outcome = { accepted: 0, refused: [] };
  const sent: { at: number }[] = [];
  let heard: Heard | undefined;
  let disk = '';
  let alive = { dead: false };
  let governor: Governor;

  /** From what was received: the last answer's rest, less what was sent since, plus what may have left the window. */
  function foretold(at: number): boolean {
    if (heard === undefined) return false;
    const since = sent.filter((call) => call.at >= heard!.at && call.at < at).length;
    const left = sent.filter((call) => call.at <= heard!.at && call.at + windowMs <= at).length;
    return at < heard.at + windowMs && heard.remaining - since + left <= 0;
  }

  const sleep = (ms: number) => clock.sleep(ms);
  async function call(slot: Slot, me: { dead: boolean }): Promise<void> {
    const at = clock.monotonic();
    const known = foretold(at);
    const sentHere = { at };
    sent.push(sentHere);
    const runs = plan.runMs * (0.5 + random() / 2);
    const kind = random();
    await sleep(random() * plan.delayMs);
    const refusal = qualys.arrive();
    if (refusal !== undefined) {
      await sleep(random() * plan.delayMs);
      if (me.dead) return;
      outcome.refused.push({ code: refusal.code, foretold: known });
      heard = refusal.code === '1965' ? { sent: at, at: clock.monotonic(), remaining: 0 } : heard;
      sent.splice(sent.indexOf(sentHere), 1);
      slot.answered(refusal.headers, 409);
      await sleep(1);
      if (me.dead) return;
      slot.refused({ code: refusal.code, waitMs: undefined });
      slot.release();
      return;
    }
    outcome.accepted += 1;
    const rest = qualys.remaining();
    clock.after(runs, () => qualys.end());
    if (kind < plan.resets) {
      await sleep(runs * random());
      if (!me.dead) slot.abandon(plan.runMs);
      return;
    }
    await sleep(runs * random());
    const headers = qualys.answer(rest);
    await sleep(random() * plan.delayMs);
    if (me.dead) return;
    heard = { sent: at, at: clock.monotonic(), remaining: Number(headers['X-RateLimit-Remaining']) };
    slot.answered(headers, 200);
    if (kind < plan.resets + plan.abandons) {
      slot.abandon(plan.runMs);
      return;
    }
    await sleep(Math.max(0, at + plan.delayMs + runs - clock.monotonic()));
    if (!me.dead) slot.release();
  }

  async function worker(me: { dead: boolean }): Promise<void> {
    while (!me.dead) {
      const slot = await governor.acquire({ api: 'asset/host' });
      if (me.dead) return;
      await call(slot, me);
    }
  }

  function start(saved?: SavedGovernor): void {
    alive.dead = true;
    alive = { dead: false };
    const me = alive;
    governor = createGovernor({
      clock,
      saved,
      random,
      onChange: () => {
        if (!me.dead) disk = JSON.stringify(governor.save());
      },
    });
    for (let at = 0; at < plan.workers; at += 1) void worker(me);
  }
  function foreign(): void {
    qualys.foreign();
    clock.after((2 * random() * windowMs) / plan.foreign, foreign);
  }
  if (plan.foreign > 0) clock.after(random() * windowMs, foreign);
  start();
  for (let at = 1; at <= plan.restarts; at += 1) {
    clock.after((untilMs * (at - random())) / plan.restarts, () => {
      alive.dead = true;
      clock.after(random() * 5000, () => start(disk === '' ? undefined : JSON.parse(disk)));
    });
  }
  await clock.run(untilMs);
  alive.dead = true;
  return outcome;
}

/** As many calls as anyone could make who knew everything: the same durations, nothing waited for but the limits. */
function mostCalls(plan: Plan, untilMs: number): number {
  const random = chance(plan.seed);
  const windowMs = plan.windowSec * 1000;
  const free = Array.from({ length: Math.min(plan.workers, plan.concurrency) }, () => 0);
  const starts: number[] = [];
  for (;;) {
    free.sort((a, b) => a - b);
    const oldest = starts[starts.length - plan.limit];
    const at = Math.max(free[0]!, oldest === undefined ? 0 : oldest + windowMs);
    if (at >= untilMs) return starts.length;
    starts.push(at);
    free[0] = at + plan.delayMs + plan.runMs * (0.5 + random() / 2);
  }
}

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const runs = Number(process.env['RUNS'] ?? 40);

const plans = fc.record({
  limit: fc.constantFrom(15, 50, 120),
  windowSec: fc.constantFrom(360, 3600),
  concurrency: fc.constantFrom(1, 2, 5),
  workers: fc.constantFrom(2, 6, 12),
  runMs: fc.integer({ min: 1000, max: 30_000 }),
  delayMs: fc.integer({ min: 10, max: 1500 }),
  countsItself: fc.boolean(),
  remainingAtArrival: fc.boolean(),
  toWait: fc.constantFrom('never' as const, 'refusals' as const, 'always' as const),
  foreign: fc.constant(0),
  restarts: fc.constant(0),
  abandons: fc.constant(0),
  resets: fc.constant(0),
  seed: fc.integer({ min: 0, max: 2 ** 30 }),
});

async function holds(of: (plan: Plan) => Promise<void>, with_: Partial<{ [K in keyof Plan]: fc.Arbitrary<Plan[K]> }>) {
  const arbitrary = fc.tuple(plans, fc.record(with_)).map(([plan, more]) => ({ ...plan, ...more }) as Plan);
  await fc.assert(fc.asyncProperty(arbitrary, of), { seed, numRuns: runs });
}

it(`[promise 8] alone on a subscription: no refusal ever, and at least 95 % of the calls anyone could make (seed ${seed})`, async () => {
  await holds(async (drawn) => {
    // A call is counted somewhere between its sending and its headers, so its length over the window is lost for sure.
    const plan = {
      ...drawn,
      runMs: Math.min(drawn.runMs, drawn.windowSec * 20),
      delayMs: Math.min(drawn.delayMs, 300),
    };
    const until = plan.windowSec * 1000 * 4.5;
    const { accepted, refused } = await play(plan, until);
    expect(refused).toEqual([]);
    expect(accepted).toBeGreaterThanOrEqual(Math.floor(0.95 * mostCalls(plan, until)));
  }, {});
}, 120_000);

it('[promise 8] standard limits, 300 calls an hour and two at once: 99 % of the possible calls in ten hours, no refusal', async () => {
  const plan: Plan = {
    limit: 300,
    windowSec: 3600,
    concurrency: 2,
    workers: 4,
    runMs: 20_000,
    delayMs: 100,
    countsItself: false,
    remainingAtArrival: true,
    toWait: 'refusals',
    foreign: 0,
    restarts: 0,
    abandons: 0,
    resets: 0,
    seed: 1,
  };
  const { accepted, refused } = await play(plan, 36_000_000);
  expect(refused).toEqual([]);
  expect(accepted).toBeGreaterThanOrEqual(0.99 * mostCalls(plan, 36_000_000));
});

it(`[promise 8] kill -9 and restart: no refusal, limits remembered (seed ${seed})`, async () => {
  await holds(
    async (plan) => {
      const { refused } = await play(plan, plan.windowSec * 1000 * 2.5);
      expect(refused).toEqual([]);
    },
    { restarts: fc.integer({ min: 1, max: 12 }) },
  );
}, 120_000);

it(`[promise 8] abandoned and broken calls: no refusal (seed ${seed})`, async () => {
  await holds(
    async (plan) => {
      const until = plan.windowSec * 1000 * 2.5;
      const { refused, accepted } = await play(plan, until);
      expect(refused).toEqual([]);
      expect(accepted).toBeGreaterThan(0);
    },
    { abandons: fc.constantFrom(0.05, 0.3), resets: fc.constantFrom(0, 0.05, 0.3) },
  );
}, 120_000);

it(`[promise 8] [fault 39] with another tool on the subscription: no refusal that the headers had foretold (seed ${seed})`, async () => {
  await holds(
    async (plan) => {
      const { refused, accepted } = await play(plan, plan.windowSec * 1000 * 3.5);
      expect(refused.filter((one) => one.foretold)).toEqual([]);
      expect(accepted).toBeGreaterThan(0);
    },
    { foreign: fc.integer({ min: 1, max: 60 }), restarts: fc.constantFrom(0, 3), abandons: fc.constantFrom(0, 0.1) },
  );
}, 120_000);

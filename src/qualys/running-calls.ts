import type { LimitHeaders } from './limit-headers.ts';

/*
 * How many more calls of one API may run at once.
 *
 * A call holds its slot from before it is sent until its body has ended. A call we left before that (aborted, or
 * running when the process was killed) may go on at Qualys: it is kept as a ghost that holds its slot until an answer's
 * Running header shows that fewer calls run, or its deadline passes.
 * Qualys's guide says Running counts the call itself; recorded answers show 0. So the header is read both ways until it
 * is known: a 0 proves that it does not, two ones on calls that ran alone let it be taken that it does.
 * Others' calls are believed only where Running is more than all of ours could make it, and for a short time. A refusal
 * nobody could foretell casts doubt on that: for a while, longer each time, Running is read as not counting the call.
 */

/** One running call; times in milliseconds of the monotonic clock. */
export interface RunningCall {
  readonly started: number;
  /** Its place in the order of begins and ends, which times alone do not tell. */
  readonly order: number;
  /** Qualys answered it: it does run there. */
  accepted: boolean;
}

interface Ghost {
  readonly since: number;
  readonly until: number;
}

export interface SavedRunning {
  readonly concurrency?: number;
  readonly countsItself?: boolean;
  /** When each running call started and until when it holds its slot if nobody hears of it again. */
  readonly held: readonly (readonly [number, number])[];
  readonly durations: readonly number[];
}

export interface RunningCalls {
  free(now: number): number;
  nextFree(now: number): number | undefined;
  begin(now: number): RunningCall;
  answered(call: RunningCall, limits: LimitHeaders, now: number): void;
  refused(limits: LimitHeaders, now: number): void;
  ended(call: RunningCall, now: number): void;
  /** We left the call; without a deadline it is taken from how long calls of this API last. */
  abandoned(call: RunningCall, deadlineMs: number | undefined, now: number): void;
  /** Never sent, or refused: nothing ran. */
  cancel(call: RunningCall): void;
  readonly concurrency: number | undefined;
  /** Slots held by calls of ours, ghosts included. */
  held(now: number): number;
  others(now: number): number;
  /** True while a refusal is waited out. */
  waiting(now: number): boolean;
  save(toWall: (at: number) => number): SavedRunning;
}

/** How long others' running calls are believed without news, at least; else as long as our own calls last. */
const OTHERS_MS = 30_000;
/** The longest that doubt or such a belief lasts. */
const LONGEST_DOUBT_MS = 600_000;
/** A ghost of an API whose calls were never timed. */
const UNTIMED_GHOST_MS = 60_000;
const SHORTEST_GHOST_MS = 1000;
const DURATIONS_KEPT = 20;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

export function openRunningCalls(
  random: () => number,
  saved: SavedRunning | undefined,
  toMonotonic: (wall: number) => number,
  startedAt: number,
  heldMs = SHORTEST_GHOST_MS,
): RunningCalls {
  let concurrency = saved?.concurrency;
  let countsItself = saved?.countsItself;
  let ones = 0;
  const live = new Set<RunningCall>();
  /** Orders of the ends that came after the oldest running call's begin. */
  let ended: number[] = [];
  let order = 0;
  const durations: number[] = [...(saved?.durations ?? [])];
  let ghosts: Ghost[] = (saved?.held ?? []).map(([since, until]) => {
    const held = Math.max(0, until - since);
    const at = toMonotonic(since);
    return { since: at, until: Math.min(at + held, startedAt + held) };
  });
  let others = { count: 0, until: startedAt };
  let refusals = 0;
  let waitUntil = startedAt;
  let doubt = { ms: 0, until: startedAt };

  const ghostsNow = (now: number) => {
    ghosts = ghosts.filter((ghost) => ghost.until > now);
    return ghosts.length;
  };
  const othersNow = (now: number) => (now < others.until ? others.count : 0);
  const lasting = () => (durations.length > 0 ? 2 * Math.max(...durations) : UNTIMED_GHOST_MS);

  function takeOthers(count: number, now: number): void {
    others = { count, until: now + Math.min(Math.max(OTHERS_MS, ...durations), LONGEST_DOUBT_MS) };
  }

  function remember(call: RunningCall, now: number): void {
    durations.push(Math.ceil(now - call.started));
    if (durations.length > DURATIONS_KEPT) durations.shift();
  }

  return {
    get concurrency() {
      return concurrency;
    },
    held: (now) => live.size + ghostsNow(now),
    others: othersNow,
    waiting: (now) => now < waitUntil,
    free(now) {
      if (now < waitUntil) return 0;
      return Math.max(0, (concurrency ?? 1) - live.size - ghostsNow(now) - othersNow(now));
    },
    nextFree(now) {
      if (now < waitUntil) return waitUntil;
      if (this.free(now) > 0) return now;
      const times = ghosts.map((ghost) => ghost.until);
      if (othersNow(now) > 0) times.push(others.until);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    begin(now) {
      const call: RunningCall = { started: now, order: order++, accepted: false };
      live.add(call);
      return call;
    },
    answered(call, limits, now) {
      if (limits.concurrency !== undefined) concurrency = limits.concurrency;
      refusals = 0;
      call.accepted = true;
      const running = limits.running;
      if (running === undefined) return;
      const beside = live.size - (live.has(call) ? 1 : 0) + ended.filter((at) => at > call.order).length;
      const ghostly = ghostsNow(now);
      if (running === 0) countsItself = false;
      else if (running === 1 && beside === 0 && ghostly === 0 && countsItself === undefined) {
        ones += 1;
        if (ones >= 2) countsItself = true;
      }
      const doubted = now < doubt.until;
      const together = [...live].filter((one) => one.accepted).length;
      if (!doubted && together >= (concurrency ?? 1)) doubt = { ms: 0, until: now };
      const least = Math.max(0, running - beside - ghostly - (countsItself === false || doubted ? 0 : 1));
      const most = countsItself === true && !doubted ? running - 1 : running;
      // Calls of ours that overlap may be what Running shows: a belief stays while it agrees, until its time is over.
      const believed = Math.min(othersNow(now), most);
      if (least >= believed) takeOthers(least, now);
      else others = { count: believed, until: others.until };
      const older = ghosts.filter((ghost) => ghost.since <= call.started).sort((a, b) => a.until - b.until);
      const over = Math.max(0, older.length - Math.max(0, most));
      const freed = new Set(older.slice(0, over));
      ghosts = ghosts.filter((ghost) => !freed.has(ghost));
    },
    refused(limits, now) {
      if (limits.concurrency !== undefined) concurrency = limits.concurrency;
      // The refused call is not counted (guide's sample: limit 3, running 3).
      if (limits.running !== undefined) takeOthers(Math.max(0, limits.running - live.size - ghostsNow(now)), now);
      if (othersNow(now) > 0 && countsItself !== false) {
        const ms = Math.min(Math.max(OTHERS_MS, 2 * doubt.ms), LONGEST_DOUBT_MS);
        doubt = { ms, until: now + ms };
      }
      const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(refusals, 10));
      refusals += 1;
      waitUntil = now + most * (0.5 + random() / 2);
    },
    ended(call, now) {
      if (!live.delete(call)) return;
      remember(call, now);
      const oldest = Math.min(order, ...[...live].map((other) => other.order));
      ended = ended.filter((at) => at > oldest);
      ended.push(order++);
    },
    abandoned(call, deadlineMs, now) {
      if (!live.delete(call)) return;
      const own = Math.max(call.started + lasting(), now + Math.min(now - call.started, UNTIMED_GHOST_MS));
      const until = deadlineMs === undefined ? Math.max(own, now + SHORTEST_GHOST_MS) : now + deadlineMs;
      ghosts.push({ since: now, until });
    },
    cancel: (call) => {
      live.delete(call);
    },
    save(toWall) {
      const held = Math.max(heldMs, lasting());
      const running = [...live].map((call): [number, number] => [call.started, call.started + held]);
      const left = ghosts.map((ghost): [number, number] => [ghost.since, ghost.until]);
      return {
        ...(concurrency !== undefined && { concurrency }),
        ...(countsItself !== undefined && { countsItself }),
        held: [...running, ...left].map(([since, until]) => [Math.floor(toWall(since)), Math.ceil(toWall(until))]),
        durations: [...durations],
      };
    },
  };
}

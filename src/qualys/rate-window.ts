import type { LimitHeaders } from './limit-headers.ts';

/*
 * How many more calls of one API fit into Qualys's sliding window, judged from outside.
 *
 * Qualys counts a call somewhere between the moment it was sent and the moment its headers came. So a call of ours has
 * surely left the window `windowMs` after its headers, and may have left `windowMs` after it was sent. With
 * `used = limit - remaining` of an answer, the calls in the window that are not ours (another tool's, or ours without
 * an answer) number between `used - own calls that may be counted` and `used - own calls that are surely counted`.
 *
 * Invariants
 *  1. free = limit - own calls not surely gone - others, where `others` never lies below the lower bound of the last
 *     answer. Hence free never exceeds what the last answer left, less what was sent after it, plus what surely left.
 *  2. `others` keeps its value while the answers agree with it, and follows them when they do not. It starts at zero,
 *     so that alone on a subscription the whole limit is used, to the last call.
 *  3. Qualys's own wait (ToWait-Sec in (0, window]) is obeyed exactly, both ways; when it is over one call may go even if
 *     the log knows of no free one. A wait outside that range is no information; the log's answer is at most a window.
 *     A connection that leaves calls to others does not use that one call: the log has free ones within a window.
 *  4. Nothing unknown is read as zero: without a limit the window does not hold calls back, only a refusal does.
 * Recovery: `save` keeps log, limits and waits; calls in flight at a kill become others of uncertain number.
 */

/** One call of ours, times in milliseconds of the monotonic clock. */
export interface CallMark {
  readonly sent: number;
  /** When its headers came. */
  answeredAt: number | undefined;
}

export interface SavedWindow {
  readonly limit?: number;
  readonly windowMs?: number;
  /** Pairs sent, answered; a call in flight has `null`. */
  readonly log: readonly (readonly [number, number | null])[];
  readonly others: readonly [number, number, number];
  readonly wait?: readonly [number, boolean];
}

export interface RateWindow {
  /** Calls that may start now beyond `keep`, which are left to others; Infinity where no limit is known. */
  free(now: number, keep?: number): number;
  /** When `free` becomes more than zero by time alone; undefined where only an answer can tell. */
  nextFree(now: number, keep?: number): number | undefined;
  begin(now: number): CallMark;
  /** The call was never sent. */
  cancel(mark: CallMark): void;
  /** It ended without an answer: Qualys may have counted it. */
  failed(mark: CallMark, now: number): void;
  answered(mark: CallMark, limits: LimitHeaders, now: number): void;
  /** Refused by the rate limit, so not counted. `waitMs`: what the body said (SECONDS_TO_WAIT). */
  refused(mark: CallMark, limits: LimitHeaders, waitMs: number | undefined, now: number): void;
  /** The last refusal's body named the wait that its headers did not. */
  hold(waitMs: number | undefined, now: number): void;
  /** The last refusal was none of the rate. */
  forgive(): void;
  readonly limit: number | undefined;
  readonly windowMs: number;
  /** Calls of the window that are not ours, at most. */
  others(now: number): number;
  /** True while a wait Qualys asked for runs. */
  told(now: number): boolean;
  save(toWall: (at: number) => number): SavedWindow;
}

/** Where an answer gives a limit and no window: the window of every classic API seen so far is one hour. */
const USUAL_WINDOW_MS = 3_600_000;
/** The longest window seen: Express, 50 calls a day. */
const LONGEST_WINDOW_MS = 86_400_000;
/** Clocks drift, and Qualys may count in whole seconds. */
const MARGIN_MS = 1000;
/** Refused without any header: try again after up to this, doubling up to the window. */
const FIRST_WAIT_MS = 60_000;
/** Without a limit nothing bounds the log; beyond this many calls it has long told all it can. */
const LOG_MAX = 20_000;

export function createRateWindow(random: () => number): RateWindow {
  return openRateWindow(random, undefined, (at) => at, 0);
}

/** `toMonotonic` turns a saved wall time into one of the monotonic clock, never later than now. */
export function openRateWindow(
  random: () => number,
  saved: SavedWindow | undefined,
  toMonotonic: (wall: number) => number,
  startedAt: number,
): RateWindow {
  let limit = saved?.limit;
  let windowMs = saved?.windowMs ?? USUAL_WINDOW_MS;
  let windowKnown = saved?.windowMs !== undefined;
  let refusals = 0;
  const log: CallMark[] = [];
  let others = { low: 0, high: 0, at: startedAt };
  /** When calls that got no answer ended: until a later call is answered, Qualys may have counted them or not. */
  let lost: number[] = [];
  /** `grants`: when the wait is over, one call may go whatever the log says. */
  let wait: { until: number; grants: boolean } | undefined;
  /** The last refusal's headers named a wait. */
  let obeyed = false;
  let beforeRefusal: { others: typeof others; wait: typeof wait } | undefined;

  if (saved !== undefined) {
    let inFlight = 0;
    for (const [sent, answered] of saved.log) {
      if (answered === null) inFlight += 1;
      else log.push({ sent: toMonotonic(sent), answeredAt: toMonotonic(answered) });
    }
    const [low, high, at] = saved.others;
    others = { low, high: high + inFlight, at: inFlight > 0 ? startedAt : toMonotonic(at) };
    lost = Array.from({ length: inFlight }, () => startedAt);
    if (saved.wait !== undefined) {
      const [until, grants] = saved.wait;
      const most = windowKnown ? windowMs : LONGEST_WINDOW_MS;
      wait = { until: Math.min(toMonotonic(until - most) + most, startedAt + most), grants };
    }
  }

  const margin = () => Math.min(MARGIN_MS, windowMs / 200);
  const gone = (mark: CallMark) =>
    mark.answeredAt === undefined ? Number.POSITIVE_INFINITY : mark.answeredAt + windowMs + margin();

  /** Entries stay a while after they left: an answer to a call sent before may still count them. */
  function trim(now: number): void {
    let oldest = now;
    for (const mark of log) if (mark.answeredAt === undefined) oldest = Math.min(oldest, mark.sent);
    let drop = Math.max(0, log.length - LOG_MAX);
    while (drop < log.length && gone(log[drop]!) < oldest) drop += 1;
    if (drop > 0) log.splice(0, drop);
  }

  function own(now: number): number {
    let count = 0;
    for (const mark of log) if (gone(mark) > now) count += 1;
    return count;
  }

  const othersNow = (now: number) => (now >= others.at + windowMs + margin() ? 0 : others.high);

  function byLog(now: number): number {
    return limit === undefined ? Number.POSITIVE_INFINITY : limit - own(now) - othersNow(now);
  }

  function learn(limits: LimitHeaders): void {
    if (limits.limit !== undefined) limit = limits.limit;
    if (limits.windowMs === undefined) return;
    windowMs = limits.windowMs;
    windowKnown = true;
  }

  /** Takes an answer's `used` into `others`; `mark` itself may be counted in it or (recorded both ways) not. */
  function compare(mark: CallMark, used: number, counted: boolean, now: number): void {
    let sure = 0;
    let most = counted ? 1 : 0;
    for (const call of log) {
      if (call === mark) continue;
      if (gone(call) > mark.sent) most += 1;
      const before = call.answeredAt !== undefined && call.answeredAt < mark.sent;
      if (before && call.sent + windowMs > now + margin()) sure += 1;
    }
    if (used < sure) {
      // Qualys counts fewer than we do: not every call of ours was counted. The oldest go, so that nothing is
      // expected to leave the window that never was in it.
      let surplus = sure - used;
      for (let at = 0; at < log.length && surplus > 0; ) {
        const call = log[at]!;
        if (call === mark || call.answeredAt === undefined) at += 1;
        else {
          log.splice(at, 1);
          surplus -= 1;
        }
      }
      others = { low: 0, high: lost.length, at: now };
      return;
    }
    lost = lost.filter((ended) => ended >= mark.sent);
    const low = Math.max(0, used - most);
    const high = used - sure + lost.length;
    const expired = now >= others.at + windowMs + margin();
    const from = expired ? { low: 0, high: 0 } : others;
    const agree = low <= from.high && high >= from.low;
    others = agree
      ? { low: Math.max(low, from.low), high: Math.min(high, from.high), at: now }
      : { low, high, at: now };
  }

  /** Qualys's wait, where it is one: in (0, window], or up to a day where the window is not known. */
  const plausible = (ms: number | undefined) => {
    const most = windowKnown ? windowMs : LONGEST_WINDOW_MS;
    return ms !== undefined && ms > 0 && ms <= most ? ms : undefined;
  };

  function without(mark: CallMark): void {
    const at = log.indexOf(mark);
    if (at >= 0) log.splice(at, 1);
  }

  return {
    get limit() {
      return limit;
    },
    get windowMs() {
      return windowMs;
    },
    others: othersNow,
    told: (now) => wait !== undefined && now < wait.until,
    free(now, keep = 0) {
      trim(now);
      if (wait !== undefined && now < wait.until) return 0;
      const free = byLog(now);
      return Math.max(0, (free <= 0 && wait?.grants === true ? 1 : free) - keep);
    },
    nextFree(now, keep = 0) {
      if (wait !== undefined && now < wait.until) return wait.until;
      const free = byLog(now) - keep;
      if (free > 0 || (wait?.grants === true && keep === 0)) return now;
      const leaving = log.map(gone).filter((at) => at > now && at !== Number.POSITIVE_INFINITY);
      leaving.sort((a, b) => a - b);
      const byOwn = leaving[-free];
      const byOthers = othersNow(now) > 0 ? others.at + windowMs + margin() : undefined;
      if (byOwn === undefined) return byOthers;
      return byOthers === undefined ? byOwn : Math.min(byOwn, byOthers);
    },
    begin(now) {
      if (wait !== undefined && now >= wait.until) wait = undefined;
      const mark: CallMark = { sent: now, answeredAt: undefined };
      log.push(mark);
      return mark;
    },
    cancel: without,
    failed(mark, now) {
      if (mark.answeredAt !== undefined) return;
      without(mark);
      lost.push(now);
      others = { low: others.low, high: othersNow(now) + 1, at: now };
    },
    answered(mark, limits, now) {
      learn(limits);
      mark.answeredAt = now;
      refusals = 0;
      if (limits.remaining === undefined) return;
      if (limit !== undefined) compare(mark, Math.max(0, limit - limits.remaining), true, now);
      wait = undefined;
      if (limits.remaining > 0) return;
      const told = plausible(limits.toWaitMs);
      if (told !== undefined) wait = { until: now + told + margin(), grants: true };
      else if (limit === undefined) wait = { until: now + windowMs, grants: true };
    },
    refused(mark, limits, waitMs, now) {
      learn(limits);
      const saysNone = limits.remaining === 0;
      beforeRefusal = { others, wait };
      if (limit !== undefined) compare(mark, limit, false, now);
      without(mark);
      refusals += 1;
      obeyed = plausible(limits.toWaitMs) !== undefined;
      const told = plausible(limits.toWaitMs) ?? plausible(waitMs);
      if (told !== undefined) {
        wait = { until: now + told + margin(), grants: true };
        return;
      }
      // A refusal that names no time: the log knows when a call of ours leaves. Where Qualys did not even say that
      // none remains, or nothing is known, a later try finds out; it waits up to a window.
      if (saysNone && limit !== undefined) wait = undefined;
      else {
        const most = Math.min(windowMs, FIRST_WAIT_MS * 2 ** Math.min(refusals - 1, 20));
        wait = { until: now + most * (0.5 + random() / 2), grants: true };
      }
    },
    hold(waitMs, now) {
      const told = plausible(waitMs);
      if (told !== undefined && !obeyed) wait = { until: now + told + margin(), grants: true };
    },
    forgive() {
      if (beforeRefusal === undefined) return;
      ({ others, wait } = beforeRefusal);
      beforeRefusal = undefined;
      refusals -= 1;
    },
    save(toWall) {
      return {
        ...(limit !== undefined && { limit }),
        ...(windowKnown && { windowMs }),
        log: log.map((mark) => [
          Math.floor(toWall(mark.sent)),
          mark.answeredAt === undefined ? null : Math.ceil(toWall(mark.answeredAt)),
        ]),
        others: [others.low, others.high, Math.ceil(toWall(others.at))],
        ...(wait !== undefined && { wait: [Math.ceil(toWall(wait.until)), wait.grants] as const }),
      };
    },
  };
}

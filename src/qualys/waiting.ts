import type { OwnHours, OwnLimit } from './own-limit.ts';
import type { RateWindow } from './rate-window.ts';

/** Calls of Qualys's limit that a connection leaves to others: so many, or a share of it between 0 and 1. */
export type Reserve = { readonly calls: number } | { readonly share: number };

/** A call that waits for its turn. */
export interface Waiting {
  /** Higher goes first. */
  readonly priority: number;
  readonly own: OwnLimit | undefined;
  readonly reserve: Reserve | undefined;
}

/** What waiting calls of one API draw on. */
export interface Budget {
  readonly rate: RateWindow;
  readonly own: OwnHours;
}

/**
 * The calls of one API that wait. They go by priority, and in the order they came within one; but after four calls in a
 * row that went before an older one the oldest goes, so that however many urgent calls come, nothing waits for ever.
 * Calls that a limit of their own or the reserve of their connection holds stand aside and hold no other one.
 */
export interface Queue<W extends Waiting> {
  readonly length: number;
  add(waiter: W): void;
  /** Whether it was still waiting. */
  remove(waiter: W): boolean;
  /** Whose turn it is now; undefined where the rate holds everybody. `taken`: it goes. */
  next(now: number): W | undefined;
  taken(waiter: W, now: number): void;
  /** Who may go first by time alone, and when; no time where only an answer can tell. */
  soonest(now: number): { readonly waiter: W; readonly at: number | undefined } | undefined;
}

/** Calls in a row that may go before an older one. */
const OVERTAKING = 4;

export function createQueue<W extends Waiting>({ rate, own }: Budget): Queue<W> {
  /** In the order they came. */
  const waiters: W[] = [];
  let overtaken = 0;
  const keep = ({ reserve }: W): number => kept(rate, reserve);
  const ready = (now: number): W[] =>
    waiters.filter((waiter) => own.freeAt(waiter.own, now) <= now && rate.free(now, keep(waiter)) > 0);

  return {
    get length() {
      return waiters.length;
    },
    add: (waiter) => void waiters.push(waiter),
    remove(waiter) {
      const at = waiters.indexOf(waiter);
      if (at >= 0) waiters.splice(at, 1);
      return at >= 0;
    },
    next(now) {
      const [oldest, ...younger] = ready(now);
      if (oldest === undefined || overtaken >= OVERTAKING) return oldest;
      return younger.reduce((first, one) => (one.priority > first.priority ? one : first), oldest);
    },
    taken(waiter, now) {
      const [oldest] = ready(now);
      overtaken = oldest === undefined || oldest === waiter ? 0 : overtaken + 1;
      waiters.splice(waiters.indexOf(waiter), 1);
    },
    soonest(now) {
      let best: { waiter: W; at: number | undefined } | undefined;
      for (const waiter of waiters) {
        const free = rate.nextFree(now, keep(waiter));
        const at = free === undefined ? undefined : Math.max(free, own.freeAt(waiter.own, now));
        const before = best?.at ?? Number.POSITIVE_INFINITY;
        const urgent = at === best?.at && waiter.priority > (best?.waiter.priority ?? 0);
        if (best === undefined || (at ?? Number.POSITIVE_INFINITY) < before || urgent) best = { waiter, at };
      }
      return best;
    },
  };
}

/** Calls of the limit that a reserve keeps from us; one at least is never kept. Nothing where no limit is known. */
export function kept({ limit }: Pick<RateWindow, 'limit'>, reserve: Reserve | undefined): number {
  if (reserve === undefined || limit === undefined) return 0;
  const wanted = 'calls' in reserve ? reserve.calls : Math.ceil(limit * reserve.share);
  return Math.max(0, Math.min(wanted, limit - 1));
}

import type { Clock } from '../core/clock.ts';
import { type Headers, readLimits } from './limit-headers.ts';
import { type OwnHours, type OwnLimit, openOwnHours, type SavedHours } from './own-limit.ts';
import { type CallMark, openRateWindow, type RateWindow, type SavedWindow } from './rate-window.ts';
import { openRunningCalls, type RunningCall, type RunningCalls, type SavedRunning } from './running-calls.ts';
import { createQueue, type Queue, type Reserve, type Waiting } from './waiting.ts';
import { waitingReason } from './waiting-reason.ts';

/*
 * One governor per subscription: every call of every stream of every connection takes a slot here before it is sent.
 * Per API it holds a rate window (`rate-window.ts`) and the running calls (`running-calls.ts`); a waiting call goes
 * when both have room beyond what its connection leaves to others (`waiting.ts`), and the limit of its connection's own
 * (`own-limit.ts`), where there is one, has room as well.
 *
 * Invariants
 *  1. Until an answer has named an API's concurrency, one call at a time.
 *  2. A call starts only when the last headers, our own log and Qualys's own wait allow it: no refusal (409, 429) that
 *     they foretold. A refusal nobody could foretell (another tool's calls) makes it wait, never guess.
 *  3. Whenever a call may start and one waits, it starts; nothing else is waited for.
 *  4. Waiting calls go by priority, then in order, past those that a limit or reserve of their connection holds; none is
 *     overtaken without end. A wait can be aborted at any time.
 *  5. A call is in the saved state before it is sent: `acquire` awaits `onChange`.
 *
 * A slot: taken -> answered (headers) -> released (body ended) or abandoned (we left; a ghost holds the place until the
 * Running header or its deadline frees it). Refused or never sent: given back uncounted.
 * Recovery: a new governor from `saved` treats calls in flight at the kill as ghosts, and as counted by Qualys or not.
 * Time inside is the clock's monotonic one, saved time is the wall's: a wall clock that steps moves nothing here, and
 * across a restart a time that would lie in the future is read as now, which only waits longer.
 */

export interface AcquireOptions {
  /** The endpoint as Qualys counts limits for it. */
  readonly api: string;
  readonly signal?: AbortSignal;
  /** Higher goes first; 0 by default. */
  readonly priority?: number;
  /** A limit of the connection's own, below Qualys's. */
  readonly own?: OwnLimit | undefined;
  /** What the connection leaves of Qualys's limit to others. */
  readonly reserve?: Reserve | undefined;
}

/** What a refusal's body said, known only after its headers. */
export interface Refusal {
  readonly code: string | undefined;
  readonly waitMs: number | undefined;
}

export interface Slot {
  /** The headers have come. For a refusal whose code is known give it; else call `refused` when the body is read. */
  answered(headers: Headers, status: number, qualysCode?: string): void;
  /** The body of a refusal has been read; also after `release`, since a body is understood when it has ended. */
  refused(refusal: Refusal): void;
  /** The call is over. `sent: false`: it never reached Qualys (no connection), so nothing was counted. */
  release(how?: { readonly sent?: boolean }): void;
  /** We leave, Qualys may go on: the place is held for up to `deadlineMs`, by default as long as calls of this API last. */
  abandon(deadlineMs?: number): void;
}

/** One API's limits as they stand. */
export interface ApiStatus {
  readonly limit: number | undefined;
  readonly windowSec: number | undefined;
  /** Calls free in the window; undefined where no limit is known. */
  readonly remaining: number | undefined;
  /** Calls of ours that hold a slot, abandoned ones included. */
  readonly running: number;
  readonly concurrency: number | undefined;
  /** Calls of the window and running calls that are not ours, as far as Qualys's headers show. */
  readonly others: number;
  readonly waiting: number;
  /** When the next waiting call may go, epoch milliseconds; absent where nothing waits or only an answer can tell. */
  readonly until?: number;
  /** Why the next waiting call does not go: `300 of 300 calls of the last hour are used`. */
  readonly because?: string;
}

interface SavedApi {
  readonly rate: SavedWindow;
  readonly running: SavedRunning;
  /** Absent where no connection has a limit of its own. */
  readonly own?: SavedHours;
}

export interface SavedGovernor {
  readonly version: 1;
  readonly apis: Readonly<Record<string, SavedApi>>;
}

export interface Governor {
  /** Resolves when the call may be sent. Rejects with the signal's reason, or with what `onChange` rejected with. */
  acquire(options: AcquireOptions): Promise<Slot>;
  status(): Readonly<Record<string, ApiStatus>>;
  /** JSON for `saved` of the next governor; times are wall-clock milliseconds. */
  save(): SavedGovernor;
}

export interface GovernorOptions {
  readonly clock: Clock;
  readonly saved?: SavedGovernor | undefined;
  /**
   * Called before a call goes and after every answer and end; keep `save()` then. Calls are sent only when its promise
   * has resolved, so that a kill -9 cannot forget one.
   */
  readonly onChange?: () => void | Promise<void>;
  readonly random?: () => number;
  /** A call in flight at a kill holds its place at least so long after it was sent, milliseconds. */
  readonly heldMs?: number;
}

interface Waiter extends Waiting {
  readonly go: (slot: Slot) => void;
}

interface Api {
  readonly rate: RateWindow;
  readonly running: RunningCalls;
  readonly own: OwnHours;
  readonly waiters: Queue<Waiter>;
  wake: AbortController | undefined;
}

export function createGovernor(options: GovernorOptions): Governor {
  const { clock, saved, onChange } = options;
  const random = options.random ?? Math.random;
  const apis = new Map<string, Api>();
  const toWall = (at: number) => clock.now() + (at - clock.monotonic());

  function open(name: string, saved?: SavedApi): Api {
    const started = clock.monotonic();
    const toMonotonic = (wall: number) => started - Math.max(0, clock.now() - wall);
    const rate = openRateWindow(random, saved?.rate, toMonotonic, started);
    const own = openOwnHours(saved?.own, toMonotonic);
    const api: Api = {
      rate,
      running: openRunningCalls(random, saved?.running, toMonotonic, started, options.heldMs),
      own,
      waiters: createQueue({ rate, own }),
      wake: undefined,
    };
    apis.set(name, api);
    return api;
  }
  for (const [name, api] of Object.entries(saved?.apis ?? {})) open(name, api);

  /** A change that need not be durable before anything else happens. */
  function noted(): void {
    Promise.resolve(onChange?.()).catch(() => undefined); // the next acquire meets the same fault and rejects with it
  }

  function pump(api: Api): void {
    for (;;) {
      const now = clock.monotonic();
      const waiter = api.running.free(now) > 0 ? api.waiters.next(now) : undefined;
      if (waiter === undefined) break;
      api.waiters.taken(waiter, now);
      waiter.go(take(api, now, waiter.own));
    }
    api.wake?.abort();
    api.wake = undefined;
    if (api.waiters.length === 0) return;
    const at = nextFree(api);
    if (at === undefined) return;
    const wake = new AbortController();
    api.wake = wake;
    clock.sleep(Math.max(1, Math.ceil(at - clock.monotonic())), wake.signal).then(
      () => pump(api),
      () => undefined,
    );
  }

  /** When the next call may start by time alone. */
  function nextFree(api: Api): number | undefined {
    const now = clock.monotonic();
    const allowed = api.waiters.soonest(now)?.at;
    const running = api.running.nextFree(now);
    return allowed === undefined || running === undefined ? undefined : Math.max(allowed, running);
  }

  function take(api: Api, now: number, own: OwnLimit | undefined): Slot {
    const mark = api.rate.begin(now);
    const call = api.running.begin(now);
    return slotOf(api, mark, call, api.own.begin(own, now));
  }

  function slotOf(api: Api, mark: CallMark, call: RunningCall, uncount: () => void): Slot {
    /** open: nothing heard; refusal: refused, kind not known yet; then the kind of refusal, or taken in as an answer. */
    let heard: 'open' | 'refusal' | 'rate' | 'concurrency' | 'known' = 'open';
    let limits = readLimits({});
    let over = false;
    /** Refused without a reason when the call ended; the body's words may still come and correct it. */
    let assumed = false;

    function assume(): void {
      refuse('rate');
      assumed = true;
    }
    function refuse(kind: 'rate' | 'concurrency', waitMs?: number): void {
      const now = clock.monotonic();
      heard = kind;
      api.running.cancel(call);
      if (kind === 'rate') api.rate.refused(mark, limits, waitMs, now);
      else {
        api.rate.cancel(mark);
        api.running.refused(limits, now);
      }
    }
    function accept(): void {
      const now = clock.monotonic();
      heard = 'known';
      api.rate.answered(mark, limits, now);
      api.running.answered(call, limits, now);
    }
    function changed(): void {
      pump(api);
      noted();
    }
    return {
      answered(headers, status, qualysCode) {
        if (over || heard !== 'open') return;
        limits = readLimits(headers);
        if (status !== 409 && status !== 429) accept();
        else {
          heard = 'refusal';
          const kind = kindOf(qualysCode) ?? guess();
          if (kind !== undefined) refuse(kind);
          else if (qualysCode !== undefined) accept();
        }
        changed();
      },
      refused({ code, waitMs }) {
        const kind = kindOf(code);
        const now = clock.monotonic();
        if (heard === 'refusal') {
          if (kind === undefined && code !== undefined) accept();
          else refuse(kind ?? 'rate', waitMs);
        } else if (heard === 'rate') {
          if (assumed && code !== undefined && kind !== 'rate') api.rate.forgive();
          else api.rate.hold(waitMs, now);
          if (assumed && kind === 'concurrency') api.running.refused(limits, now);
        } else return;
        assumed = false;
        changed();
      },
      release(how) {
        if (over) return;
        const now = clock.monotonic();
        if (how?.sent === false && heard === 'open') {
          api.rate.cancel(mark);
          api.running.cancel(call);
          uncount();
        } else {
          if (heard === 'refusal') assume();
          if (heard === 'open') api.rate.failed(mark, now);
          api.running.ended(call, now);
        }
        over = true;
        changed();
      },
      abandon(deadlineMs) {
        if (over) return;
        const now = clock.monotonic();
        if (heard === 'refusal') assume();
        if (heard === 'open') api.rate.failed(mark, now);
        api.running.abandoned(call, deadlineMs, now);
        over = true;
        changed();
      },
    };

    /** A refusal without a code, by its headers: a rate block says Remaining and ToWait-Sec, a concurrency block neither. */
    function guess(): 'rate' | 'concurrency' | undefined {
      if (limits.remaining === 0 || (limits.toWaitMs ?? 0) > 0) return 'rate';
      const { running, concurrency, remaining } = limits;
      return running !== undefined && concurrency !== undefined && running >= concurrency && remaining === undefined
        ? 'concurrency'
        : undefined;
    }
  }

  async function acquire({ api: name, signal, priority = 0, own, reserve }: AcquireOptions): Promise<Slot> {
    signal?.throwIfAborted();
    const api = apis.get(name) ?? open(name);
    const slot = await new Promise<Slot>((resolve, reject) => {
      const stop = () => {
        if (!api.waiters.remove(waiter)) return;
        reject(signal?.reason);
        pump(api);
      };
      const waiter: Waiter = {
        priority,
        own,
        reserve,
        go: (granted) => {
          signal?.removeEventListener('abort', stop);
          resolve(granted);
        },
      };
      signal?.addEventListener('abort', stop, { once: true });
      api.waiters.add(waiter);
      pump(api);
    });
    try {
      await onChange?.();
      signal?.throwIfAborted();
    } catch (thrown) {
      slot.release({ sent: false });
      throw thrown;
    }
    return slot;
  }

  function statusOf(api: Api): ApiStatus {
    const now = clock.monotonic();
    const { rate, running } = api;
    const free = rate.free(now);
    const at = api.waiters.length > 0 ? nextFree(api) : undefined;
    const first = api.waiters.soonest(now)?.waiter;
    const because = first === undefined ? undefined : waitingReason(api, first, now);
    return {
      limit: rate.limit,
      windowSec: rate.limit === undefined ? undefined : rate.windowMs / 1000,
      remaining: rate.limit === undefined ? undefined : Math.min(free, rate.limit),
      running: running.held(now),
      concurrency: running.concurrency,
      others: rate.others(now) + running.others(now),
      waiting: api.waiters.length,
      ...(at !== undefined && { until: Math.ceil(toWall(at)) }),
      ...(because !== undefined && { because }),
    };
  }

  return {
    acquire,
    status: () => Object.fromEntries([...apis].map(([name, api]) => [name, statusOf(api)])),
    save: () => ({
      version: 1,
      apis: Object.fromEntries(
        [...apis].map(([name, api]) => {
          const own = api.own.save(clock.monotonic(), toWall);
          const kept = Object.keys(own).length === 0 ? {} : { own };
          return [name, { rate: api.rate.save(toWall), running: api.running.save(toWall), ...kept }];
        }),
      ),
    }),
  };
}

/** The limit a refusal's code names; 1959 and 1966 are listed as limits by other clients, their texts are not known. */
function kindOf(code: string | undefined): 'rate' | 'concurrency' | undefined {
  if (code === '1965') return 'rate';
  return code === '1960' ? 'concurrency' : undefined;
}

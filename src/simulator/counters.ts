import type { Limiter } from './limits.ts';
import type { SignIn } from './signin.ts';
import type { Tokens } from './tokens.ts';
import { HOUR, stamp } from './world/time.ts';

/** One call as it was answered; times in milliseconds since 1970 on the limits' clock. */
export interface CallRecord {
  readonly at: number;
  readonly endpoint: string;
  readonly method: string;
  readonly status: number;
  readonly user: string | undefined;
  /** Parameters and REST bodies as sent, without passwords; cut at 500 characters. */
  readonly params: string;
  readonly abandoned: boolean;
}

export interface Counters {
  readonly calls: number;
  /** endpoint → status → calls. Endpoints have no version: `/api/fo/asset/host/`. */
  readonly byEndpoint: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Calls refused for limits, by the code of their 409, or 429. */
  readonly refused: Readonly<Record<string, number>>;
  /** subscription and endpoint → the most calls at once, and in any window. */
  readonly extremes: Readonly<Record<string, { readonly maxRunning: number; readonly maxInWindow: number }>>;
  /** Highest of all. */
  readonly maxRunning: number;
  readonly maxInWindow: number;
  readonly wrongSignIns: Readonly<Record<string, number>>;
  readonly locked: readonly string[];
  /** Sessions opened. */
  readonly logins: number;
  /** Bearer tokens given out. */
  readonly tokens: number;
  /** Calls whose client went away before the answer's end. */
  readonly abandoned: number;
  /** Body bytes before compression. */
  readonly bytes: number;
  /** Hour (`2026-11-20T10:00:00Z`) → calls. */
  readonly perHour: Readonly<Record<string, number>>;
  /** Errors of the simulator itself, with their stacks; their calls were cut off. */
  readonly defects: readonly string[];
  /** The last 1000 calls, oldest first. */
  readonly recent: readonly CallRecord[];
}

export interface Counting {
  call(record: CallRecord): void;
  refusal(code: string): void;
  login(): void;
  defect(stack: string): void;
  bytes(count: number): void;
  read(): Counters;
  reset(): void;
}

const KEPT = 1000;

export function createCounting(limiters: readonly Limiter[], signIn: SignIn, tokens: Tokens): Counting {
  let calls = 0;
  let abandoned = 0;
  let logins = 0;
  let bytes = 0;
  let tokensBefore = 0;
  let byEndpoint: Record<string, Record<string, number>> = {};
  let refused: Record<string, number> = {};
  let perHour: Record<string, number> = {};
  let recent: CallRecord[] = [];
  let defects: string[] = [];
  return {
    call(record) {
      calls++;
      if (record.abandoned) abandoned++;
      byEndpoint[record.endpoint] ??= {};
      const statuses = byEndpoint[record.endpoint]!;
      statuses[record.status] = (statuses[record.status] ?? 0) + 1;
      const hour = stamp(Math.floor(record.at / HOUR) * HOUR);
      perHour[hour] = (perHour[hour] ?? 0) + 1;
      recent.push(record);
      if (recent.length > KEPT) recent.shift();
    },
    refusal(code) {
      refused[code] = (refused[code] ?? 0) + 1;
    },
    login() {
      logins++;
    },
    defect(stack) {
      defects.push(stack);
    },
    bytes(count) {
      bytes += count;
    },
    read() {
      const extremes = Object.assign({}, ...limiters.map((one) => one.extremes())) as Counters['extremes'];
      const all = Object.values(extremes);
      return structuredClone({
        calls,
        byEndpoint,
        refused,
        extremes,
        maxRunning: Math.max(0, ...all.map((one) => one.maxRunning)),
        maxInWindow: Math.max(0, ...all.map((one) => one.maxInWindow)),
        wrongSignIns: signIn.wrongTries(),
        locked: signIn.locked(),
        logins,
        tokens: tokens.issued() - tokensBefore,
        abandoned,
        bytes,
        perHour,
        defects,
        recent,
      });
    },
    reset() {
      calls = 0;
      abandoned = 0;
      logins = 0;
      bytes = 0;
      byEndpoint = {};
      refused = {};
      perHour = {};
      recent = [];
      defects = [];
      signIn.reset();
      tokensBefore = tokens.issued();
      for (const limiter of limiters) limiter.resetExtremes();
    },
  };
}

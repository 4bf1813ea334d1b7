import type { PullMode } from '../core/checkpoint.ts';
import type { Recurrence } from '../core/cron.ts';
import type { SignInWay } from '../core/dataset.ts';
import type { StreamIdentity } from '../core/words.ts';
import type { PullReport } from './report.ts';

/** What a stream had kept when it was claimed. Times are ISO 8601 UTC; undefined: none configured, nothing read yet. */
export interface Persisted {
  readonly start: string | undefined;
  readonly watermark: string | undefined;
}

/**
 * What the collector does, as it does it, for who tells it in words of their own. Counts are of what is true at that
 * moment: nothing here is foreseen.
 */
export type Happening =
  /** A stream was claimed. `before` undefined: never seen before. `restarted`: its start time had changed. */
  | {
      readonly kind: 'claimed';
      readonly stream: StreamIdentity;
      readonly before: Persisted | undefined;
      readonly after: Persisted;
      readonly restarted: boolean;
    }
  /** Its loop begins. `ways`: how its calls may sign in. */
  | {
      readonly kind: 'stream_began';
      readonly stream: StreamIdentity;
      readonly every: Recurrence;
      readonly ways: readonly SignInWay[];
    }
  /** A sign-in is tried, for the first time or again; Qualys has taken it. */
  | {
      readonly kind: 'sign_in';
      readonly connection: string;
      readonly way: SignInWay;
      readonly state: 'first' | 'again' | 'good';
    }
  | { readonly kind: 'pull_began'; readonly stream: StreamIdentity; readonly pull: number; readonly mode: PullMode }
  /** A window of time is asked for. */
  | { readonly kind: 'window'; readonly stream: StreamIdentity; readonly from: string; readonly to: string }
  /** The n-th of the objects of this pull was read to its end. */
  | {
      readonly kind: 'object';
      readonly stream: StreamIdentity;
      readonly object: string;
      readonly number: number;
      readonly of: number;
    }
  /** A page was accepted; sums of the pull so far, since this process began it or went on with it. */
  | ({ readonly kind: 'page'; readonly stream: StreamIdentity; readonly pull: number } & Sums)
  | { readonly kind: 'pull_ended'; readonly stream: StreamIdentity; readonly report: PullReport }
  /** A sink is served; so many events wait for it from before. */
  | { readonly kind: 'sink_began'; readonly sink: string; readonly pending: number }
  /** A connection of a sink was opened, or ended. */
  | { readonly kind: 'connection'; readonly sink: string; readonly sender: number; readonly open: boolean }
  /** Part of a batch was settled at a sink. `settled`: delivered, held back by a route, or parked. */
  | {
      readonly kind: 'settled';
      readonly sink: string;
      readonly stream: StreamIdentity;
      readonly pull: number;
      /** When the batch was appended, epoch ms. */
      readonly appended: number;
      readonly delivered: number;
      readonly settled: number;
      /** Of the delivered events, as they were sent. */
      readonly bytes: number;
    };

export interface Sums {
  readonly requests: number;
  readonly received: number;
  readonly unchanged: number;
  readonly emitted: number;
}

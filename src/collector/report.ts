import type { PullMode } from '../core/checkpoint.ts';
import type { QuarryError } from '../core/errors.ts';

/** How a pull ended. */
export type Outcome = 'complete' | 'interrupted' | 'failed';

/** How many objects a complete reading found, and how many there are by Qualys's own count or list of ids. */
export interface Counted {
  readonly by: 'count' | 'ids';
  readonly read: number;
  readonly counted: number;
  /** By how many the two may differ, since so many came or went, or changed, while it was read. */
  readonly changed: number;
  /** Answers were cut short: objects that Qualys has were missing from them. */
  readonly short: boolean;
}

/** What one pull did; printed, kept with the pull, and checked against the counters. */
export interface PullReport {
  readonly stream: string;
  readonly pull: number;
  readonly mode: PullMode;
  readonly outcome: Outcome;
  /** Calls sent to Qualys, and how long they waited for the limits, milliseconds. */
  readonly requests: number;
  readonly waitedMs: number;
  readonly pages: number;
  readonly hosts: number;
  readonly received: number;
  readonly emitted: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly removed: number;
  /** Records that shared a key with a different record of the same page: an alarm. */
  readonly duplicateKeys: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  /** A sweep that found too much absent to be believed. */
  readonly heldSweep?: { readonly absent: number; readonly known: number };
  /** A complete reading against what Qualys itself says there is, where it says it. */
  readonly counted?: Counted;
  readonly error?: QuarryError;
}

export type Tally = {
  -readonly [K in keyof Pick<
    PullReport,
    'pages' | 'hosts' | 'received' | 'emitted' | 'unchanged' | 'quarantined' | 'removed' | 'duplicateKeys' | 'bytes'
  >]: number;
};

export const newTally = (): Tally => ({
  pages: 0,
  hosts: 0,
  received: 0,
  emitted: 0,
  unchanged: 0,
  quarantined: 0,
  removed: 0,
  duplicateKeys: 0,
  bytes: 0,
});

import type { IdRange, Step } from './range.ts';

/** How a pull reads: what changed since the watermark, everything, the ids of everything, or a piece of the past. */
export type PullMode = 'incremental' | 'full' | 'ids' | 'backfill';

/** What is safe for one stream, kept in the transaction that makes its events durable. Times are ISO 8601 UTC. */
export interface Checkpoint {
  /** Qualys's time at the START of the last pull that read everything processed until then. */
  readonly watermark?: string;
  /** What the stream asked for (filters, user) when the watermark was reached; another scope reads everything again. */
  readonly scope?: string;
  /** `start_time_in_utc` as configured when the stream began; a change restarts the stream. */
  readonly start?: string;
  /** What stands for the rules and the key that records were obfuscated with; a change restarts the stream. */
  readonly obfuscated?: string;
  /** Local time at the end of the last complete reading. */
  readonly lastFull?: string;
  readonly lastIds?: string;
  /** Qualys's time of the oldest object that had not ended when it was read last: listing begins there again. */
  readonly unfinished?: string;
  /** Objects that were read, once and for all, by name with their time; as far back as listing reaches. */
  readonly parts?: Readonly<Record<string, string>>;
  /** The pull that is under way. */
  readonly pull?: OpenPull;
  /** Times still to be read again, asked for by hand; read in pieces when nothing else is due. */
  readonly backfill?: Backfill;
}

/** From a time to another, ISO 8601 UTC; `from` moves on with each piece. */
export interface Backfill {
  readonly from: string;
  readonly to: string;
}

export interface OpenPull {
  /** The pulling id: epoch milliseconds, rising per stream. */
  readonly id: number;
  readonly mode: PullMode;
  readonly scope: string;
  /** Incremental: from when on Qualys is asked, in its own form. */
  readonly since?: string;
  /** Qualys's time when the first page was answered; becomes the watermark. */
  readonly serverStart?: string;
  /** Ranges of ids not yet read; empty when all pages are in. */
  readonly resume: readonly IdRange[];
  /** The same for data sets that are read step by step. */
  readonly steps?: readonly Step[];
  /** Nothing at or after this time was asked for; the watermark does not pass it. */
  readonly until?: string;
  /** The oldest object read in this pull that has not ended; becomes the checkpoint's. */
  readonly unfinished?: string;
  /** Objects found by listing, by name with their time; becomes the checkpoint's. */
  readonly parts?: Readonly<Record<string, string>>;
  /** How many ids Qualys listed before the pull, where it was asked. */
  readonly listed?: number;
  /** Number of the sweep this pull is, where it is one. */
  readonly sweep?: number;
  /** Objects per answer, when weather has made pages smaller. */
  readonly pageSize?: number;
}

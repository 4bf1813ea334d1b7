import type { StreamIdentity } from './words.ts';

/** Events of one stream in the form a sink asked for, ready to be sent. */
export interface Batch extends StreamIdentity {
  /** Unique over installations and never used again: a batch that comes a second time has the same id and content. */
  readonly id: string;
  readonly pullingId: string;
  readonly count: number;
  /** The payloads one after another, each ended by a line feed. The buffer is used again when `write` has ended. */
  readonly bytes: Buffer;
  /** Where payload i ends in `bytes`, line feed included; it starts where the one before ends. */
  readonly ends: readonly number[];
  /** The id of event i. */
  eventId(i: number): string;
  seq(i: number): number;
}

/** What became of one event. `permanent` rejections are parked with the reason; `retry` waits at least `waitMs`. */
export type Outcome =
  | 'delivered'
  | { readonly retry: string; readonly waitMs?: number }
  | { readonly rejected: string; readonly code?: string };

/** What a sink may be trusted with; said to users word for word. */
export type Guarantee =
  | 'effectively once'
  | 'effectively once inside a window'
  | 'at least once'
  | 'best-effort confirmation';

export interface SinkCapabilities {
  readonly guarantee: Guarantee;
  /** Formats it takes, the default first. */
  readonly formats: readonly string[];
  /** How many bytes of payload it likes in one write. */
  readonly batchBytes: number;
}

/** An open sink. Batching, retry, back-off, parking and counting live outside. */
export interface OpenSink {
  /** Does what a real write would do, without leaving anything behind. Rejects with what is wrong. */
  check(): Promise<void>;
  /**
   * Delivers batches in order. Answers one outcome per batch for all its events, or one per event. A rejected promise
   * means that nothing is known: all of it comes again.
   */
  write(batches: readonly Batch[], signal: AbortSignal): Promise<readonly (Outcome | readonly Outcome[])[]>;
  close(): Promise<void>;
}

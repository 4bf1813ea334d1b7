import type { Clock } from '../core/clock.ts';
import type { Recurrence } from '../core/cron.ts';
import type { Call, Dataset } from '../core/dataset.ts';
import type { AnswerEnd, AnswerReader } from '../core/format.ts';
import type { Log } from '../core/log.ts';
import type { StreamIdentity } from '../core/words.ts';
import type { Claim } from '../outbox/append.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Obfuscation } from './obfuscation.ts';
import type { Observer } from './observer.ts';
import type { Turn } from './work/turn.ts';

/** One data set on one connection, with everything a pull of it needs. */
export interface Stream extends StreamIdentity {
  readonly facts: Dataset;
  /** Options of the data set, as its own schema parsed them. */
  readonly options: unknown;
  /** Fetches one answer whole, within the limits. Rejects with what Qualys said otherwise. */
  readonly fetch: FetchAnswer;
  /** Who asks: part of the scope, since another user sees other objects. */
  readonly principal: string;
  /** What is done to records before they are keyed and stored; absent for nothing. */
  readonly obfuscation?: Obfuscation | undefined;
  /** ISO 8601 UTC; bounds the first incremental pull. */
  readonly startTime: string | undefined;
  readonly pageSize: number;
  readonly schedule: {
    readonly every: Recurrence;
    readonly sweepIds: Recurrence | undefined;
    readonly sweepFull: Recurrence | undefined;
  };
  /** Names of the sinks whose routes take it, and the inventory's where it takes it. */
  readonly sinks: readonly string[];
}

export interface FetchHooks {
  readonly signal: AbortSignal;
  /** The root of a good answer. */
  readonly expectRoot: string;
  /** Awaited between chunks when it returns a promise. */
  readonly onChunk?: () => Promise<void> | undefined;
  /** A call is about to be sent, after so long a wait for its turn; again for each fallback. */
  readonly onSlot?: (waitedMs: number) => void;
  /** Which of the calls that wait for one budget goes first; higher before lower, 0 by default. */
  readonly priority?: number;
}

export interface Answer {
  readonly end: AnswerEnd;
  /** Qualys's time of the answer, epoch ms. */
  readonly serverTime?: number | undefined;
  /** The parameters of the next page, where there is one. */
  readonly nextParams?: Readonly<Record<string, string>> | undefined;
  readonly bytes: number;
}

export type FetchAnswer = (call: Call, makeReader: () => AnswerReader, hooks: FetchHooks) => Promise<Answer>;

/** What the parts of the collector share. */
export interface Workshop {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
  /** Resolves when pulling for these sinks may go on: none's backlog is over its limit, and the disk has room. */
  readonly mayPull: (sinks: readonly string[], signal: AbortSignal) => Promise<void>;
  /** Something was appended: deliveries may go on. */
  readonly appended: () => void;
  /** Other streams at work on the same keys: connections to one subscription share a key space. */
  readonly neighbours: (claim: Claim) => readonly number[];
  /** Where workers share the work: what this one may give a sink now. */
  readonly turn?: (sink: string) => Turn;
}

/** The scope a stream asks for: who asks, and with which filters. */
export const scopeOf = (stream: Stream): string =>
  JSON.stringify([stream.principal, stream.facts.scope(stream.options)]);

export const nameOf = (stream: StreamIdentity): string => `${stream.connection}/${stream.dataset}`;

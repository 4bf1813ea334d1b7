import type { Change, StreamIdentity } from './words.ts';

/** Events of one stream in the form a sink asked for, ready to be sent. */
export interface Batch extends StreamIdentity {
  /** Unique over installations and never used again: a batch that comes a second time has the same id and content. */
  readonly id: string;
  readonly pullingId: string;
  readonly count: number;
  /** Names of the data set at known destinations; absent for what only tests send. */
  readonly destinations?: Destinations;
  /**
   * The payloads one after another, each ended by a line feed. The buffer is used again when `write` has ended. A format
   * that makes several records of one event (`routing`) puts them into one payload, a line each.
   */
  readonly bytes: Buffer;
  /** Where payload i ends in `bytes`, line feed included; it starts where the one before ends. */
  readonly ends: readonly number[];
  /** The id of event i. */
  eventId(i: number): string;
  seq(i: number): number;
  /** The key of event i as its JSON text: the same for every event of one object. */
  key(i: number): string;
  change(i: number): Change;
  /** Qualys's own time of event i, ISO 8601 in UTC; where it has none, when it was pulled. */
  time(i: number): string;
  /** Where each line of payload i belongs (an index), where the format knows better than the data set's name. */
  routing?(i: number): readonly string[];
}

/** What a data set is called at destinations that have a name for it already. */
export interface Destinations {
  /** A Devo table: `vuln.qualys.hosts`. */
  readonly devo: string;
  /** An Interflow `msg_class`. */
  readonly interflow: string;
  /** Elastic's dataset name: `qualys_vmdr.asset_host_detection`. */
  readonly elastic: string;
  /** An OCSF class uid or name. */
  readonly ocsf: string;
}

/** What became of one event. `permanent` rejections are parked with the reason; `retry` waits at least `waitMs`. */
export type Outcome =
  | 'delivered'
  | { readonly retry: string; readonly waitMs?: number }
  | { readonly rejected: string; readonly code?: string };

/** Every format events can be written in; docs/reference/shapes.md says what each gives. */
export const FORMATS = ['raw', 'devo', 'interflow', 'ecs', 'ocsf', 'cim'] as const;

/** What a sink may be trusted with; said to users word for word. */
export type Guarantee =
  | 'effectively once'
  | 'effectively once inside a window'
  | 'at least once'
  | 'best-effort confirmation';

/** What each means when something goes wrong. */
export const GUARANTEES: Readonly<Record<Guarantee, string>> = {
  'effectively once': 'what is sent again after a lost reply is there once',
  'effectively once inside a window': 'what is sent again soon is there once, later perhaps twice, with the same id',
  'at least once': 'after a lost reply an event may be there twice, with the same id',
  'best-effort confirmation':
    'nothing is acknowledged; events of a connection that broke are sent again, so some may be there twice, and what a receiver lost is not known',
};

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

/**
 * The words of Quarry, as types. One meaning each, in code, config and docs.
 *
 * connection    one way into Qualys: platform, credentials, options; belongs to a tenant and a subscription
 * subscription  the Qualys account whose limits and objects are shared
 * tenant        whose data it is
 * data set      a kind of Qualys data; `log` (append-only) or `entity` (current state)
 * stream        one data set on one connection: schedule, checkpoint, state
 * pull          one run of a stream, with a pulling id (epoch milliseconds) and a report
 * page          one answer of Qualys; accepted whole or not at all
 * record        one object from Qualys, names kept as Qualys spells them
 * key           the record's natural identity: a fixed number of parts, absent = ""
 * fingerprint   hash of the record's canonical content, without noise
 * event         a record on its way out: envelope + record, with a deterministic id and a rising `seq` per stream
 * batch         events made durable together; the grain of delivery
 * checkpoint    what is safe: `watermark` between pulls, `resume` inside one, and the scope it holds for
 * sink          a destination; answers per event: delivered, retry, rejected
 * sweep         a complete reading of one scope, records or ids alone; it concludes absence
 * fence         the number that proves who may write for a stream now
 */

/** A value as Quarry keeps it: XML values are strings, JSON values keep their types, integers beyond 2^53 are strings. */
export type Value = string | number | boolean | null | readonly Value[] | Fields;

/** The members of a record, named as Qualys names them. */
export interface Fields {
  readonly [name: string]: Value;
}

/** What was odd about a record that was kept all the same; shown in the event as `flags`. */
export type Flag = 'invalid_utf8' | 'control_chars' | 'duplicate_key' | 'results_missing' | 'results_cut';

/** What an event says happened to its key. `log` data sets only have `new`. */
export type Change = 'new' | 'updated' | 'removed';

/** Why a key was removed: gone at Qualys, no longer inside what we ask for, or past the data set's age limit. */
export type RemovalReason = 'purged' | 'out_of_scope' | 'aged_out';

/**
 * One record just read, still in the reader's buffers: every method is valid only until the reader goes on.
 * A detection's `context` is the host around it; data sets without an outer element have none.
 */
export interface RecordView {
  /**
   * Decoded text of a top-level scalar field (`#text` where it has attributes); undefined where absent. A path names a
   * field inside one: `STATUS/STATE`. `#text` and `@name` are the text and an attribute of the record's own element.
   */
  text(name: string): string | undefined;
  /** The same for a field of the context. Only fields that stood before this record are known yet. */
  contextText(name: string): string | undefined;
  /** What was odd about the record's bytes; empty for nearly all. */
  readonly flags: readonly Flag[];
  /** An upper bound of the bytes `write` needs. */
  readonly maxBytes: number;
  /** Writes the record (without context) as one JSON object in UTF-8 at `at`; returns where it ends. */
  write(target: Uint8Array, at: number): number;
  /** Where the top-level members lie in what `write` wrote last: name id, start (of the quoted name) and end, in document order. */
  readonly members: Members;
}

/** Top-level members of a written record; the first `count` entries of each array are valid. */
export interface Members {
  readonly count: number;
  readonly ids: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The member's name; ids are stable for the life of one reader. */
  name(id: number): string;
}

/** Who receives what a reader finds, synchronously, in document order. */
export interface RecordHandler {
  record(view: RecordView): void;
  /** The outer element (the host) has ended; `view.write` writes its JSON without the inner records. */
  outer?(view: RecordView): void;
  /** One id or id range of an ids-only answer (`<ID>7</ID>`: first = last = 7). */
  ids?(first: number, last: number): void;
}

/** Where and for what a stream runs; constant over its life. */
export interface StreamIdentity {
  readonly tenant: string;
  readonly subscription: string;
  readonly connection: string;
  readonly dataset: string;
}

/** The sink-independent form of one event; `record` is parsed on first use. */
export interface QuarryEvent extends StreamIdentity {
  readonly id: string;
  readonly seq: number;
  readonly pulling_id: string;
  readonly pulled_at: string;
  /** Qualys's own time of the record, as Qualys wrote it; absent where it has none. */
  readonly time?: string;
  readonly change: Change;
  readonly reason?: RemovalReason;
  readonly flags?: readonly Flag[];
  readonly key: readonly string[];
  readonly record: Fields;
}

/** What the key table is asked and told about one record. */
export interface Keyed {
  /** The key's leading Qualys id where answers are ordered by it, else 0. */
  readonly lead: number;
  /** The key's remaining parts as one text (all parts where `lead` is 0); see `pipeline/key.ts`. */
  readonly key: string;
  readonly fingerprint: string;
  /** Qualys's own change time, where the record has one. */
  readonly version: string | undefined;
  readonly time: string | undefined;
  readonly flags: readonly Flag[];
}

import type { AnswerEnd, Format } from './format.ts';
import type { IdRange, Step } from './range.ts';
import type { Destinations } from './sink.ts';
import type { RecordView } from './words.ts';

/** One call to Qualys, before credentials and limits: what to ask, and under which API its limits count. */
export interface Call {
  /** The endpoint as Qualys counts limits for it: `asset/host/vm/detection`. */
  readonly api: string;
  /** Which of the connection's two addresses: the API server, or the gateway. The default is the API server. */
  readonly server?: 'api' | 'gateway';
  /** Path below the server; `{version}` is replaced by one of `versions`. */
  readonly path: string;
  /** Newest first; on 404 the next one is tried, once. */
  readonly versions?: readonly string[];
  readonly method: 'GET' | 'POST';
  /** In the query of a GET, or of a call with a body of its own; else the form that is posted. */
  readonly params: Readonly<Record<string, string>>;
  /** A body instead of the form. */
  readonly body?: { readonly type: 'application/json' | 'text/xml'; readonly text: string };
}

/** What a pull wants of a data set. */
export interface Ask {
  /** Only what Qualys processed at or after this time (its own form, UTC); absent: everything. */
  readonly since?: string;
  /** Only these object ids. */
  readonly range?: IdRange;
  /** What to read next, for data sets that are read step by step. */
  readonly step?: Step;
  /** Qualys's time as far as known, the same for a whole pull, ISO 8601 UTC: where an option counts back from now. */
  readonly now?: string;
  /** Objects per answer. */
  readonly pageSize: number;
  /** Leave the heavy free text out: the last step of isolating a page that cannot be read. */
  readonly withoutResults?: boolean;
}

/**
 * One part of a key: a field of the record, or of its context (the host around a detection); the object a step reads
 * (`part`, which is put into the record under this name); the record's fingerprint, for records without an id; the number among equal rows (`occurrence`, 1 first).
 */
export interface KeyPart {
  readonly from: 'record' | 'context' | 'part' | 'fingerprint' | 'occurrence';
  readonly field: string;
}

export interface FieldFact {
  readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'date-time' | 'object' | 'list';
  readonly about: string;
  readonly sensitive?: boolean;
}

/** An answer as paging sees it. */
export interface PageAnswer {
  readonly end: AnswerEnd;
  /** The parameters Qualys names for the next page (WARNING 1980), where it does. */
  readonly nextParams?: Readonly<Record<string, string>> | undefined;
  /** The highest leading id in the answer; undefined where it held no record. */
  readonly highest: number | undefined;
  readonly pageSize: number;
}

/** How answers follow each other where they are ordered by an id that rises: ranges are cut, and read several at once. */
export interface IdPaging {
  readonly by: 'id';
  /** Qualys cannot be asked for ids up to a last one: ranges are not cut. */
  readonly bounded?: false;
  /** The first id of the next answer; undefined: the range is read to its end. */
  next(answer: PageAnswer): number | undefined;
}

/** How answers follow each other elsewhere: step by step, each as long as Qualys says that there is more. */
export interface StepPaging<Options> {
  readonly by: 'step';
  /** The steps of a pull, in order. `since`: as in `Ask`; `now`: Qualys's time as far as known. Both ISO 8601. */
  begin(options: Options, pull: { readonly since: string | undefined; readonly now: string }): readonly Step[];
  /** What remains of a step after an answer; undefined: it is read to its end. */
  next(step: Step, answer: PageAnswer): Step | undefined;
  /** Where steps are one object each: how the objects are found. `begin` gives the steps of the listing itself. */
  readonly parts?: Parts<Options>;
}

export interface Parts<Options> {
  list(options: Options, ask: Ask): Call;
  readonly format: Format;
  /** An object of the list: its name, Qualys's time that the list is filtered by, and whether it can be read. */
  part(view: RecordView): { readonly part: string; readonly time: string; readonly state: 'ready' | 'unfinished' };
  /** Read once and never again (the results of a scan), or at every pull (the posture of a policy). */
  readonly once: boolean;
}

/** A second source of the same records: read whole by ids, and joined to the first. Not all users may read it. */
export interface Beside<Options> {
  wanted(options: Options): boolean;
  records(options: Options, ask: Ask): Call;
  readonly format: Format;
  readonly paging: IdPaging;
  readonly pageSize: number;
  /** Its field with the id by which answers are ordered. */
  readonly id: string;
  /** Fields of both sources that hold the same, the surest first. */
  readonly match: readonly { readonly first: string; readonly second: string }[];
  /** Its fields that the record gets, under their own names. */
  readonly adds: readonly string[];
}

/** `basic`: user and password with each call; `token`: a bearer token, from the gateway's sign-in or an identity provider. */
export type SignInWay = 'basic' | 'token';

/**
 * A data set: all facts about one kind of Qualys data. The puller, the checkpoint, the catalogue, the reference page
 * and the contract suite follow from it.
 */
export interface Dataset<Options = unknown> {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly kind: 'log' | 'entity';
  readonly format: Format;
  /** The key: a fixed number of parts, absent = "". */
  readonly key: readonly KeyPart[];
  /**
   * How keys lie in the key table. `id`: the first part is a Qualys object id, by which answers are ordered, ranges are
   * cut and sweeps conclude. `time`: by the seconds of the record's own time (of the object a step reads, where records
   * have none), so that old keys of a log can be forgotten.
   * `none`: by the key's text.
   */
  readonly order: 'id' | 'time' | 'none';
  readonly paging: IdPaging | StepPaging<Options>;
  /** Whether Qualys can be asked for what changed; else every pull reads everything. */
  readonly incremental: boolean;
  /** Objects that end later than the time they are asked by: listed again from the oldest unfinished one on. */
  readonly unfinished?: { readonly time: string; is(view: RecordView): boolean };
  /**
   * Records that are none: a header among rows, the product's own calls in a log, what Qualys cannot filter. `principal`:
   * who asks; `now`: as in `Ask`.
   */
  skips?(options: Options, principal: string, now: string): ((view: RecordView) => boolean) | undefined;
  /** Windows end so long before now, in milliseconds, since rows appear with a delay. */
  readonly settleMs?: number;
  /** Fields outside the fingerprint: processing times and durations, which change though nothing happened. */
  readonly noise: readonly string[];
  /** Fields that hold a list without an order of its own (tags): sorted before the fingerprint is taken. */
  readonly unordered?: readonly string[];
  /** Qualys's own change time of the record, where it has one. */
  readonly version?: string;
  /** Where the event's `time` comes from: the first of these that is there; the step's object has one, too. */
  readonly time: readonly string[];
  /** The request for records, as a page or a range of them. */
  records(options: Options, ask: Ask): Call;
  /** The request for the ids of all objects in scope, in one answer. */
  ids?(options: Options, ask: Ask): Call;
  /** How an ids-only answer is read, where it differs from `format`. */
  readonly idsFormat?: Format;
  /** Where lists are thin and the options want whole records: how many at once, and the call for one by its `id`. */
  detail?(options: Options): { readonly id: string; readonly pageSize: number; call(id: string): Call } | undefined;
  /** A second source that says more of the same objects. */
  readonly beside?: Beside<Options>;
  /**
   * A call that counts all objects in scope, or those changed since a time: what a full reading is held against.
   * Undefined where the options leave records out that Qualys would count.
   */
  count?(options: Options, since?: string): Call | undefined;
  /** Incremental reading: how far behind the last watermark a pull starts again, in milliseconds, and why so far. */
  readonly overlapMs: number;
  /** The field with heavy free text, and after how many bytes the options want it cut. */
  readonly heavy?: { readonly field: string; cut(options: Options): number | undefined };
  /** Whether the options set an age limit, so that what is absent may only have grown old. */
  agesOut?(options: Options): boolean;
  /** What of the options decides which objects are in scope; part of the checkpoint. */
  scope(options: Options): string;
  /** Default schedule, milliseconds. Logs are never swept; only what lists its ids is swept by them. */
  readonly schedule: { readonly every: number; readonly sweepIds?: number; readonly sweepFull?: number };
  readonly pageSize: number;
  readonly fields: Readonly<Record<string, FieldFact>>;
  /** Roles that may read it and what they see; how to test. */
  readonly permission: { readonly roles: string; readonly licence: string };
  /** Ways to sign in that Qualys accepts for it, the usual one first. */
  readonly signIn: readonly SignInWay[];
  /** The cheapest call that proves it can be read; absent: the first page of one object. */
  probe?(options: Options): Call;
  readonly destinations: Destinations;
  readonly links: readonly string[];
}

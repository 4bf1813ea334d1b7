import type { XmlFormat } from './format.ts';
import type { IdRange } from './range.ts';

/** One call to Qualys, before credentials and limits: what to ask, and under which API its limits count. */
export interface Call {
  /** The endpoint as Qualys counts limits for it: `asset/host/vm/detection`. */
  readonly api: string;
  /** Path below the API server; `{version}` is replaced by one of `versions`. */
  readonly path: string;
  /** Newest first; on 404 the next one is tried, once. */
  readonly versions?: readonly string[];
  readonly method: 'GET' | 'POST';
  readonly params: Readonly<Record<string, string>>;
}

/** What a pull wants of a data set. */
export interface Ask {
  /** Only what Qualys processed at or after this time (its own form, UTC); absent: everything. */
  readonly since?: string;
  /** Only these object ids. */
  readonly range?: IdRange;
  /** Objects per answer. */
  readonly pageSize: number;
  /** Leave the heavy free text out: the last step of isolating a page that cannot be read. */
  readonly withoutResults?: boolean;
}

/** One part of a key: a field of the record, or of its context (the host around a detection). */
export interface KeyPart {
  readonly from: 'record' | 'context';
  readonly field: string;
}

export interface FieldFact {
  readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'date-time' | 'object' | 'list';
  readonly about: string;
  readonly sensitive?: boolean;
}

/**
 * A data set: all facts about one kind of Qualys data. The puller, the checkpoint, the catalogue, the reference page
 * and the contract suite follow from it.
 */
export interface Dataset<Options = unknown> {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly kind: 'log' | 'entity';
  readonly format: XmlFormat;
  /** The key: a fixed number of parts, absent = "". */
  readonly key: readonly KeyPart[];
  /** The first key part is a Qualys object id by which answers are ordered, ranges are cut and sweeps conclude. */
  readonly orderedById: boolean;
  /** Fields outside the fingerprint: processing times and durations, which change though nothing happened. */
  readonly noise: readonly string[];
  /** Fields that hold a list without an order of its own (tags): sorted before the fingerprint is taken. */
  readonly unordered?: readonly string[];
  /** Qualys's own change time of the record, where it has one. */
  readonly version?: string;
  /** Where the event's `time` comes from: the first of these that is there. */
  readonly time: readonly string[];
  /** The request for records, as a page or a range of them. */
  records(options: Options, ask: Ask): Call;
  /** The request for the ids of all objects in scope, in one answer. */
  ids?(options: Options, ask: Ask): Call;
  /** How an ids-only answer is read, where it differs from `format`. */
  readonly idsFormat?: XmlFormat;
  /** Incremental reading: how far behind the last watermark a pull starts again, in milliseconds, and why so far. */
  readonly overlapMs: number;
  /** The field with heavy free text, and after how many bytes the options want it cut. */
  readonly heavy?: { readonly field: string; cut(options: Options): number | undefined };
  /** What of the options decides which objects are in scope; part of the checkpoint. */
  scope(options: Options): string;
  /** Default schedule, milliseconds. */
  readonly schedule: { readonly every: number; readonly sweepIds: number; readonly sweepFull: number };
  readonly pageSize: number;
  readonly fields: Readonly<Record<string, FieldFact>>;
  /** Roles that may read it and what they see; how to test. */
  readonly permission: { readonly roles: string; readonly licence: string };
  readonly destinations: {
    readonly devo: string;
    readonly interflow: string;
    readonly elastic: string;
    readonly ocsf: string;
  };
  readonly links: readonly string[];
}

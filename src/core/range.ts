/**
 * Ranges of Qualys ids, both ends included. `last: null` is open: up to the highest id there is.
 * `resume` in a checkpoint is a list of these, for data sets whose answers are ordered by id.
 */
export interface IdRange {
  readonly first: number;
  readonly last: number | null;
}

/**
 * What is still to be read of a data set that is not read by ranges of ids: one answer after another. `resume` is then a
 * list of these.
 */
export interface Step {
  /** The object whose records are read, where they are read one object at a time: a scan's reference, a policy's id. */
  readonly part?: string;
  /** Qualys times, ISO 8601 UTC: from then on, and up to but not including. */
  readonly from?: string;
  readonly to?: string;
  /** Just these objects, by id. */
  readonly ids?: readonly number[];
  /** Where the next answer begins, in the data set's own words; absent: at the beginning. */
  readonly cursor?: string;
  /** Rows without an id: how many equal ones of the seconds at the edge of the last answer were read, by key (`outbox/tally.ts`). */
  readonly counts?: Readonly<Record<string, number>>;
}

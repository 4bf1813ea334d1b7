/**
 * Ranges of Qualys ids, both ends included. `last: null` is open: up to the highest id there is.
 * `resume` in a checkpoint is a list of these.
 */
export interface IdRange {
  readonly first: number;
  readonly last: number | null;
}

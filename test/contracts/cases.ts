import type { Line } from '../support/rig.ts';

/** Where a data set must be asked, or its events be held against the truth, otherwise than all others. */
export interface Case {
  /** Options besides `every`. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The truth's key of an event, where it has another form. */
  readonly keyOf?: (line: Line) => readonly string[];
  /** Lines of the truth that are to be there; all without it. */
  readonly holds?: (truth: TruthLine, username: string) => boolean;
  /** Hosts of the simulated subscription; many by default. */
  readonly hosts?: number;
}

export interface TruthLine {
  readonly dataset: string;
  readonly key: readonly string[];
  readonly [field: string]: unknown;
}

export const CASES: Readonly<Record<string, Case>> = {
  users: { keyOf: ({ key }) => key.slice(0, 1) },
};

import type { SimulatorOptions } from '../../src/simulator/index.ts';
import { hostQids, type Line } from '../support/rig.ts';

/** Where a data set must be asked, or its events be held against the truth, otherwise than all others. */
export interface Case {
  /** Options besides `every`. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The truth's key of an event, where it has another form. */
  readonly keyOf?: (line: Line) => readonly string[];
  /** Lines of the truth that are to be there; all without it. */
  readonly holds?: (truth: TruthLine, username: string) => boolean;
  /** The simulated subscription, where it is to be otherwise than a few hosts. */
  readonly world?: Partial<SimulatorOptions>;
  /** Objects per answer where few are asked for at once; 3 by default. */
  readonly few?: number;
}

export interface TruthLine {
  readonly dataset: string;
  readonly key: readonly string[];
  readonly [field: string]: unknown;
}

export const CASES: Readonly<Record<string, Case>> = {
  // A first reading of fifteen months is hundreds of windows; the simulated world has events of a week.
  fim_events: { options: { start_time_in_utc: '2026-11-12T00:00:00Z' } },
  // Thousands of entries, whatever the number of hosts; hundreds of answers would say no more than some.
  knowledge_base: { few: Math.ceil(hostQids / 8), world: { hostQids, extraQids: Math.ceil(hostQids / 10) } },
  compliance_controls: { few: 150 },
  compliance_scans: { few: 150 },
  // The product's own calls are rows, too.
  user_activity: {
    few: 60,
    options: { exclude_self: true },
    holds: ({ action, user }, username) => action !== 'request' || user !== username,
  },
};

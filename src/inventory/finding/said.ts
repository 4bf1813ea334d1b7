import type { Fields, Value } from '../../core/words.ts';
import { bit, text, time, whole } from '../values.ts';

/** Codes, because a finding is a row among millions; 0 is anything else. */
export const STATUS = ['', 'New', 'Active', 'Re-Opened', 'Fixed'] as const;
export const TYPE = ['', 'Confirmed', 'Potential', 'Info'] as const;

/** What a record says of its finding; numbers as in FindingRow. */
export interface Said {
  readonly status: number;
  readonly type: number;
  readonly severity: number;
  readonly qds: number;
  readonly ignored: number;
  readonly disabled: number;
  readonly first_found: number;
  readonly last_found: number;
  readonly last_fixed: number;
  readonly times_found: number;
  readonly last_reopened: number;
  readonly times_reopened: number;
}

type Read = (value: Value | undefined) => number;

const among =
  (names: readonly string[]): Read =>
  (value) =>
    Math.max(0, names.indexOf(text(value)));

/** Two spellings of reopened are about. */
const status: Read = (value) => (text(value) === 'Reopened' ? STATUS.indexOf('Re-Opened') : among(STATUS)(value));

/** The members of a record that are read, and how. */
export const MEMBERS = {
  status: ['STATUS', status],
  type: ['TYPE', among(TYPE)],
  severity: ['SEVERITY', whole],
  qds: ['QDS', whole],
  ignored: ['IS_IGNORED', bit],
  disabled: ['IS_DISABLED', bit],
  first_found: ['FIRST_FOUND_DATETIME', time],
  last_found: ['LAST_FOUND_DATETIME', time],
  last_fixed: ['LAST_FIXED_DATETIME', time],
  times_found: ['TIMES_FOUND', whole],
  last_reopened: ['LAST_REOPENED_DATETIME', time],
  times_reopened: ['TIMES_REOPENED', whole],
} as const satisfies Record<keyof Said, readonly [string, Read]>;

/** The order in which values are kept. */
export const SAID = Object.keys(MEMBERS) as readonly (keyof Said)[];

/** Fills `said` with the values from `from` on, in the order of SAID; written out, since it is done for every event. */
export function saidFrom(
  values: ArrayLike<number>,
  from: number,
  said: { -readonly [name in keyof Said]: number },
): void {
  said.status = values[from]!;
  said.type = values[from + 1]!;
  said.severity = values[from + 2]!;
  said.qds = values[from + 3]!;
  said.ignored = values[from + 4]!;
  said.disabled = values[from + 5]!;
  said.first_found = values[from + 6]!;
  said.last_found = values[from + 7]!;
  said.last_fixed = values[from + 8]!;
  said.times_found = values[from + 9]!;
  said.last_reopened = values[from + 10]!;
  said.times_reopened = values[from + 11]!;
}

export const noSaid = (): Said => ({
  ...{ status: 0, type: 0, severity: 0, qds: 0, ignored: 0, disabled: 0, first_found: 0, last_found: 0 },
  ...{ last_fixed: 0, times_found: 0, last_reopened: 0, times_reopened: 0 },
});

/** What a record says, in the order of SAID. */
export const valuesOf = (record: Fields): number[] => Object.values(MEMBERS).map(([name, read]) => read(record[name]));

export function saidOf(record: Fields): Said {
  const said = noSaid();
  saidFrom(valuesOf(record), 0, said);
  return said;
}

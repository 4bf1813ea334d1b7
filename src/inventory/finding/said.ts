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

/** Of values in the order of MEMBERS. */
export const saidIn = (values: ArrayLike<number>): Said => ({
  status: values[0]!,
  type: values[1]!,
  severity: values[2]!,
  qds: values[3]!,
  ignored: values[4]!,
  disabled: values[5]!,
  first_found: values[6]!,
  last_found: values[7]!,
  last_fixed: values[8]!,
  times_found: values[9]!,
  last_reopened: values[10]!,
  times_reopened: values[11]!,
});

export const saidOf = (record: Fields): Said =>
  saidIn(Object.values(MEMBERS).map(([name, read]) => read(record[name])));

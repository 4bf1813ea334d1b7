import type { Columns } from '../../store/store.ts';
import { texts } from '../columns.ts';
import type { FindingRow } from './state.ts';

const TEXTS = ['place', 'connection', 'protocol', 'fqdn', 'instance'] as const;
const NUMBERS = [
  ...(['host', 'qid', 'seq', 'accepted', 'port', 'ssl', 'status', 'type', 'severity', 'qds', 'ignored'] as const),
  ...(['disabled', 'first_found', 'last_found', 'last_fixed', 'times_found', 'opened', 'reopened'] as const),
  ...(['reopenings', 'closed', 'closed_reason', 'removed'] as const),
] satisfies readonly Exclude<keyof FindingRow, (typeof TEXTS)[number]>[];

/** What a finding's row is found by. */
export const KEY = ['host', 'qid', 'place'] as const;
/** All columns of a row but the space. */
export const COLUMNS: readonly (keyof FindingRow)[] = [...NUMBERS, ...TEXTS];

/** Rows of findings to be written, as columns from the start: what is given may be changed afterwards. */
export interface FindingRows {
  readonly count: () => number;
  add(row: FindingRow): void;
  columns(): Readonly<Record<keyof FindingRow, Columns[string]>>;
}

/** For as many rows as `most`. */
export function findingRows(most: number): FindingRows {
  const numbers = NUMBERS.map(() => new Float64Array(most));
  const words = TEXTS.map(() => texts());
  let count = 0;
  return {
    count: () => count,
    add: (row) => {
      for (let n = 0; n < NUMBERS.length; n++) numbers[n]![count] = row[NUMBERS[n]!];
      for (let n = 0; n < TEXTS.length; n++) words[n]!.add(row[TEXTS[n]!]);
      count++;
    },
    columns: () => {
      const named = [
        ...NUMBERS.map((name, n) => [name, shared(numbers[n]!.subarray(0, count))] as const),
        ...TEXTS.map((name, n) => [name, words[n]!.column()] as const),
      ];
      return Object.fromEntries(named) as Record<keyof FindingRow, Columns[string]>;
    },
  };
}

/** A number all rows have goes once; one row alone says by its array how many there are. */
const shared = (column: Float64Array): Float64Array | number =>
  column.length > 1 && column.every((number) => number === column[0]) ? column[0]! : column;

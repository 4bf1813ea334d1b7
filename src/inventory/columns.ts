import { type Coded, type Column, type Columns, isCoded } from '../store/store.ts';

/** Rows as the columns a store takes. Numbers go as one block of memory; a text all rows share goes once. */
export function columnsOf<Row extends object, Name extends string & keyof Row>(
  rows: readonly Row[],
  names: readonly Name[],
): Columns {
  return Object.fromEntries(names.map((name) => [name, columnOf(rows, name)]));
}

function columnOf<Row extends object>(rows: readonly Row[], name: keyof Row): Column {
  const first = rows[0]?.[name];
  if (typeof first === 'number') {
    const numbers = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) numbers[i] = rows[i]![name] as number;
    return numbers;
  }
  const values = rows.map((row) => row[name] as string);
  if (typeof first === 'string' && values.every((value) => value === first))
    return values.length === 1 ? [first] : first;
  return values;
}

/** Row i of a column. */
export function valueAt(column: Column, i: number): string | number | null {
  if (typeof column !== 'object') return column;
  return isCoded(column) ? column.texts[column.codes[i]!]! : column[i]!;
}

/** Rows as `selectMany` found them, with the number of the row of `match` each belongs to. */
export function rowsOf<Row>(found: {
  readonly row: readonly number[];
  readonly columns: Readonly<Record<string, readonly (string | number | null)[]>>;
}): { readonly match: number; readonly row: Row }[] {
  const names = Object.keys(found.columns);
  const columns = names.map((name) => found.columns[name]!);
  return found.row.map((match, i) => {
    const row: Record<string, unknown> = {};
    for (let c = 0; c < names.length; c++) row[names[c]!] = columns[c]![i];
    return { match, row: row as Row };
  });
}

/** Texts of which there are few, as they come: each is kept once, a row holds its number. */
export interface Texts {
  add(text: string): void;
  column(): Coded | string;
}

export function texts(): Texts {
  const numbers = new Map<string, number>();
  const codes: number[] = [];
  let [last, code] = ['', -1];
  return {
    add: (text) => {
      if (code < 0 || text !== last) {
        code = numbers.get(text) ?? numbers.size;
        numbers.set(text, code);
        last = text;
      }
      codes.push(code);
    },
    column: () =>
      numbers.size === 1 && codes.length > 1 ? last : { texts: [...numbers.keys()], codes: Uint32Array.from(codes) },
  };
}

import type { CompleteReading, InventoryPolicy } from '../policy.ts';

/** How a column compares: `time` is milliseconds since the epoch (UTC), `boolean` 0 or 1, `list` a JSON list of texts. */
export type ColumnType = 'text' | 'number' | 'time' | 'boolean' | 'list';

export interface ViewColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** An SQL expression over `from`; null where nothing is known, but for lists ('[]'). Both databases take it. */
  readonly sql: string;
  /** Whether rows may be sorted by it: its value is one, and cheap. */
  readonly sortable: boolean;
  /** Whether a bare word is looked for in it. */
  readonly searchable: boolean;
  /** Whether it is shown only to who asks for it by name: a long text. */
  readonly isOnRequest: boolean;
  readonly about?: string;
  /**
   * The value as its table has it, where nothing is '' or 0 there and never null (but by a LEFT JOIN): what filters and
   * orders go by, so that they find an index.
   */
  readonly stored?: string;
  /** The texts that `stored` has a code for, which is their index here; '' is nothing. */
  readonly names?: readonly string[];
  /** `stored` is a whole number from 0 to this: few enough to count each by name. */
  readonly most?: number;
}

/** A table to ask, as the inventory has it. */
export interface View {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  /** The data sets it is made of. */
  readonly sources: readonly string[];
  /** What stands after FROM. */
  readonly from: string;
  /**
   * The same for questions that look at most rows: it reads them in the order they lie in, several times as fast. A
   * filter or an order by one of `indexed` (SQL) looks at few. So does a search in `pieces`, where a database has an index
   * of them; it takes such texts for rare, and without this would go the wrong way round.
   */
  readonly whole?: { readonly from: string; readonly indexed: readonly string[]; readonly pieces?: string };
  /** Tables that have few rows beside the view, by alias. */
  readonly small?: Readonly<Record<string, SmallTable>>;
  /** What is shown unless all is asked for, removed rows and those beyond the policy's thresholds too. */
  readonly where: string;
  /** Columns that together tell one row from every other; the last resort of an order. Some may be null. */
  readonly key: readonly string[];
  readonly columns: readonly ViewColumn[];
  /** Why it is empty, where it always is. */
  readonly empty?: string;
  /** Columns it would have under another configuration, and what to do for them. */
  readonly notKept?: Readonly<Record<string, string>>;
}

/** A table whose rows each stand for many of a view: a condition on it alone is answered once, not for each row. */
export interface SmallTable {
  /** A whole number that tells for a row of the view which row of the table stands beside it. */
  readonly key: string;
  /** A SELECT of that number up to the condition, which asks the table by its alias with _ behind. */
  readonly select: string;
}

/** What views depend on beside the tables. */
export interface ViewContext {
  readonly policy: InventoryPolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Those since the thresholds, at least the first two of each data set; without these only pulls return something. */
  readonly readings?: readonly CompleteReading[];
}

type More = Partial<Omit<ViewColumn, 'name' | 'type'>>;
const column = (name: string, type: ColumnType, sql: string, more: More): ViewColumn => ({
  ...{ name, type, sql, sortable: type !== 'list', searchable: false, isOnRequest: false, ...more },
});

/** A text of a table; '' is nothing. */
export const text = (name: string, sql: string, more: More = {}): ViewColumn =>
  column(name, 'text', `nullif(${sql}, '')`, { stored: sql, ...more });
/** A text that a bare word is looked for in. */
export const words = (name: string, sql: string): ViewColumn => text(name, sql, { searchable: true });
/** A number of a table; 0 is nothing. */
export const number = (name: string, sql: string, more: More = {}): ViewColumn =>
  column(name, 'number', `nullif(${sql}, 0)`, { stored: sql, ...more });
/** A number where 0 is one. */
export const count = (name: string, sql: string, more: More = {}): ViewColumn => column(name, 'number', sql, more);
export const time = (name: string, sql: string, more: More = {}): ViewColumn =>
  column(name, 'time', `nullif(${sql}, 0)`, { stored: sql, ...more });
export const flag = (name: string, sql: string, more: More = {}): ViewColumn => column(name, 'boolean', sql, more);
export const list = (name: string, sql: string, more: More = {}): ViewColumn => column(name, 'list', sql, more);

/** A code as its text: the index in `names`. */
export const named = (name: string, sql: string, names: readonly string[]): ViewColumn =>
  column(
    name,
    'text',
    `CASE ${sql} ${names.flatMap((one, i) => (one === '' ? [] : [`WHEN ${i} THEN '${one}'`])).join(' ')} END`,
    { stored: sql, names },
  );

/** A text as SQL writes it. */
export const literal = (said: string): string => `'${said.replaceAll("'", "''")}'`;

/** Whose it is: every view has these first. `space` is the column that holds the number of the space. */
export const owner = (): ViewColumn[] => [text('tenant', 'sp.tenant'), text('subscription', 'sp.subscription')];
export const ownedBy = (alias: string): string => `JOIN space sp ON sp.id = ${alias}.space`;

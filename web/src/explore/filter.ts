import type { ColumnType, ViewColumn } from '../api/types.ts';

/** A query as a list of conditions that all hold: what the builder shows. Its grammar is in docs/guide/queries.md. */
export interface Condition {
  /** Undefined for a text that is looked for anywhere. */
  readonly column: string | undefined;
  readonly operator: string;
  readonly value: string;
}

const TEXT_OPERATORS = [':', '=', '!='];
const ORDER_OPERATORS = ['=', '!=', '<', '<=', '>', '>='];
/** What may be asked of a column. */
export const operatorsOf = (type: ColumnType): readonly string[] =>
  type === 'number' || type === 'time' ? ORDER_OPERATORS : type === 'boolean' ? ['='] : TEXT_OPERATORS;

export const OPERATOR_NAMES: Readonly<Record<string, string>> = {
  ':': 'contains',
  '=': 'is',
  '!=': 'is not',
  '<': 'less than',
  '<=': 'at most',
  '>': 'more than',
  '>=': 'at least',
};

const BARE = /^[^\s()",]+$/;
const KEYWORD = /^(and|or|not|null)$/i;
/** A value as a query writes it. */
export function quoted(value: string | number | boolean | null): string {
  if (value === null) return 'null';
  const text = String(value);
  return BARE.test(text) && !KEYWORD.test(text) && !/^[:=<>!]/.test(text)
    ? text
    : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** A word that is no condition, though it may hold an operator. */
const word = (value: string): string =>
  /[:=<>]/.test(value) ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : quoted(value);

export const textOf = (conditions: readonly Condition[]): string =>
  conditions
    .filter(({ value }) => value !== '')
    .map(({ column, operator, value }) =>
      column === undefined ? word(value) : `${column}${operator}${value === 'null' ? value : quoted(value)}`,
    )
    .join(' and ');

const TERM = /(?:([A-Za-z_][\w.]*)\s*(!=|<=|>=|:|=|<|>)\s*)?(?:"((?:[^"\\]|\\.)*)"|([^\s()",]+))\s*/y;
/** The conditions of a query; undefined for one with or, not, parentheses or lists, which only its text can show. */
export function conditionsOf(text: string): readonly Condition[] | undefined {
  const found: Condition[] = [];
  TERM.lastIndex = text.length - text.trimStart().length;
  while (TERM.lastIndex < text.length) {
    const match = TERM.exec(text);
    if (match === null) return undefined;
    const [, column, operator = ':', inQuotes, bare = ''] = match;
    if (column === undefined && inQuotes === undefined && /^and$/i.test(bare)) continue;
    if (column === undefined && inQuotes === undefined && /^(or|not)$/i.test(bare)) return undefined;
    if (column === undefined && /^[:=<>!]/.test(bare)) return undefined;
    found.push({ column, operator, value: inQuotes?.replace(/\\(["\\])/g, '$1') ?? bare });
  }
  return found;
}

/** A query that also asks for this; with `or` in it, it is put in parentheses. */
export function both(filter: string | undefined, more: string): string {
  const text = filter?.trim() ?? '';
  if (text === '') return more;
  return `${/\bor\b/i.test(text) ? `(${text})` : text} and ${more}`;
}

/** The condition that a facet stands for. */
export const facetCondition = (column: string, value: string | number | boolean | null): string =>
  `${column}=${quoted(value)}`;

/** With the condition if it was absent, without it if it was there; only for queries the builder can show. */
export function toggled(filter: string | undefined, condition: string): string {
  const conditions = conditionsOf(filter ?? '');
  const [wanted] = conditionsOf(condition) ?? [];
  if (conditions === undefined || wanted === undefined) return both(filter, condition);
  const rest = conditions.filter((one) => JSON.stringify(one) !== JSON.stringify(wanted));
  return textOf(rest.length < conditions.length ? rest : [...conditions, wanted]);
}

export const holds = (filter: string | undefined, condition: string): boolean =>
  (conditionsOf(filter ?? '') ?? []).some(
    (one) => JSON.stringify(one) === JSON.stringify(conditionsOf(condition)?.[0]),
  );

/** Columns worth a list of values: few different ones each. */
export const canFacet = ({ type, searchable }: ViewColumn): boolean =>
  type === 'boolean' || type === 'list' || (type === 'text' && !searchable);

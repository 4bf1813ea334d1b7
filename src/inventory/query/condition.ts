import type { View, ViewColumn } from '../views/view.ts';

/**
 * A query whose columns and values are known. Conditions are true or false, never unknown: a comparison with a value
 * that is not there is false, and `not` makes it true.
 */
export type Condition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'null'; readonly column: ViewColumn }
  | { readonly kind: 'compare'; readonly column: ViewColumn; readonly by: Comparison; readonly value: string | number }
  /** Equal to one of these; a list: has one of these as an item. */
  | { readonly kind: 'in'; readonly column: ViewColumn; readonly values: readonly (string | number)[] }
  | { readonly kind: 'like'; readonly column: ViewColumn; readonly pattern: Pattern };

export type Comparison = '<' | '<=' | '>' | '>=';

/** Pieces in this order, with anything between; case is ignored for A to Z. */
export interface Pattern {
  readonly pieces: readonly string[];
  /** The first piece begins the text and the last ends it. */
  readonly isWhole: boolean;
}

/** What both databases do without knowing a language. */
export const lower = (text: string): string => text.replace(/[A-Z]+/g, (found) => found.toLowerCase());

export function matches({ pieces, isWhole }: Pattern, text: string): boolean {
  const anything = pieces.map((piece) => lower(piece).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return new RegExp(isWhole ? `^${anything}$` : anything, 'su').test(lower(text));
}

/** The column of this name, or the list whose items are called so: `tag` of `tags`. */
export const columnOf = ({ columns }: View, name: string): ViewColumn | undefined =>
  columns.find((column) => column.name === name) ??
  columns.find((column) => column.type === 'list' && column.name === `${name}s`);

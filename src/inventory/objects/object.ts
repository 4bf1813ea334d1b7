import type { Fields } from '../../core/words.ts';

/** A column's value of a record; '' and 0 for nothing. */
export type Read = (record: Fields, key: readonly string[]) => string | number;

/**
 * Objects that are folded one row each: the newest record of a key, and whether Qualys still has it. Beside its own
 * columns every table has `space`, `connection`, `seq`, `accepted`, `removed` (the reason, '' while it is there),
 * `removed_at`, and `returned`: when it was accepted last while it was there, of what is gone.
 */
export interface ObjectKind {
  readonly dataset: string;
  readonly table: string;
  /** Columns of the primary key after `space`; where one is empty the event is refused. */
  readonly key: Readonly<Record<string, Read>>;
  readonly columns: Readonly<Record<string, Read>>;
  /** Parts of the key that may be empty. */
  readonly optional?: readonly string[];
}

export const ORIGIN_TEXTS = ['connection', 'removed'] as const;
export const ORIGIN_NUMBERS = ['seq', 'accepted', 'removed_at'] as const;

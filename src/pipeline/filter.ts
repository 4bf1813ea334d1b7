import { compilePattern } from '../core/pattern.ts';
import type { Fields } from '../core/words.ts';
import { type FieldPath, fieldPath, isThere, valuesAt } from './path.ts';

/** One condition on a record. Several values at a path (lists): any of them may fit; `ne` wants that none is equal. */
export interface Condition {
  readonly field: string;
  readonly op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'in' | 'contains' | 'matches' | 'exists';
  readonly value?: string | number | boolean | readonly (string | number)[] | undefined;
}

/** Undefined where the record does not say: it has nothing at the condition's path. */
type Fits = (record: Fields) => boolean | undefined;

/**
 * Whether a record goes: it fits every condition of `include` and none of `exclude`. Numbers are compared as numbers
 * wherever both sides are, everything else as text, exactly as Qualys wrote it; times of one form compare as text.
 * A field that is absent fits nothing but `ne` and `exists: false`.
 *
 * A removal holds its key and no more. Conditions on what it does not hold are passed over, so that a consumer hears of
 * the end of everything it was told of. Throws a plain `Error` for a pattern that is none.
 */
export function compileFilter(
  include: readonly Condition[],
  exclude: readonly Condition[],
): (record: Fields, removed: boolean) => boolean {
  const wanted = include.map(compile);
  const unwanted = exclude.map(compile);
  return (record, removed) =>
    wanted.every(({ fits, without }) => fits(record) ?? (removed || without)) &&
    !unwanted.some(({ fits, without }) => fits(record) ?? (!removed && without));
}

function compile(condition: Condition): { fits: Fits; without: boolean } {
  const { op, value } = condition;
  const path = fieldPath(condition.field);
  if (op === 'exists') {
    const wanted = value !== false;
    return { fits: (record) => (isThere(record, path) ? wanted : undefined), without: !wanted };
  }
  if (op === 'ne') return { fits: anyOf(path, equalTo(value), true), without: true };
  return { fits: anyOf(path, testOf(condition)), without: false };
}

type Scalar = string | number | boolean;
type Test = (value: Scalar) => boolean;

function anyOf(path: FieldPath, test: Test, negated = false): Fits {
  return (record) => {
    const values = valuesAt(record, path);
    return values.length === 0 ? undefined : values.some(test) !== negated;
  };
}

function testOf({ op, value }: Condition): Test {
  if (op === 'in') {
    const tests = (Array.isArray(value) ? (value as readonly Scalar[]) : []).map(equalTo);
    return (held) => tests.some((test) => test(held));
  }
  if (op === 'contains') return (held) => String(held).includes(String(value));
  if (op === 'matches') {
    const pattern = compilePattern(String(value));
    return (held) => pattern(String(held));
  }
  if (op === 'eq') return equalTo(value);
  const compare = ORDER[op as keyof typeof ORDER];
  const number = numberOf(value);
  return (held) => {
    const other = numberOf(held);
    if (number !== undefined) return other !== undefined && compare(other - number);
    const text = String(held);
    return compare(text < String(value) ? -1 : text > String(value) ? 1 : 0);
  };
}

const ORDER = {
  lt: (difference: number) => difference < 0,
  le: (difference: number) => difference <= 0,
  gt: (difference: number) => difference > 0,
  ge: (difference: number) => difference >= 0,
};

/** `3` is 3 and 3.0; `"03"` is `03` and nothing else. */
function equalTo(value: Condition['value']): Test {
  if (typeof value !== 'number') return (held) => String(held) === String(value);
  return (held) => numberOf(held) === value;
}

const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

const numberOf = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : undefined;
};

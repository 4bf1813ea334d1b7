import { createHmac } from 'node:crypto';
import type { Fields, Value } from '../core/words.ts';
import { changedAt, fieldPath, isFields } from './path.ts';

/**
 * What is done to a field: `mask` puts `***` in place of every value in it, `hash` a keyed hash (the same value gives the
 * same text everywhere, so that it can still be counted and joined), `drop` takes the field out.
 */
export interface Rule {
  readonly path: string;
  readonly how: 'mask' | 'hash' | 'drop';
}

export type Obfuscate = (record: Fields) => Fields;

const MASK = '***';
/** 132 bits of HMAC-SHA-256. */
const HASH_LENGTH = 22;

/** The hash that stands for a value; empty stays empty. */
export const hashOf = (text: string, key: string): string =>
  text === '' ? '' : createHmac('sha256', key).update(text, 'utf8').digest('base64url').slice(0, HASH_LENGTH);

/** Applies rules to records, one after another. `key` is what `hash` is keyed with. */
export function obfuscator(rules: readonly Rule[], key: string): Obfuscate {
  const steps = rules.map(({ path, how }) => {
    const change = CHANGES[how](key);
    return { path: fieldPath(path), change };
  });
  return (record) => steps.reduce((now, { path, change }) => changedAt(now, path, change), record);
}

const CHANGES: Readonly<Record<Rule['how'], (key: string) => (value: Value) => Value | undefined>> = {
  drop: () => () => undefined,
  mask: () => (value) => everyScalar(value, (text) => (text === '' ? '' : MASK)),
  hash: (key) => (value) => everyScalar(value, (text) => hashOf(text, key)),
};

/** Names stay; every text, number and truth inside goes through `change`. */
function everyScalar(value: Value, change: (text: string) => string): Value {
  if (value === null) return null;
  if (Array.isArray(value)) return (value as readonly Value[]).map((one) => everyScalar(one, change));
  if (!isFields(value)) return change(String(value));
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, everyScalar(held, change)]));
}

/** How values of Qualys's records are read: absent, empty and odd ones give what a column holds for nothing. */
import type { Fields, Value } from '../core/words.ts';

export const isFields = (value: Value | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands at a path of members; undefined where it ends early. */
export function at(value: Value | undefined, ...path: readonly string[]): Value | undefined {
  let found = value;
  for (const name of path) found = isFields(found) ? found[name] : undefined;
  return found;
}

/** An element's text, trimmed; '' for nothing. PostgreSQL takes no NUL in a text. */
export function text(value: Value | undefined): string {
  const plain = isFields(value) ? value['#text'] : value;
  if (typeof plain === 'number' || typeof plain === 'boolean') return String(plain);
  if (typeof plain !== 'string') return '';
  return (plain.includes('\0') ? plain.replaceAll('\0', '') : plain).trim();
}

/** The first that says something. */
export function firstText(...values: readonly (Value | undefined)[]): string {
  for (const value of values) {
    const said = text(value);
    if (said !== '') return said;
  }
  return '';
}

/** A whole number; 0 for nothing and for what is no whole number a double can hold. */
export function whole(value: Value | undefined): number {
  const said = text(value);
  if (said === '') return 0;
  const number = Math.round(Number(said));
  return Number.isSafeInteger(number) ? number : 0;
}

/** 1 for what Qualys spells 1, true or yes. */
export const bit = (value: Value | undefined): number => (/^(1|true|yes)$/i.test(text(value)) ? 1 : 0);

/**
 * Milliseconds since the epoch, UTC: of ISO 8601 (`2026-01-01T00:00:00Z`, `…+0000`), or of milliseconds as a number;
 * 0 for nothing and for words such as “Not Available”.
 */
export function time(value: Value | undefined): number {
  // What nearly all of them are.
  if (typeof value === 'string' && value.length === 20 && value.endsWith('Z')) return Date.parse(value) || 0;
  const said = text(value);
  if (said === '') return 0;
  if (/^-?\d+$/.test(said)) return /^\d{11,15}$/.test(said) ? Number(said) : 0;
  const ms = Date.parse(said.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isSafeInteger(ms) && ms > 0 ? ms : 0;
}

/** The latest of times; 0 where there is none. */
export const latest = (...values: readonly (Value | undefined)[]): number => Math.max(...values.map(time));

/** The items of a list that may be one item, or nothing. */
export function items(value: Value | undefined): readonly Value[] {
  if (value === undefined || value === null || value === '') return [];
  return Array.isArray(value) ? (value as readonly Value[]) : [value];
}

/** Texts apart by commas, semicolons or white space. */
export const words = (value: Value | undefined): string[] =>
  text(value)
    .split(/[\s,;]+/)
    .filter((word) => word !== '');

/** Texts apart by commas. */
export const commas = (value: Value | undefined): string[] =>
  text(value)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Each once, in order, without the empty one. */
export const sorted = (texts: Iterable<string>): string[] => [...new Set(texts)].filter((one) => one !== '').sort();

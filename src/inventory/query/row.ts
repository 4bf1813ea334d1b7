import type { ViewColumn } from '../views/view.ts';

/** A value as people and programs see it: times as ISO 8601 in UTC, lists as arrays. */
export type Cell = string | number | boolean | null | readonly string[];

export function cellOf({ type, names }: ViewColumn, raw: string | number | null): Cell {
  if (type === 'list') return raw === null || raw === '' ? [] : (JSON.parse(String(raw)) as string[]);
  if (raw === null) return null;
  if (type === 'time') return new Date(Number(raw)).toISOString();
  if (type === 'boolean') return Number(raw) !== 0;
  if (type === 'number') return Number(raw);
  return names === undefined || typeof raw === 'string' ? String(raw) : (names[raw] ?? null);
}

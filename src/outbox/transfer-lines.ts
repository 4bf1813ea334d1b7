import { QuarryError } from '../core/errors.ts';
import type { OutboxSchema } from './schema.ts';

/** A stream as it stands in an exported line. */
export type StreamLine = Omit<OutboxSchema['stream'], 'id' | 'keyspace' | 'fence' | 'checkpoint'> & {
  readonly checkpoint: Readonly<Record<string, unknown>>;
};

export interface KeyColumns {
  readonly lead: number[];
  readonly key: string[];
  readonly fingerprint: string[];
  readonly version: (string | null)[];
  readonly changes: number[];
  readonly form: number[];
  readonly since: number[];
}

type Line =
  | { readonly quarry_state: number }
  | { readonly keyspace: Readonly<Record<'tenant' | 'subscription' | 'dataset' | 'unknown_fields', string>> }
  | { readonly keys: KeyColumns }
  | { readonly stream: StreamLine }
  | { readonly end: { readonly keys: number; readonly streams: number } };

type KeyRow = readonly [number, string, string, string | null, number, number, number];
type KnownKey = Omit<OutboxSchema['known_key'], 'keyspace' | 'batch' | 'event'>;

/** A key as it stands in an exported line. */
export const keyLine = (row: KnownKey): KeyRow => [
  row.lead,
  row.key,
  row.fingerprint,
  row.version,
  row.changes,
  row.form,
  row.since,
];

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

const KEY_ROW = [
  isCount,
  isText,
  isText,
  (value: unknown) => value === null || isText(value),
  isCount,
  isCount,
  isCount,
];
const isKeyRow = (row: unknown): boolean =>
  Array.isArray(row) && row.length === KEY_ROW.length && KEY_ROW.every((is, i) => is(row[i]));

const KEYSPACE = ['tenant', 'subscription', 'dataset', 'unknown_fields'];
const IDENTITY = ['tenant', 'subscription', 'connection', 'dataset'];
const COUNTERS = ['seq', 'received', 'emitted', 'unchanged', 'quarantined', 'removed', 'appended'];

/** True when the object has these members, each as it should be, and no other. */
function has(value: unknown, members: Readonly<Record<string, (value: unknown) => boolean>>): boolean {
  if (!isObject(value)) return false;
  const names = Object.keys(value);
  return names.length === Object.keys(members).length && names.every((name) => members[name]?.(value[name]) ?? false);
}
const all = (names: readonly string[], is: (value: unknown) => boolean) =>
  Object.fromEntries(names.map((name) => [name, is]));

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  quarry_state: isCount,
  keyspace: (value) => has(value, all(KEYSPACE, isText)),
  keys: (value) => Array.isArray(value) && value.every(isKeyRow),
  stream: (value) => has(value, { ...all(IDENTITY, isText), ...all(COUNTERS, isCount), checkpoint: isObject }),
  end: (value) => has(value, { keys: isCount, streams: isCount }),
};

/** One line of an export. Throws QRY4014 when it is not one. */
export function readLine(text: string, number: number): Line {
  const where = `line ${number}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new QuarryError('QRY4014', { what: 'not JSON', where, cause: error });
  }
  const [kind = '', ...more] = isObject(value) ? Object.keys(value) : [];
  const content = isObject(value) ? value[kind] : undefined;
  if (more.length > 0 || KINDS[kind]?.(content) !== true)
    throw new QuarryError('QRY4014', { what: 'not a line of an exported state', where });
  if (kind !== 'keys') return value as Line;
  const rows = content as KeyRow[];
  return {
    keys: {
      lead: rows.map((row) => row[0]),
      key: rows.map((row) => row[1]),
      fingerprint: rows.map((row) => row[2]),
      version: rows.map((row) => row[3]),
      changes: rows.map((row) => row[4]),
      form: rows.map((row) => row[5]),
      since: rows.map((row) => row[6]),
    },
  };
}

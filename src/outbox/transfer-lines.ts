import { z } from 'zod';
import { QuarryError } from '../core/errors.ts';
import type { OutboxSchema } from './schema.ts';

const count = z.number().int().nonnegative();
const identity = { tenant: z.string(), subscription: z.string(), dataset: z.string() };

const keyRow = z.tuple([count, z.string(), z.string(), z.string().nullable(), count, count, count]);

const stream = z.object({
  ...identity,
  connection: z.string(),
  seq: count,
  checkpoint: z.looseObject({}),
  received: count,
  emitted: count,
  unchanged: count,
  quarantined: count,
  removed: count,
  appended: count,
});
export type StreamLine = z.output<typeof stream>;

const lines = z.union([
  z.strictObject({ quarry_state: count }),
  z.strictObject({ keyspace: z.strictObject({ ...identity, unknown_fields: z.string() }) }),
  z.strictObject({ keys: z.array(keyRow) }),
  z.strictObject({ stream }),
  z.strictObject({ end: z.strictObject({ keys: count, streams: count }) }),
]);

export interface KeyColumns {
  readonly lead: number[];
  readonly key: string[];
  readonly fingerprint: string[];
  readonly version: (string | null)[];
  readonly changes: number[];
  readonly form: number[];
  readonly since: number[];
}

type Line = Exclude<z.output<typeof lines>, { keys: unknown }> | { readonly keys: KeyColumns };

type KnownKey = Omit<OutboxSchema['known_key'], 'keyspace' | 'batch' | 'event'>;

/** A key as it stands in an exported line. */
export const keyLine = (row: KnownKey): z.output<typeof keyRow> => [
  row.lead,
  row.key,
  row.fingerprint,
  row.version,
  row.changes,
  row.form,
  row.since,
];

/** One line of an export. Throws QRY4014 when it is not one. */
export function readLine(text: string, number: number): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new QuarryError('QRY4014', { what: 'not JSON', where: `line ${number}`, cause: error });
  }
  const { success, data } = lines.safeParse(value);
  if (!success) throw new QuarryError('QRY4014', { what: 'not a line of an exported state', where: `line ${number}` });
  if (!('keys' in data)) return data;
  const { keys } = data;
  return {
    keys: {
      lead: keys.map((row) => row[0]),
      key: keys.map((row) => row[1]),
      fingerprint: keys.map((row) => row[2]),
      version: keys.map((row) => row[3]),
      changes: keys.map((row) => row[4]),
      form: keys.map((row) => row[5]),
      since: keys.map((row) => row[6]),
    },
  };
}

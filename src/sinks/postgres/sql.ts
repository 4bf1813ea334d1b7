/**
 * Rows come by COPY into a staging table of the session and from there, in the same transaction, into their table.
 *
 * In `current`, of two events of one object the newer wins, in whatever order they come: the one with the higher seq of one
 * connection, or of a later pull (another connection of the subscription, or a collector begun anew, counts its own
 * seq). What `removed: delete` has deleted leaves its key and number in `<table>_removed`, so that an older event
 * that comes late cannot bring it back.
 */
import { STAGED } from './rows.ts';

export interface Shape {
  readonly schema: string;
  readonly mode: 'log' | 'current';
  readonly removed: 'mark' | 'delete';
  readonly column: 'jsonb' | 'json';
}

export const STAGE = 'pg_temp.quarry_stage';
export const MAKE_STAGE = `CREATE TEMP TABLE IF NOT EXISTS quarry_stage (${STAGED.join(', ')}) ON COMMIT DELETE ROWS`;

const COLUMNS = STAGED.slice(1).map((column) => column.split(' ')[0]!);
const KEY = ['tenant', 'subscription', 'dataset', 'key'];

/** An identifier as PostgreSQL takes it; longer ones it would cut, and two might become one. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const full = (shape: Shape, table: string): string => `${quoted(shape.schema)}.${quoted(table)}`;
const graves = (shape: Shape, table: string): string => full(shape, `${table}_removed`);

/** What makes the schema and the tables that are missing. */
export function createStatements(shape: Shape, table: string): string[] {
  const { mode, column } = shape;
  const columns = STAGED.slice(1, -1).map((one) => `${one} NOT NULL`);
  const own = [`event ${column} NOT NULL`, 'loaded_at timestamptz NOT NULL DEFAULT now()'];
  const primary = mode === 'log' ? 'id, part' : [...KEY, 'part'].join(', ');
  if (mode === 'current') own.push('removed_at timestamptz');
  const statements = [
    `CREATE SCHEMA IF NOT EXISTS ${quoted(shape.schema)}`,
    `CREATE TABLE IF NOT EXISTS ${full(shape, table)} (${[...columns, ...own].join(', ')}, PRIMARY KEY (${primary}))`,
  ];
  if (mode === 'current' && shape.removed === 'delete')
    statements.push(
      `CREATE TABLE IF NOT EXISTS ${graves(shape, table)} (${KEY.map((one) => `${one} text NOT NULL`).join(', ')},
        connection text NOT NULL, seq bigint NOT NULL, pulling_id bigint NOT NULL, PRIMARY KEY (${KEY.join(', ')}))`,
    );
  return statements;
}

const sameKey = (a: string, b: string): string => KEY.map((one) => `${a}.${one} = ${b}.${one}`).join(' AND ');
const isOlder = (a: string, b: string): string =>
  `((${a}.connection = ${b}.connection AND ${a}.seq < ${b}.seq) OR ${a}.pulling_id < ${b}.pulling_id)`;

/** What brings the staged rows of one connection into their table. */
export function insertStatement(shape: Shape, table: string): string {
  const into = full(shape, table);
  const values = COLUMNS.map((name) => (name === 'event' ? `event::${shape.column}` : name)).join(', ');
  if (shape.mode === 'log')
    return `INSERT INTO ${into} (${COLUMNS.join(', ')}) SELECT ${values} FROM ${STAGE}
      ON CONFLICT (id, part) DO NOTHING`;
  const by = [...KEY, 'part'].join(', ');
  const set = COLUMNS.filter((name) => !KEY.includes(name) && name !== 'part' && name !== 'event')
    .map((name) => `${name} = excluded.${name}`)
    .join(', ');
  const upsert = (from: string): string => `INSERT INTO ${into} AS was (${COLUMNS.join(', ')}, removed_at)
    SELECT ${values}, CASE change WHEN 'removed' THEN time END FROM ${from}
    ON CONFLICT (${by}) DO UPDATE SET ${set}, loaded_at = now(), removed_at = excluded.removed_at,
      event = CASE excluded.change WHEN 'removed' THEN was.event ELSE excluded.event END
      WHERE ${isOlder('was', 'excluded')}`;
  const newest = `WITH newest AS (SELECT DISTINCT ON (${by}) * FROM ${STAGE} ORDER BY ${by}, seq DESC, n DESC)`;
  if (shape.removed === 'mark') return `${newest} ${upsert('newest')}`;
  const buried = ['connection', 'seq', 'pulling_id'];
  return `${newest}, buried AS (
      INSERT INTO ${graves(shape, table)} AS was (${[...KEY, ...buried].join(', ')})
      SELECT ${[...KEY, ...buried].join(', ')} FROM newest WHERE change = 'removed' AND part = 0
      ON CONFLICT (${KEY.join(', ')}) DO UPDATE SET ${buried.map((one) => `${one} = excluded.${one}`).join(', ')}
        WHERE ${isOlder('was', 'excluded')}
    ), gone AS (
      DELETE FROM ${into} AS was USING newest
      WHERE newest.change = 'removed' AND newest.part = 0 AND ${sameKey('was', 'newest')} AND ${isOlder('was', 'newest')}
    ), alive AS (
      SELECT * FROM newest WHERE change <> 'removed' AND NOT EXISTS (
        SELECT 1 FROM ${graves(shape, table)} AS grave WHERE ${sameKey('grave', 'newest')} AND NOT ${isOlder('grave', 'newest')})
    ) ${upsert('alive')}`;
}

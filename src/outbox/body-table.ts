/**
 * Bodies in PostgreSQL: the table `segment_body`, cut by the day its rows were written (UTC).
 *
 * A row is a mebibyte of a segment, packed (zstd). What a segment leaves behind is not deleted row by row, which would leave
 * as many dead rows to be vacuumed, out of line, as were written: a day goes as a whole, once no segment names any of its rows.
 * Of a day of which less than half is left, the rest moves on to the present day first; so there is never more than about
 * twice of what is needed, and a host that never changes holds no day for ever.
 *
 * Whoever writes makes the day. Rows from before days were cut, and those a program of then writes beside, lie in
 * `segment_body_rest`, where no day has been made; they are deleted one by one. A row moves inside one statement, and is
 * asked for by segment and number alone, so that a reader finds it before and after.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { sql } from 'kysely';
import { QuarryError } from '../core/errors.ts';
import { fileFault, pgCode } from '../store/faults.ts';
import type { Store } from '../store/store.ts';
import type { OutboxSchema } from './schema.ts';

type Db = Store<OutboxSchema>;

const PIECE = 1 << 20;
const DAY = 86_400_000;
/** A day of which a smaller share is needed than this is emptied. */
const USED_SHARE = 0.5;
const pack = promisify(zstdCompress);
const unpack = promisify(zstdDecompress);

/** Copies a file into the table, in pieces. */
export async function writePieces(store: Db, file: string, path: string, at: number): Promise<void> {
  await makeDay(store, at);
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw fileFault(error, path);
  }
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (let number = 0; ; number++) {
      const { bytesRead } = await handle.read(buffer, 0, PIECE, number * PIECE);
      if (bytesRead === 0) return;
      const body = await pack(buffer.subarray(0, bytesRead));
      await store.db.insertInto('segment_body').values({ file, number, body, at }).execute();
    }
  } finally {
    await handle.close();
  }
}

/** The pieces of a segment, unpacked, in order; none where the table does not have it. */
export async function* readPieces(store: Db, file: string): AsyncGenerator<Buffer> {
  for (let number = 0; ; number++) {
    const row = await piece(store, file, number).select('body').executeTakeFirst();
    if (row === undefined) return;
    yield await unpack(row.body);
  }
}

/** Whether all pieces of a segment of so many bytes are there: they are written in order. */
export const isWhole = async (store: Db, file: string, bytes: number): Promise<boolean> =>
  (await piece(store, file, Math.max(1, Math.ceil(bytes / PIECE)) - 1)
    .select('number')
    .executeTakeFirst()) !== undefined;

const piece = ({ db }: Db, file: string, number: number) =>
  db.selectFrom('segment_body').where('file', '=', file).where('number', '=', number);

/** Removes the pieces of a segment that was not finished. */
export const erasePieces = async (store: Db, file: string): Promise<void> =>
  void (await store.db.deleteFrom('segment_body').where('file', '=', file).execute());

/** Removes pieces that do not go with their day. */
export async function dropPieces(store: Db, files: readonly string[]): Promise<void> {
  for (let i = 0; i < files.length; i += 500)
    await sql`DELETE FROM segment_body_rest WHERE file IN (${sql.join(files.slice(i, i + 500))})`.execute(store.db);
}

/**
 * Drops days that ended before `before` (epoch ms) and hold nothing any segment names, and empties those that hold little.
 * `before`: nobody stages a page for so long, so that what no segment names is waste. Returns what was done.
 */
export async function sweepDays(store: Db, before: number, now: number): Promise<{ dropped: number; moved: number }> {
  await sql`DELETE FROM segment_body_rest b WHERE b.at < ${before}
    AND NOT EXISTS (SELECT FROM segment s WHERE s.file = b.file)`.execute(store.db);
  const { rows } = await sql<{ name: string; bytes: number }>`
    SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'segment_body'::regclass ORDER BY 1`.execute(store.db);
  let [dropped, moved] = [0, 0];
  for (const { name, bytes } of rows) {
    const day = dayOf(name);
    if (day === undefined || day + DAY > before) continue;
    const used = await named(store, name);
    const share = used.reduce((sum, one) => sum + one.bytes, 0) / bytes;
    if (share > USED_SHARE) continue;
    if (used.length > 0) await makeDay(store, now);
    for (const { file } of used) {
      await store.db
        .updateTable('segment_body')
        .set({ at: now })
        .where('file', '=', file)
        .where('at', '<', now)
        .execute();
      moved++;
    }
    if (await dropDay(store, name)) dropped++;
  }
  return { dropped, moved };
}

/** Segments that have pieces in a table, with the bytes of those, packed. */
async function named(store: Db, table: string): Promise<{ file: string; bytes: number }[]> {
  const query = sql<{ file: string; bytes: number }>`
    SELECT b.file, sum(octet_length(b.body))::bigint AS bytes FROM ${sql.table(table)} b JOIN segment s ON s.file = b.file
    GROUP BY b.file ORDER BY b.file`;
  return (await query.execute(store.db)).rows;
}

/** Readers wait for a drop, so it does not wait long for them: false, and it is tried again next time. */
async function dropDay(store: Db, name: string): Promise<boolean> {
  try {
    return await store.transaction(async ({ db }) => {
      await sql`SET LOCAL lock_timeout = '3s'`.execute(db);
      await sql`LOCK TABLE ${sql.table('segment_body')} IN ACCESS EXCLUSIVE MODE`.execute(db);
      const left = await sql`SELECT FROM ${sql.table(name)} b JOIN segment s ON s.file = b.file LIMIT 1`.execute(db);
      if (left.rows.length > 0) return false;
      await sql`DROP TABLE ${sql.table(name)}`.execute(db);
      return true;
    });
  } catch (error) {
    if (error instanceof QuarryError && error.code === 'QRY4009') return false;
    throw error;
  }
}

const NAME = /^segment_body_(\d{4})_(\d{2})_(\d{2})$/;

const tableOf = (day: number): string =>
  `segment_body_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '_')}`;

function dayOf(table: string): number | undefined {
  const found = NAME.exec(table);
  return found === null ? undefined : Date.parse(`${found[1]}-${found[2]}-${found[3]}T00:00:00Z`);
}

const made = new WeakMap<Db, Set<number>>();

/** duplicate_table, unique_violation: another made it meanwhile; check_violation: the rest has rows of that day; insufficient_privilege. */
const DO_WITHOUT = new Set(['42P07', '23505', '23514', '42501']);

/** Makes the table of a day, once a process. Where the rest has rows of that day, or this role may not, rows go there. */
async function makeDay(store: Db, at: number): Promise<void> {
  const day = at - (at % DAY);
  const days = made.get(store) ?? new Set();
  made.set(store, days);
  if (days.has(day)) return;
  try {
    await sql
      .raw(
        `CREATE TABLE IF NOT EXISTS ${tableOf(day)} PARTITION OF segment_body FOR VALUES FROM (${day}) TO (${day + DAY})`,
      )
      .execute(store.db);
  } catch (error) {
    if (!DO_WITHOUT.has(pgCode((error as Error).cause) ?? '')) throw error;
  }
  days.add(day);
}

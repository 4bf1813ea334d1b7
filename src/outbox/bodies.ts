/**
 * Bodies where several workers share one database: what lies in a segment also lies there, so that any of them can read it.
 *
 * A page is still staged into a file of the worker's own spool folder. Before the transaction that names the segment, the
 * file is copied into the table `segment_body`, in pieces of a mebibyte, each packed (zstd); the transaction stays as
 * short as with files alone. The file is then a copy that whoever needs the segment and has none makes again; copies that
 * were not touched for an hour go. Rows that no segment names are waste of a page that was never accepted, as files are.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { QuarryError } from '../core/errors.ts';
import { fileFault } from '../store/faults.ts';
import type { Store } from '../store/store.ts';
import type { OutboxSchema } from './schema.ts';

const PIECE = 1 << 20;
const pack = promisify(zstdCompress);
const unpack = promisify(zstdDecompress);

export interface Bodies {
  /** Copies a finished segment into the database. */
  keep(path: string): Promise<void>;
  /** Makes the file again; false where the database does not have it either. */
  fetch(path: string): Promise<boolean>;
  drop(files: readonly string[]): Promise<void>;
  /** Removes rows that no segment names and that are older than `before`, and copies not touched since. */
  sweep(before: { readonly rows: number; readonly copies: number }): Promise<void>;
}

export function sharedBodies(store: Store<OutboxSchema>, spool: string, now: () => number): Bodies {
  const { db } = store;
  const bodies: Bodies = {
    keep: async (path) => {
      const file = basename(path);
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
          await db.insertInto('segment_body').values({ file, number, body, at: now() }).execute();
        }
      } finally {
        await handle.close();
      }
    },
    fetch: async (path) => {
      const file = basename(path);
      const made = join(spool, `${randomUUID()}.copy`);
      let handle: FileHandle | undefined;
      try {
        for (let number = 0; ; number++) {
          const row = await piece(store, file, number);
          if (row === undefined) break;
          handle ??= await open(made, 'wx');
          await handle.write(await unpack(row.body));
        }
        if (handle === undefined) return false;
        await handle.close();
        await rename(made, path);
        return true;
      } catch (error) {
        await handle?.close().catch(() => {});
        await rm(made, { force: true });
        throw fileFault(error, path);
      }
    },
    drop: async (files) => {
      for (let i = 0; i < files.length; i += 500)
        await db
          .deleteFrom('segment_body')
          .where('file', 'in', files.slice(i, i + 500))
          .execute();
    },
    sweep: async ({ rows, copies }) => {
      await db
        .deleteFrom('segment_body')
        .where('at', '<', rows)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('segment').select('segment.id').whereRef('segment.file', '=', 'segment_body.file'))),
        )
        .execute();
      for (const file of await readdir(spool)) {
        if (!COPIES.test(file)) continue;
        const path = join(spool, file);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
        if (mtimeMs >= copies) continue;
        // What was collected before bodies were kept in the database is there nowhere else.
        if ((await isNamed(store, file)) && (await piece(store, file, 0)) === undefined) await bodies.keep(path);
        await rm(path, { force: true });
      }
    },
  };
  return bodies;
}

const isNamed = async ({ db }: Store<OutboxSchema>, file: string): Promise<boolean> =>
  (await db.selectFrom('segment').select('id').where('file', '=', file).executeTakeFirst()) !== undefined;

const COPIES = /\.(seg|copy)$/;

/**
 * Copies every segment of the spool folder that the database names and does not hold whole; those that were copied are
 * read back and compared. For moving an installation; may be run again after a kill.
 */
export async function copyBodies(
  store: Store<OutboxSchema>,
  spool: string,
): Promise<{ segments: number; missing: string[] }> {
  const bodies = sharedBodies(store, spool, Date.now);
  const rows = await store.db.selectFrom('segment').select('file').orderBy('id').execute();
  const missing: string[] = [];
  for (const { file } of rows) {
    const path = join(spool, file);
    const here = await digestOf(path);
    if (here === undefined) {
      missing.push(file);
      continue;
    }
    if ((await storedDigest(store, file)) === here) continue;
    await bodies.drop([file]);
    await bodies.keep(path);
    if ((await storedDigest(store, file)) !== here)
      throw new QuarryError('QRY4016', { what: `The segment ${file} differs when it is read back.` });
  }
  return { segments: rows.length, missing };
}

async function digestOf(path: string): Promise<string | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  const hash = createHash('sha256');
  for await (const chunk of handle.createReadStream()) hash.update(chunk as Buffer);
  return hash.digest('base64url');
}

async function storedDigest(store: Store<OutboxSchema>, file: string): Promise<string> {
  const hash = createHash('sha256');
  for (let number = 0; ; number++) {
    const row = await piece(store, file, number);
    if (row === undefined) return hash.digest('base64url');
    hash.update(await unpack(row.body));
  }
}

const piece = ({ db }: Store<OutboxSchema>, file: string, number: number) =>
  db.selectFrom('segment_body').select('body').where('file', '=', file).where('number', '=', number).executeTakeFirst();

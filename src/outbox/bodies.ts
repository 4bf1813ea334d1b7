/**
 * Bodies where several workers share one database: what lies in a segment also lies where any of them can read it.
 *
 * A page is still staged into a file of the worker's own spool folder. Before the transaction that names the segment, the
 * file is copied: into the table `segment_body` (see `body-table.ts`), or, above a size, as one packed object into a bucket,
 * under `<prefix>/<installation>/<name of the segment>`. So the transaction stays as short as with files alone, and
 * nothing names what is not there whole. The file is then a copy, which whoever needs the segment and has none makes again;
 * copies that were not touched for hours go.
 *
 * What goes, goes in the other order: the row of the segment first. A kill in between leaves a body that no segment names, as
 * a page does that was never accepted: days and objects are looked through for those, once they are older than anybody may
 * be staging.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { QuarryError } from '../core/errors.ts';
import { fileFault } from '../store/faults.ts';
import type { Objects } from '../store/objects.ts';
import type { Store } from '../store/store.ts';
import { dropPieces, erasePieces, isWhole, readPieces, sweepDays, writePieces } from './body-table.ts';
import type { OutboxSchema } from './schema.ts';

/** A segment as its row names it; `object`: 1 where its body is an object, 0 where it is in the table. */
export interface KeptSegment {
  readonly file: string;
  readonly object: number;
}

export interface Bodies {
  /** Copies a finished segment to where all can read it; what the row of the segment is to say of that. */
  keep(path: string): Promise<Pick<KeptSegment, 'object'>>;
  /** Makes the file again; false where it is nowhere. */
  fetch(path: string): Promise<boolean>;
  /** Frees what segments had whose rows are gone. */
  drop(segments: readonly KeptSegment[]): Promise<void>;
  /** Removes copies of this spool folder that were not touched since `before` (epoch ms). */
  sweepCopies(before: number): Promise<void>;
  /** Removes bodies that no segment names and that are older than `before`. For one process at a time. */
  sweep(before: number): Promise<void>;
  close(): void;
}

/** Where bodies of segments above a size go. */
export interface ObjectPlace {
  /** `bucket/prefix`, as the configuration has them. */
  readonly name: string;
  readonly objects: Objects;
  /** Bytes of a segment, unpacked. */
  readonly above: number;
}

/** Listing a bucket costs a call for every thousand objects. */
const OBJECTS_EVERY_MS = 6 * 3_600_000;
const DAYS_EVERY_MS = 3_600_000;

export function sharedBodies(
  store: Store<OutboxSchema>,
  spool: string,
  now: () => number,
  place?: ObjectPlace,
): Bodies {
  const { db } = store;
  const scratch = (): string => join(spool, `${randomUUID()}.copy`);
  const due = { days: 0, objects: 0 };
  const bodies: Bodies = {
    keep: async (path) => {
      const file = basename(path);
      if (place === undefined || (await sizeOf(path)) <= place.above) {
        await writePieces(store, file, path, now());
        return { object: 0 };
      }
      const packed = scratch();
      try {
        await pipeline(createReadStream(path), createZstdCompress(), createWriteStream(packed, { flags: 'wx' }));
        await expectPlace(store, place.name, true);
        await place.objects.put(file, packed);
        return { object: 1 };
      } catch (error) {
        throw fileFault(error, packed);
      } finally {
        await rm(packed, { force: true });
      }
    },
    fetch: async (path) => {
      const file = basename(path);
      const row = await db.selectFrom('segment').select('object').where('file', '=', file).executeTakeFirst();
      const made = scratch();
      try {
        const found = row?.object === 1 ? await fromObject(place, file, made) : await fromTable(store, file, made);
        if (found) await rename(made, path);
        return found;
      } catch (error) {
        await rm(made, { force: true });
        throw fileFault(error, path);
      }
    },
    drop: async (segments) => {
      const files = (object: number) => segments.filter((one) => one.object === object).map(({ file }) => file);
      await dropPieces(store, files(0));
      // What cannot be removed now is waste, and found as such later.
      await place?.objects.remove(files(1)).catch(() => {});
    },
    sweepCopies: async (before) => {
      for (const file of await readdir(spool)) {
        if (!COPIES.test(file)) continue;
        const path = join(spool, file);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
        if (mtimeMs >= before) continue;
        const row = await db
          .selectFrom('segment')
          .select(['bytes', 'object'])
          .where('file', '=', file)
          .executeTakeFirst();
        // What was collected before bodies were shared is nowhere else.
        if (row?.object === 0 && !(await isWhole(store, file, row.bytes))) {
          await erasePieces(store, file);
          const kept = await bodies.keep(path);
          if (kept.object === 1) await db.updateTable('segment').set(kept).where('file', '=', file).execute();
        }
        await rm(path, { force: true });
      }
    },
    sweep: async (before) => {
      if (now() >= due.days) {
        due.days = now() + DAYS_EVERY_MS;
        await sweepDays(store, before, now());
      }
      if (place !== undefined && now() >= due.objects) {
        due.objects = now() + OBJECTS_EVERY_MS;
        await sweepObjects(store, place.objects, before);
      }
    },
    close: () => place?.objects.close(),
  };
  return bodies;
}

const COPIES = /\.(seg|copy)$/;

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    (error: unknown) => {
      throw fileFault(error, path);
    },
  );

async function fromTable(store: Store<OutboxSchema>, file: string, made: string): Promise<boolean> {
  const pieces = readPieces(store, file);
  const first = await pieces.next();
  if (first.done === true) return false;
  const all = async function* () {
    yield first.value;
    yield* pieces;
  };
  await pipeline(Readable.from(all(), { objectMode: false }), createWriteStream(made, { flags: 'wx' }));
  return true;
}

async function fromObject(place: ObjectPlace | undefined, file: string, made: string): Promise<boolean> {
  if (place === undefined) throw elsewhere();
  const packed = await place.objects.get(file);
  if (packed === undefined) return false;
  try {
    await pipeline(packed, createZstdDecompress(), createWriteStream(made, { flags: 'wx' }));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^Z(STD)?_/.test(String(error.code)))
      throw new QuarryError('QRY4012', { what: `the object is damaged: ${error.message}`, where: file, cause: error });
    throw place.objects.fault(error);
  }
}

const PLACE = 'bodies';

/**
 * Holds the bucket of the configuration (`bucket/prefix`; undefined: none) against the one that bodies lie in, or notes it
 * while none do. Throws QRY4020 where it is another.
 */
export async function expectPlace(
  { db }: Store<OutboxSchema>,
  wanted: string | undefined,
  mayNote: boolean,
): Promise<void> {
  const any = await db.selectFrom('segment').select('id').where('object', '=', 1).limit(1).executeTakeFirst();
  if (any !== undefined) {
    const noted = await db.selectFrom('meta').select('value').where('name', '=', PLACE).executeTakeFirst();
    if (noted?.value !== wanted) throw elsewhere(noted?.value);
  } else if (wanted !== undefined && mayNote) {
    await db
      .insertInto('meta')
      .values({ name: PLACE, value: wanted })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: wanted }))
      .execute();
  }
}

const elsewhere = (place = 'a bucket'): QuarryError =>
  new QuarryError('QRY4020', { what: `Bodies lie in ${place}, which the configuration does not name.` });

/** Removes objects that no segment names. */
async function sweepObjects({ db }: Store<OutboxSchema>, objects: Objects, before: number): Promise<void> {
  let names: string[] = [];
  const removeWaste = async (): Promise<void> => {
    if (names.length === 0) return;
    const rows = await db.selectFrom('segment').select('file').where('file', 'in', names).execute();
    const named = new Set(rows.map(({ file }) => file));
    await objects.remove(names.filter((name) => !named.has(name)));
    names = [];
  };
  for await (const { name, at } of objects.list()) {
    if (at >= before) continue;
    names.push(name);
    if (names.length === 500) await removeWaste();
  }
  await removeWaste();
}

/**
 * Copies every segment of the spool folder that the database names and does not hold whole; those that were copied are
 * read back and compared. For moving an installation; may be run again after a kill.
 */
export async function copyBodies(
  store: Store<OutboxSchema>,
  spool: string,
): Promise<{ segments: number; missing: string[] }> {
  const rows = await store.db.selectFrom('segment').select('file').orderBy('id').execute();
  const missing: string[] = [];
  for (const { file } of rows) {
    const path = join(spool, file);
    const here = await digestOf(path);
    if (here === undefined) {
      missing.push(file);
      continue;
    }
    if ((await digest(readPieces(store, file))) === here) continue;
    await erasePieces(store, file);
    await writePieces(store, file, path, Date.now());
    if ((await digest(readPieces(store, file))) !== here)
      throw new QuarryError('QRY4016', { what: `The segment ${file} differs when it is read back.` });
  }
  return { segments: rows.length, missing };
}

async function digestOf(path: string): Promise<string | undefined> {
  const there = await stat(path).catch(() => undefined);
  return there === undefined ? undefined : digest(createReadStream(path));
}

async function digest(chunks: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('base64url');
}

/**
 * A line is in the file once and whole, also after a kill. After the lines of a write are synced, the journal names the
 * batches and where each file now ends. Before the first write, every file is cut back to the end its journal names
 * (what stands behind it was not confirmed and comes again), and a batch that the journal names is answered as delivered
 * without being written (its confirmation was lost, not its lines).
 *
 * States of a batch here: unknown → lines written → lines synced → journalled (and synced) → answered delivered.
 * Recovery from a kill in each: comes again · cut off, comes again · cut off, comes again · recognised · nothing to do.
 * A write that fails is taken back in the opposite order: first the journal, then the lines; while the journal cannot be
 * cut, lines and journal are left as they agree, and the next write begins with cutting both.
 *
 * A file nobody journalled is left alone, and so is one that is not as this left it (moved away, cut or written by
 * someone else): a new one is begun, under a number never used before.
 */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Batch, OpenSink } from '../../core/sink.ts';
import { cannot, look } from './faults.ts';
import { type End, type Journal, numberOf, openJournal, syncFolder } from './journal.ts';
import { holdFolder } from './lock.ts';

interface Output {
  readonly file: string;
  readonly handle: FileHandle;
  readonly inode: number;
  /** Where it ends as confirmed. */
  end: number;
}

interface Writer {
  write(batches: readonly Batch[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens the sink. The folder is held and recovered by the first write, so that `check` works beside a running collector. */
export async function openFiles(root: string, rotateAt: number): Promise<OpenSink> {
  await mkdir(root, { recursive: true }).catch(cannot(root));
  let writer: Writer | undefined;
  return {
    check: () => check(root),
    write: async (batches) => {
      writer ??= await startWriter(root, rotateAt);
      await writer.write(batches);
      return batches.map(() => 'delivered' as const);
    },
    close: async () => {
      await writer?.close();
      writer = undefined;
    },
  };
}

async function check(root: string): Promise<void> {
  const probe = join(root, `.quarry-check-${process.pid}`);
  const handle = await open(probe, 'w').catch(cannot(probe));
  try {
    await handle.writeFile('check\n');
    await handle.datasync();
  } catch (error) {
    cannot(probe)(error);
  } finally {
    await handle.close();
    await rm(probe, { force: true });
  }
}

async function startWriter(root: string, rotateAt: number): Promise<Writer> {
  const release = holdFolder(join(root, '.quarry-lock'));
  let journal: Journal;
  let changed: Map<string, End>;
  try {
    journal = await openJournal(root);
    changed = await recover(root, journal.ends);
  } catch (error) {
    release();
    throw error;
  }
  const outputs = new Map<string, Output>();
  let dirty = false;

  /** The file that takes the next lines of a folder, as confirmed and with room. */
  async function outputFor(folder: string, dataset: string): Promise<Output> {
    const known = outputs.get(folder);
    if (known !== undefined) {
      const found = await look(join(root, known.file));
      const asLeft = found !== undefined && found.inode === known.inode && found.size === known.end;
      if (asLeft && known.end < rotateAt) return known;
      if (!asLeft) changed.set(known.file, null);
      outputs.delete(folder);
      await known.handle.close();
    }
    await makeFolder(root, folder);
    for (let number = Math.max(1, lastNumber(journal.ends, folder)); ; number++) {
      const file = join(folder, `${dataset}-${String(number).padStart(6, '0')}.ndjson`);
      const end = changed.has(file) ? changed.get(file) : journal.ends.get(file);
      if (end === null || (end !== undefined && end >= rotateAt)) continue;
      const found = await look(join(root, file));
      if (end === undefined ? found !== undefined : found?.size !== end) {
        if (end !== undefined) changed.set(file, null);
        continue;
      }
      if (end === undefined) await begin(folder, file);
      const handle = await open(join(root, file), 'a').catch(cannot(file));
      const output = { file, handle, inode: (await handle.stat()).ino, end: end ?? 0 };
      outputs.set(folder, output);
      return output;
    }
  }

  /** Makes a new file ours: a kill in its first write then leaves lines that are cut off, not a foreign file. */
  async function begin(folder: string, file: string): Promise<void> {
    const path = join(root, file);
    const handle = await open(path, 'ax').catch(cannot(file));
    await handle.close();
    try {
      await syncFolder(join(root, folder));
      await journal.confirm(new Map([[file, 0]]), []);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  async function write(batches: readonly Batch[]): Promise<void> {
    if (dirty) await takeBack();
    const fresh = batches.filter((batch) => !journal.has(batch.id));
    if (fresh.length === 0) return;
    dirty = true;
    try {
      const written = new Map<Output, number>();
      for (const [folder, some] of Map.groupBy(fresh, (batch) => join(batch.connection, batch.dataset))) {
        const output = await outputFor(folder, some[0]!.dataset);
        for (const { bytes } of some) {
          for (let at = 0; at < bytes.length; ) at += (await output.handle.write(bytes, at)).bytesWritten;
          written.set(output, (written.get(output) ?? output.end) + bytes.length);
        }
      }
      const ends = new Map(changed);
      for (const [output, end] of written) {
        await output.handle.datasync();
        ends.set(output.file, end);
      }
      await journal.confirm(
        ends,
        fresh.map(({ id }) => id),
      );
      for (const [output, end] of written) output.end = end;
      changed.clear();
      dirty = false;
    } catch (error) {
      // What cannot be taken back now is taken back before the next write.
      await takeBack().catch(() => {});
      cannot(root)(error);
    }
  }

  /** After a failed write: journal and files end again where they are confirmed. */
  async function takeBack(): Promise<void> {
    await journal.cut();
    for (const { file, handle, inode, end } of outputs.values()) {
      const found = await look(join(root, file));
      if (found?.inode !== inode || found.size <= end) continue;
      await handle.truncate(end).catch(cannot(file));
      await handle.datasync().catch(cannot(file));
    }
    dirty = false;
  }

  return {
    write,
    close: async () => {
      for (const { handle } of outputs.values()) await handle.close();
      await journal.close();
      release();
    },
  };
}

/** Cuts every file back to where it ends in the journal. Returns those that are not ours to write any more. */
async function recover(root: string, ends: ReadonlyMap<string, End>): Promise<Map<string, End>> {
  const gone = new Map<string, End>();
  for (const [file, end] of ends) {
    if (end === null) continue;
    const path = join(root, file);
    const found = await look(path);
    // Moved away, as log shippers do, or cut by someone else.
    if (found === undefined || found.size < end) gone.set(file, null);
    else if (found.size > end) {
      const handle = await open(path, 'r+').catch(cannot(path));
      try {
        await handle.truncate(end);
        await handle.datasync();
      } catch (error) {
        cannot(path)(error);
      } finally {
        await handle.close();
      }
    }
  }
  return gone;
}

/** Makes a folder below `root`, durably. */
async function makeFolder(root: string, folder: string): Promise<void> {
  const made = await mkdir(join(root, folder), { recursive: true }).catch(cannot(folder));
  if (made === undefined) return;
  for (let path = join(root, folder); path.length >= root.length; path = dirname(path)) await syncFolder(path);
}

function lastNumber(ends: ReadonlyMap<string, End>, folder: string): number {
  let last = 0;
  for (const file of ends.keys()) if (dirname(file) === folder) last = Math.max(last, numberOf(file));
  return last;
}

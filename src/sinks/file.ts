/**
 * Files of one event a line: `<path>/<connection>/<dataset>/<dataset>-<number>.ndjson`, safe to tail.
 *
 * A line is in the file once and whole, also after a kill. The sink keeps a journal beside its files: after the lines
 * of a write are synced, one journal line names the batches and where each file now ends. On opening, every file is cut
 * back to the end its journal names (what stands behind it was not confirmed and comes again), and a batch that the
 * journal names is answered as delivered without being written (its confirmation was lost, not its lines).
 *
 * States of a batch here: unknown → lines written → lines synced → journalled (and synced) → answered delivered.
 * Recovery from a kill in each: comes again · cut off, comes again · cut off, comes again · recognised · nothing to do.
 *
 * A file nobody journalled is left alone: the sink only ever writes files it has started itself.
 */
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { QuarryError } from '../core/errors.ts';
import type { Batch, OpenSink } from '../core/sink.ts';
import { defineSink } from './define.ts';

const JOURNAL = '.quarry-journal';
/** Batches the journal remembers when it is rewritten: far more than a collector can have sent without settling. */
const REMEMBERED = 2000;
/** The journal is rewritten when it has so many lines. */
const REWRITE_AT = 20_000;

interface JournalLine {
  /** Ends of files, by path below the sink's folder. */
  readonly ends: Readonly<Record<string, number>>;
  readonly batches: readonly string[];
}

interface Output {
  readonly file: string;
  readonly handle: FileHandle;
  end: number;
}

export default defineSink({
  type: 'file',
  title: 'Files',
  about: 'NDJSON files, one folder per connection and data set.',
  config: z.object({
    path: z.string().min(1).meta({ description: 'Folder for the files; made when missing.' }),
    rotate: z
      .number()
      .int()
      .positive()
      .default(256 << 20)
      .meta({ description: 'A new file is begun when one has reached this size (256MiB).' }),
  }),
  capabilities: { guarantee: 'effectively once', formats: ['raw'], batchBytes: 8 << 20 },
  libraries: [],
  testedAgainst: 'the file system',
  open: async (config, { baseDir }) => openFiles(resolve(baseDir, config.path), config.rotate),
});

async function openFiles(root: string, rotateAt: number): Promise<OpenSink> {
  await mkdir(root, { recursive: true }).catch(cannot(root));
  const { ends, batches } = await recover(root);
  const remembered = new Set(batches);
  const outputs = new Map<string, Output>();
  /** Files that have reached their size in the write under way; closed when it has ended. */
  let full: Output[] = [];
  let journal = await startJournal(root, ends, batches);
  let lines = 0;

  async function outputFor(batch: Batch): Promise<Output> {
    const folder = join(batch.connection, batch.dataset);
    let output = outputs.get(folder);
    if (output !== undefined && output.end < rotateAt) return output;
    let number = output === undefined ? lastNumber(ends, folder, batch.dataset) : numberOf(output.file) + 1;
    if (output !== undefined) full.push(output);
    await mkdir(join(root, folder), { recursive: true }).catch(cannot(folder));
    for (; ; number++) {
      const file = join(folder, `${batch.dataset}-${String(number).padStart(6, '0')}.ndjson`);
      const known = ends[file];
      if (known !== undefined && known >= rotateAt) continue;
      // A file we did not journal belongs to someone else (or to a data directory that is gone): never written into.
      if (known === undefined && (await exists(join(root, file)))) continue;
      output = { file, handle: await open(join(root, file), 'a').catch(cannot(file)), end: known ?? 0 };
      outputs.set(folder, output);
      return output;
    }
  }

  async function write(batches: readonly Batch[]): Promise<void> {
    const fresh = batches.filter((batch) => !remembered.has(batch.id));
    if (fresh.length === 0) return;
    const touched = new Set<Output>();
    const changed: Record<string, number> = {};
    try {
      for (const batch of fresh) {
        const output = await outputFor(batch);
        touched.add(output);
        for (let at = 0; at < batch.bytes.length; ) at += (await output.handle.write(batch.bytes, at)).bytesWritten;
        output.end += batch.bytes.length;
        changed[output.file] = output.end;
      }
      for (const output of touched) await output.handle.datasync();
      const line: JournalLine = { ends: changed, batches: fresh.map(({ id }) => id) };
      await journal.appendFile(`${JSON.stringify(line)}\n`);
      await journal.datasync();
    } catch (error) {
      await cutBack(touched);
      throw error;
    } finally {
      const closing = full;
      full = [];
      for (const output of closing) await output.handle.close().catch(() => {});
    }
    Object.assign(ends, changed);
    for (const { id } of fresh) remembered.add(id);
    if (++lines >= REWRITE_AT) {
      await journal.close();
      journal = await startJournal(root, ends, [...remembered].slice(-REMEMBERED));
      lines = 0;
    }
  }

  /** After a failed write: the files end again where the journal says, so that the next try starts clean. */
  async function cutBack(touched: ReadonlySet<Output>): Promise<void> {
    for (const output of touched) {
      const { file, handle } = output;
      await handle.truncate(ends[file] ?? 0).catch(() => {});
      await handle.close().catch(() => {});
      if (ends[file] === undefined) await rm(join(root, file), { force: true }).catch(() => {});
      for (const [folder, current] of outputs) if (current === output) outputs.delete(folder);
    }
    // Files that were full before this write, and untouched by it, are done with; the others begin anew from `ends`.
    full = full.filter((output) => !touched.has(output));
  }

  return {
    check: async () => {
      const probe = join(root, '.quarry-check');
      const handle = await open(probe, 'w').catch(cannot(probe));
      await handle.writeFile('check\n').catch(cannot(probe));
      await handle.close();
      await rm(probe, { force: true });
    },
    write: async (batches) => {
      await write(batches);
      return batches.map(() => 'delivered' as const);
    },
    close: async () => {
      for (const output of outputs.values()) await output.handle.close();
      await journal.close();
    },
  };
}

/** Reads the journal and cuts every file back to where it ends there. A torn last line of the journal was never confirmed. */
async function recover(root: string): Promise<{ ends: Record<string, number>; batches: string[] }> {
  const ends: Record<string, number> = {};
  const batches: string[] = [];
  const text = await readFile(join(root, JOURNAL), 'utf8').catch((error: unknown) =>
    isMissing(error) ? '' : cannot(JOURNAL)(error),
  );
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  for (const line of whole.split('\n')) {
    if (line === '') continue;
    const entry = JSON.parse(line) as JournalLine;
    Object.assign(ends, entry.ends);
    batches.push(...entry.batches);
  }
  for (const [file, end] of Object.entries(ends)) {
    const path = join(root, file);
    const size = await stat(path).then(
      ({ size }) => size,
      (error: unknown) => (isMissing(error) ? undefined : cannot(path)(error)),
    );
    // Someone moved the file away, as log shippers do: a new one of that name starts empty.
    if (size === undefined) delete ends[file];
    else if (size > end) await truncate(path, end).catch(cannot(path));
    else if (size < end) ends[file] = size;
  }
  return { ends, batches: batches.slice(-REMEMBERED) };
}

/** Writes the journal anew, in one line, and opens it for appending. */
async function startJournal(
  root: string,
  ends: Readonly<Record<string, number>>,
  batches: readonly string[],
): Promise<FileHandle> {
  const path = join(root, JOURNAL);
  const line: JournalLine = { ends, batches };
  const handle = await open(`${path}.new`, 'w').catch(cannot(path));
  await handle.writeFile(`${JSON.stringify(line)}\n`).catch(cannot(path));
  await handle.datasync();
  await handle.close();
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), 'r');
  await folder.sync();
  await folder.close();
  return open(path, 'a');
}

const numberOf = (file: string): number => Number(/-(\d+)\.ndjson$/.exec(file)?.[1] ?? 1);

function lastNumber(ends: Readonly<Record<string, number>>, folder: string, dataset: string): number {
  const prefix = join(folder, `${dataset}-`);
  return Math.max(
    1,
    ...Object.keys(ends)
      .filter((file) => file.startsWith(prefix))
      .map(numberOf),
  );
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

function cannot(path: string): (error: unknown) => never {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const what = error instanceof Error ? error.message : String(error);
    throw new QuarryError(FULL.has(code) ? 'QRY5002' : 'QRY5001', { what, where: path, cause: error });
  };
}

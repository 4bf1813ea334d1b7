/**
 * The journal of a file sink: what is confirmed, in a file of one JSON value a line.
 *
 * A line names batches and where the files they went to end since; it is written and synced after the lines of those
 * batches are. What a line says is true from the moment it is durable. The last line may be torn by a kill: it was never
 * confirmed. Any other line that cannot be read is damage, and is said (QRY5003).
 */
import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { QuarryError } from '../../core/errors.ts';
import { cannot } from './faults.ts';

export const JOURNAL = '.quarry-journal';
/** Batches it remembers: far more than a collector can have sent without settling. */
const REMEMBERED = 2000;
/** It is written anew, in one line, when it has so many. */
const REWRITE_AT = 5000;

/** Where a file of ours ends; null: it was moved away or changed by someone else, and its name is not used again. */
export type End = number | null;

interface Line {
  readonly ends: Readonly<Record<string, End>>;
  readonly batches: readonly string[];
}

export interface Journal {
  /** Ends of files, by path below the sink's folder. */
  readonly ends: ReadonlyMap<string, End>;
  has(batch: string): boolean;
  /** Confirms a write, durably. When it rejects, `cut` must be called before anything else. */
  confirm(ends: ReadonlyMap<string, End>, batches: readonly string[]): Promise<void>;
  /** Takes back what a failed `confirm` may have written; until it resolves, that may count as confirmed after a kill. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the journal of a folder, makes it when there is none. */
export async function openJournal(root: string): Promise<Journal> {
  const path = join(root, JOURNAL);
  const ends = new Map<string, End>();
  const batches = new Set<string>();
  const learn = (line: Line): void => {
    for (const [file, end] of Object.entries(line.ends)) ends.set(file, end);
    for (const batch of line.batches) batches.add(batch);
    if (batches.size < 2 * REMEMBERED) return;
    for (const batch of batches) {
      if (batches.size <= REMEMBERED) break;
      batches.delete(batch);
    }
  };
  const text = await readFile(path, 'utf8').catch((error: unknown) =>
    error instanceof Error && 'code' in error && error.code === 'ENOENT' ? '' : cannot(path)(error),
  );
  const lines = text.split('\n').slice(0, -1);
  lines.forEach((line, i) => {
    learn(parsed(line, path, i + 1));
  });
  forgetGone(ends);
  let { handle, length } = await rewrite(path, ends, batches);
  let written = 1;

  async function startAnew(): Promise<void> {
    const before = handle;
    ({ handle, length } = await rewrite(path, ends, batches));
    written = 1;
    await before.close().catch(() => {});
  }

  return {
    ends,
    has: (batch) => batches.has(batch),
    confirm: async (changed, confirmed) => {
      const line: Line = { ends: Object.fromEntries(changed), batches: confirmed };
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      for (let at = 0; at < bytes.length; )
        at += (await handle.write(bytes, at, bytes.length - at).catch(cannot(path))).bytesWritten;
      await handle.datasync().catch(cannot(path));
      length += bytes.length;
      learn(line);
      forgetGone(ends);
      // A disk that is full now leaves the long journal, which says the same.
      if (++written >= REWRITE_AT) await startAnew().catch(() => {});
    },
    cut: async () => {
      try {
        await handle.truncate(length);
        await handle.datasync();
      } catch {
        await startAnew();
      }
    },
    close: () => handle.close(),
  };
}

function parsed(line: string, path: string, number: number): Line {
  try {
    const { ends, batches } = JSON.parse(line) as Line;
    if (typeof ends === 'object' && Array.isArray(batches)) return { ends, batches };
  } catch {
    // Told below.
  }
  throw new QuarryError('QRY5003', { what: `Line ${number} is not a line of a journal.`, where: path });
}

/** Of names not to be used again, the highest of a folder stands for all. */
function forgetGone(ends: Map<string, End>): void {
  const highest = new Map<string, string>();
  for (const file of ends.keys()) {
    const folder = dirname(file);
    if (numberOf(file) > numberOf(highest.get(folder) ?? '')) highest.set(folder, file);
  }
  for (const [file, end] of ends) if (end === null && highest.get(dirname(file)) !== file) ends.delete(file);
}

/** The number in a file's name; 0 where there is none. */
export const numberOf = (file: string): number => Number(/-(\d+)\.ndjson$/.exec(file)?.[1] ?? 0);

/** Writes the journal in one line, in place of the old one in one step, and opens it for appending. */
async function rewrite(
  path: string,
  ends: ReadonlyMap<string, End>,
  batches: ReadonlySet<string>,
): Promise<{ handle: FileHandle; length: number }> {
  const line: Line = { ends: Object.fromEntries(ends), batches: [...batches].slice(-REMEMBERED) };
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  const handle = await open(`${path}.new`, 'w').catch(cannot(path));
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } catch (error) {
    return cannot(path)(error);
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path).catch(cannot(path));
  await syncFolder(dirname(path));
  return { handle: await open(path, 'a').catch(cannot(path)), length: bytes.length };
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  // Windows opens no folder; its file systems keep names in order by themselves.
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return;
  try {
    await folder.sync();
  } catch (error) {
    cannot(path)(error);
  } finally {
    await folder.close();
  }
}

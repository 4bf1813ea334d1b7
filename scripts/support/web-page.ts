import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = resolve(import.meta.dirname, '..', '..');
const sources = join(root, 'web');
export const webDir = join(root, 'dist', 'web');

/** What a browser must have before it shows anything, compressed: bytes of scripts. */
export const ENTRY_LIMIT = 250_000;

/** Whether the page is missing, or older than what it is made of. */
export function isStale(): boolean {
  const built = join(webDir, 'index.html');
  if (!existsSync(built)) return true;
  const { mtimeMs } = statSync(built);
  return readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('node_modules'))
    .some((path) => statSync(join(sources, path)).mtimeMs > mtimeMs);
}

/**
 * Builds web/ into dist/web; answers the compressed size of what is loaded first. Throws above the limit. Built beside and
 * put in place whole, so that two builds at once, and a server that shows the page meanwhile, do not disturb each other.
 */
export async function buildWebPage(): Promise<number> {
  const dist = dirname(webDir);
  mkdirSync(dist, { recursive: true });
  const made = mkdtempSync(join(dist, '.web-'));
  const old = mkdtempSync(join(dist, '.web-'));
  // Inside of tests it says something else, and the page would be built for developing.
  const { NODE_ENV } = process.env;
  process.env['NODE_ENV'] = 'production';
  try {
    const outDir = join(made, 'web');
    await build({
      ...{ root: sources, configFile: join(sources, 'vite.config.ts'), logLevel: 'warn' },
      build: { outDir, emptyOutDir: true },
    });
    for (let n = 0; !moved(outDir, webDir); n++) moved(webDir, join(old, `${n}`));
  } finally {
    for (const folder of [made, old]) rmSync(folder, { recursive: true, force: true });
    if (NODE_ENV === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = NODE_ENV;
  }
  const size = entrySize();
  if (size > ENTRY_LIMIT)
    throw new Error(`the page needs ${size} bytes of compressed scripts to begin, more than ${ENTRY_LIMIT}`);
  return size;
}

/** Whether a folder could be moved; not where one is in its place, or somebody else has moved it. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(String((error as { code?: unknown }).code))) return false;
    throw error;
  }
}

/** Compressed bytes of the scripts that index.html names and of all that these import at once. */
export function entrySize(): number {
  const found = new Set<string>();
  const take = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const [, name] of read(path).matchAll(/(?:from|import)\s*"(\.\/[^"]+\.js)"/g))
      take(join(dirname(path), name!));
  };
  for (const [, name] of read(join(webDir, 'index.html')).matchAll(/src="(\.\/[^"]+\.js)"/g)) take(join(webDir, name!));
  return [...found].reduce((sum, path) => sum + gzipSync(read(path)).length, 0);
}

const read = (path: string): string => readFileSync(path, 'utf8');

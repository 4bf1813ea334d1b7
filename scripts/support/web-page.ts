import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
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

/** Builds web/ into dist/web; answers the compressed size of what is loaded first. Throws above the limit. */
export async function buildWebPage(): Promise<number> {
  // Inside of tests it says something else, and the page would be built for developing.
  const { NODE_ENV } = process.env;
  process.env['NODE_ENV'] = 'production';
  try {
    await build({ root: sources, configFile: join(sources, 'vite.config.ts'), logLevel: 'warn' });
  } finally {
    if (NODE_ENV === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = NODE_ENV;
  }
  const size = entrySize();
  if (size > ENTRY_LIMIT)
    throw new Error(`the page needs ${size} bytes of compressed scripts to begin, more than ${ENTRY_LIMIT}`);
  return size;
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

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
  const built = await build({ root: sources, configFile: join(sources, 'vite.config.ts'), logLevel: 'warn' });
  if (!('output' in built)) throw new Error('the page was not built in one go');
  const chunks = new Map(built.output.flatMap((one) => (one.type === 'chunk' ? [[one.fileName, one] as const] : [])));
  const first = new Set<string>();
  const take = (name: string): void => {
    if (first.has(name)) return;
    first.add(name);
    for (const needed of chunks.get(name)?.imports ?? []) take(needed);
  };
  for (const [name, { isEntry }] of chunks) if (isEntry) take(name);
  const size = [...first].reduce((sum, name) => sum + gzipSync(chunks.get(name)?.code ?? '').length, 0);
  if (size > ENTRY_LIMIT)
    throw new Error(`the page needs ${size} bytes of compressed scripts to begin, more than ${ENTRY_LIMIT}`);
  return size;
}

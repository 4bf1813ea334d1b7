import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildWebPage } from './support/web-page.ts';

/**
 * `npm run build`: src/ as JavaScript with declarations in dist/, from nothing, so that no removed file lives on, and the
 * web page in dist/web.
 */

const root = resolve(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status, error } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (error !== undefined) throw error;
if (status === 0 && !existsSync(join(root, 'dist', 'cli', 'main.js')))
  throw new Error('dist/cli/main.js was not built');
if (status === 0) await buildWebPage();
process.exitCode = status ?? 1;

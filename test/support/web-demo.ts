import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWebPage, isStale } from '../../scripts/support/web-page.ts';
import { startCli, until } from './cli.ts';

export interface ServedPage {
  /** With the token of the first run. */
  readonly link: string;
  /** The page's own address; behind it stands `#/connections` and the like. */
  readonly url: string;
  readonly said: () => string;
  close(): Promise<void>;
}

/** The built page over a real server: the demo's, or that of `quarry run` with this configuration. */
export async function servePage(args: readonly string[], write?: (dir: string) => Promise<void>): Promise<ServedPage> {
  if (isStale()) await buildWebPage();
  const dir = mkdtempSync(join(tmpdir(), 'quarry-page-'));
  await write?.(dir);
  const running = startCli(args, { cwd: dir, env: { QUARRY_LOG_FORMAT: 'json' } });
  let text = '';
  running.child.stderr!.on('data', (chunk: string) => {
    text += chunk;
  });
  await Promise.race([
    until(() => /"url":"[^"]+"/.test(text)),
    running.exited.then(() => Promise.reject(new Error(`it ended: ${text}`))),
  ]);
  const link = /"url":"([^"]+)"/.exec(text)![1]!;
  return {
    link,
    url: new URL('/', link).href,
    said: () => text,
    close: async () => {
      running.child.kill('SIGTERM');
      await running.exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

import { open, writeFile } from 'node:fs/promises';
import { supportBundle } from '../../collector/support.ts';
import type { Config } from '../../config/config.ts';
import { asQuarryError, explain, QuarryError } from '../../core/errors.ts';
import { print } from '../output.ts';
import { ownUrl } from '../own-url.ts';
import { version } from '../version.ts';
import { configuration, wholeConfiguration } from './configuration.ts';
import { lookIfThere } from './look.ts';

export interface BundleFlags {
  readonly config?: string;
  readonly out?: string;
  readonly log?: string;
  readonly force?: boolean;
}

const LOG_TAIL = 1 << 20;
const SCRAPE_MS = 5000;

/** Whatever cannot be had is said in the file, and the rest is written. Throws QRY6005, QRY6006. */
export async function writeBundle(flags: BundleFlags): Promise<number> {
  const problems: string[] = [];
  const noted = (thrown: unknown): undefined => void problems.push(explain(asQuarryError(thrown)));
  const config =
    (await wholeConfiguration(flags.config, true).catch(noted)) ??
    (await attempt(() => configuration(flags.config), noted));
  const log = flags.log === undefined ? undefined : await tail(flags.log);
  const metrics = await attempt(() => scrape(flags.config), noted);
  const make = (box: Parameters<typeof supportBundle>[0]['outbox']): Promise<string> =>
    supportBundle({
      config,
      outbox: box,
      version: version(),
      now: Date.now(),
      env: process.env,
      metrics,
      log,
      problems,
    });
  const text = config === undefined ? await make(undefined) : await whole(config, make, noted);
  if (flags.out === '-') await print(text);
  else await save(flags.out ?? `quarry-support-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`, text, flags);
  return 0;
}

/** With what was collected, or without where that cannot be opened. */
async function whole(
  config: Config,
  make: (box: Parameters<typeof supportBundle>[0]['outbox']) => Promise<string>,
  noted: (thrown: unknown) => undefined,
): Promise<string> {
  return (await attempt(() => lookIfThere(config, make), noted)) ?? make(undefined);
}

async function attempt<T>(work: () => T | Promise<T>, noted: (thrown: unknown) => undefined): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    return noted(thrown);
  }
}

async function scrape(file: string | undefined): Promise<string> {
  const answer = await fetch(new URL('/metrics', ownUrl(file)), { signal: AbortSignal.timeout(SCRAPE_MS) }).catch(
    (error: unknown) => {
      throw new QuarryError('QRY6012', { what: `No metrics: ${(error as Error).message}.` });
    },
  );
  return answer.text();
}

async function tail(path: string): Promise<string> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const from = Math.max(0, size - LOG_TAIL);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, LOG_TAIL)), 0, undefined, from);
      const text = buffer.subarray(0, bytesRead).toString('utf8');
      // The first line is whole only at the beginning of the file.
      return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new QuarryError('QRY6005', { what: (error as Error).message, where: path });
  }
}

async function save(path: string, text: string, { force }: BundleFlags): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: force === true ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new QuarryError('QRY6006', { what: `${path} is there already.`, where: path });
    throw new QuarryError('QRY6005', { what: message, where: path });
  }
  await print(`${path}\n`);
  process.stderr.write(
    'Secrets are taken out. Names of hosts, users and addresses of the configuration are not: read it before you send it.\n',
  );
}

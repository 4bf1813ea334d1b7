import type { LogFormat } from '../../config/config.ts';
import { QuarryError } from '../../core/errors.ts';
import { collect, openConsole } from '../collect.ts';
import { stopping } from '../stopping.ts';
import { summaryExit } from '../summary.ts';
import { wholeConfiguration } from './configuration.ts';

export interface WorkerFlags {
  readonly config?: string;
  readonly logFormat?: LogFormat;
  readonly name?: string;
  readonly labels?: readonly string[];
  /** Milliseconds. */
  readonly grace: number;
}

/** Takes its share of the work of everybody on one PostgreSQL, until stopped. */
export async function worker(flags: WorkerFlags): Promise<number> {
  const load = () => wholeConfiguration(flags.config, true);
  const config = await load();
  if (config.databaseUrl === undefined)
    throw new QuarryError('QRY1023', {
      what: 'A worker needs a database that others can reach, and none is configured.',
    });
  const speak = openConsole(config, flags.logFormat);
  const { name, labels, grace } = flags;
  const { summary, signalled } = await collect(config, speak, {
    once: false,
    sweep: false,
    timeout: 0,
    grace,
    stop: stopping(grace, (line) => speak.log.warn(line)),
    reload: load,
    worker: { ...(name === undefined ? {} : { name }), ...(labels === undefined ? {} : { labels }) },
  });
  return signalled ?? summaryExit(summary);
}

import { datasets } from '../../collector/port.ts';
import type { LogFormat } from '../../config/config.ts';
import { warningsOf } from '../../config/warnings.ts';
import { QuarryError } from '../../core/errors.ts';
import { collect, openConsole } from '../collect.ts';
import { noSuch } from '../names.ts';
import { serving } from '../serve.ts';
import { stopping } from '../stopping.ts';
import { summaryExit, summaryText } from '../summary.ts';
import { configuration, wholeConfiguration } from './configuration.ts';

export interface RunFlags {
  readonly config?: string;
  readonly logFormat?: LogFormat;
  readonly once?: boolean;
  readonly only?: readonly string[];
  readonly sweep?: boolean;
  readonly server: boolean;
  readonly work: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly grace: number;
}

export async function run(flags: RunFlags): Promise<number> {
  const once = flags.once === true;
  const { server } = configuration(flags.config);
  const listen = server === false || !flags.server || once ? undefined : server.listen;
  // Where there is a page, the first connection may still be to come.
  const load = () => wholeConfiguration(flags.config, listen !== undefined);
  const config = await load();
  const speak = openConsole(config, flags.logFormat);
  const { log } = speak;
  if (!flags.work && config.databaseUrl === undefined)
    throw new QuarryError('QRY1023', {
      what: '--no-work leaves the work to workers, which cannot reach this database.',
    });
  const { only } = flags;
  for (const warning of warningsOf(config, { datasets })) log.warn(warning);
  for (const name of only ?? []) {
    const known = new Set([...config.connections.values()].flatMap(({ datasets }) => [...datasets.keys()]));
    if (!known.has(name)) throw noSuch('data set', name, [...known]);
  }
  // Before anything is opened, so that no signal finds the process unprepared.
  const stop = stopping(flags.grace, (line) => log.warn(line));
  if (!flags.work) log.info('no work is done here: workers on the same database do it');
  const options = {
    once,
    sweep: flags.sweep === true,
    only,
    timeout: flags.timeout,
    grace: flags.grace,
    work: flags.work,
    stop,
    reload: once ? undefined : load,
    serve:
      listen === undefined
        ? undefined
        : serving({ listen, load: (stored) => configuration(flags.config, stored), demo: false }),
  };
  const { summary, signalled } = await collect(config, speak, options);
  if (once || signalled !== undefined) process.stderr.write(`\n${summaryText(summary)}`);
  return signalled ?? summaryExit(summary);
}

import { startServer } from '../../api/server.ts';
import type { LogFormat } from '../../config/config.ts';
import { collect, openConsole } from '../collect.ts';
import { noSuch } from '../names.ts';
import { stopping } from '../stopping.ts';
import { summaryExit, summaryText } from '../summary.ts';
import { configuration } from './configuration.ts';

export interface RunFlags {
  readonly config?: string;
  readonly logFormat?: LogFormat;
  readonly once?: boolean;
  readonly only?: readonly string[];
  readonly sweep?: boolean;
  readonly server: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly grace: number;
}

export async function run(flags: RunFlags): Promise<number> {
  const config = configuration(flags.config);
  const speak = openConsole(config, flags.logFormat);
  const { log } = speak;
  const { only } = flags;
  for (const name of only ?? []) {
    const known = new Set([...config.connections.values()].flatMap(({ datasets }) => [...datasets.keys()]));
    if (!known.has(name)) throw noSuch('data set', name, [...known]);
  }
  const once = flags.once === true;
  // Before anything is opened, so that no signal finds the process unprepared.
  const stop = stopping(flags.grace, (line) => log.warn(line));
  const server = config.server === false || !flags.server || once ? undefined : await startServer(config.server.listen);
  if (server !== undefined) log.info('the page answers', { url: server.url });
  try {
    const options = {
      once,
      sweep: flags.sweep === true,
      only,
      timeout: flags.timeout,
      grace: flags.grace,
      stop,
      reload: once ? undefined : () => configuration(flags.config),
    };
    const { summary, signalled } = await collect(config, speak, options);
    if (once || signalled !== undefined) process.stderr.write(`\n${summaryText(summary)}`);
    return signalled ?? summaryExit(summary);
  } finally {
    await server?.close();
  }
}

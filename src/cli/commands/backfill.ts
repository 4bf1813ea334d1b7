import { askBackfill, canBackfill, datasets, noBackfill } from '../../collector/port.ts';
import type { Config, LogFormat } from '../../config/config.ts';
import { parseDuration, parseTime } from '../../config/units.ts';
import { qualysTime } from '../../core/clock.ts';
import { asQuarryError, QuarryError } from '../../core/errors.ts';
import { collect, openConsole } from '../collect.ts';
import { named, noSuch } from '../names.ts';
import { summaryExit, summaryText } from '../summary.ts';
import { configuration } from './configuration.ts';

export interface BackfillFlags {
  readonly config?: string;
  readonly logFormat?: LogFormat;
  readonly connection?: string;
  readonly from: string;
  readonly to?: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly grace: number;
}

/**
 * Notes which times of a log are to be read again, then reads them, a day at a time and behind what is due anyway; where a
 * collector holds the data directory, that one does. Stopped, it goes on with the next `quarry run`.
 */
export async function backfill(dataset: string, flags: BackfillFlags): Promise<number> {
  const config = configuration(flags.config);
  const speak = openConsole(config, flags.logFormat);
  const stream = streamOf(config, dataset, flags.connection);
  const from = timeOf(flags.from, '--from');
  const to = flags.to === undefined ? qualysTime(Date.now()) : timeOf(flags.to, '--to');
  if (Date.parse(from) >= Date.parse(to))
    throw new QuarryError('QRY6004', {
      what: `--from ${from} is not before --to ${to}.`,
      where: '--from',
      fix: 'Give --from the earlier of the two.',
    });
  const before = await askBackfill(config, stream, { from, to });
  if (before !== undefined) speak.log.warn('this takes the place of a back-fill that was not done', { ...before });
  try {
    const { summary, signalled } = await collect(config, speak, {
      once: true,
      sweep: false,
      only: [stream.dataset],
      timeout: flags.timeout,
      grace: flags.grace,
    });
    process.stderr.write(`\n${summaryText(summary)}`);
    return signalled ?? summaryExit(summary);
  } catch (thrown) {
    if (asQuarryError(thrown).code !== 'QRY4004') throw thrown;
    speak.log.info('noted; the collector at work reads it behind its live streams', { ...stream, from, to });
    return 0;
  }
}

function streamOf(config: Config, dataset: string, wanted: string | undefined) {
  const facts = [...datasets.values()].find(({ name, aliases }) => name === dataset || aliases.includes(dataset));
  if (facts === undefined) throw noSuch('data set', dataset, [...datasets.keys()]);
  const { name } = facts;
  if (!canBackfill(facts)) {
    const logs = [...datasets.values()].filter(canBackfill).map((one) => one.name);
    const { what, fix } = noBackfill(facts);
    throw new QuarryError('QRY6004', { what, fix: `${fix} Back-fill is for logs read by times: ${logs.join(', ')}.` });
  }
  if (wanted !== undefined) named('connection', wanted, config.connections);
  const having = [...config.connections.values()].filter(({ datasets: own }) => own.get(name)?.enabled === true);
  const ids = having.map(({ id }) => id);
  const connection = wanted ?? (ids.length === 1 ? ids[0] : undefined);
  if (connection === undefined || !ids.includes(connection)) {
    throw new QuarryError('QRY6003', {
      what:
        connection === undefined && ids.length > 1
          ? `Several connections read ${name}.`
          : `No such connection reads ${name}.`,
      fix: ids.length === 0 ? `Enable ${name} on a connection.` : `Name one with --connection: ${ids.join(', ')}.`,
    });
  }
  return { connection, dataset: name };
}

/** A time, or `30d` ago. */
function timeOf(text: string, where: string): string {
  const ago = parseDuration(text);
  const time = ago === undefined ? parseTime(text) : qualysTime(Date.now() - ago);
  if (time !== undefined) return time;
  const what = `“${text}” is neither a time nor a duration.`;
  throw new QuarryError('QRY6004', {
    what,
    where,
    fix: 'Write 2026-01-31, 2026-01-31T12:00:00Z, or how long ago: 7d.',
  });
}

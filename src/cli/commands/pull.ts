import { datasets, readOnce } from '../../collector/port.ts';
import type { LogFormat } from '../../config/config.ts';
import { parseDuration, parseTime } from '../../config/units.ts';
import { qualysTime } from '../../core/clock.ts';
import { QuarryError } from '../../core/errors.ts';
import { contextAs } from '../../core/format.ts';
import type { Fields, Value } from '../../core/words.ts';
import { createLog, logDefaults } from '../log.ts';
import { named, noSuch } from '../names.ts';
import { stopping } from '../stopping.ts';
import { version } from '../version.ts';
import { type OutputFormat, writerOf } from '../writers.ts';
import { wholeConfiguration } from './configuration.ts';

export interface PullFlags {
  readonly config?: string;
  readonly logFormat?: LogFormat;
  readonly connection?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly output: OutputFormat;
}

export async function pull(names: readonly string[], flags: PullFlags): Promise<number> {
  const config = await wholeConfiguration(flags.config);
  if (flags.connection !== undefined) named('connection', flags.connection, config.connections);
  const { format, color } = logDefaults(process.env, process.stderr.isTTY === true);
  const log = createLog({ format: flags.logFormat ?? config.logFormat ?? format, level: 'warn', color });
  if (flags.limit !== undefined && !(Number.isSafeInteger(flags.limit) && flags.limit > 0)) {
    throw new QuarryError('QRY6004', { what: `--limit takes a whole number above 0, not “${flags.limit}”.` });
  }
  const stop = stopping(0, () => {});
  try {
    for (const dataset of names) {
      const writer = writerOf(flags.output, columnsOf(dataset), cell);
      const once = { config, log, version: version(), connection: flags.connection, dataset, limit: flags.limit };
      await readOnce({ ...once, since: sinceOf(flags.since), signal: stop.finish }, (records) => writer.add(records));
      await writer.end();
    }
    return 0;
  } catch (thrown) {
    if (stop.code() !== undefined) return stop.code()!;
    throw thrown;
  } finally {
    stop.end();
  }
}

/** `7d` (ago) or a time, as Qualys takes it. */
function sinceOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  if (ago !== undefined) return qualysTime(Date.now() - ago);
  const time = parseTime(text);
  if (time !== undefined) return time;
  const what = `“${text}” is neither a time nor a duration.`;
  throw new QuarryError('QRY6004', {
    what,
    where: '--since',
    fix: 'Write 2026-01-31, 2026-01-31T12:00:00Z, or how long ago: 7d.',
  });
}

/** Columns of CSV and table: the host first, then the record's documented fields. */
function columnsOf(dataset: string): string[] {
  const file = datasets.get(dataset);
  if (file === undefined) throw noSuch('data set', dataset, [...datasets.keys()]);
  const { fields, format } = file;
  const as = contextAs(format);
  const own = Object.keys(fields).filter((name) => name !== as);
  return as === undefined ? own : [...['ID', 'IP', 'DNS', 'OS'].map((name) => `${as}.${name}`), ...own];
}

function cell(record: Fields, column: string): string {
  let value: Value | undefined = record;
  for (const name of column.split('.'))
    value = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields)[name] : undefined;
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value);
  const text = Array.isArray(value) ? undefined : (value as Fields)['#text'];
  return text === undefined ? JSON.stringify(value) : String(text);
}

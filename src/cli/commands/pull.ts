import { datasets, readOnce } from '../../collector/port.ts';
import type { LogFormat } from '../../config/config.ts';
import { parseDuration, parseTime } from '../../config/units.ts';
import { qualysTime } from '../../core/clock.ts';
import { QuarryError } from '../../core/errors.ts';
import { contextAs } from '../../core/format.ts';
import type { Fields, Value } from '../../core/words.ts';
import { createLog, logDefaults } from '../log.ts';
import { named, noSuch } from '../names.ts';
import { print, table } from '../output.ts';
import { stopping } from '../stopping.ts';
import { version } from '../version.ts';
import { wholeConfiguration } from './configuration.ts';

export interface PullFlags {
  readonly config?: string;
  readonly logFormat?: LogFormat;
  readonly connection?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly output: 'ndjson' | 'json' | 'csv' | 'table';
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
      const writer = WRITERS[flags.output](columnsOf(dataset));
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
  throw new QuarryError('QRY6004', { what: `“${text}” is neither a time nor a duration.`, where: '--since' });
}

interface Writer {
  add(records: readonly Fields[]): Promise<void>;
  end(): Promise<void>;
}

const WRITERS: Readonly<Record<PullFlags['output'], (columns: readonly string[]) => Writer>> = {
  ndjson: () => ({
    add: (records) => print(records.map((record) => `${JSON.stringify(record)}\n`).join('')),
    end: async () => {},
  }),
  json: () => {
    let first = true;
    return {
      add: async (records) => {
        for (const record of records) {
          await print(`${first ? '[\n' : ',\n'}${JSON.stringify(record)}`);
          first = false;
        }
      },
      end: () => print(first ? '[]\n' : '\n]\n'),
    };
  },
  csv: (columns) => {
    let head = `${columns.map(csvCell).join(',')}\r\n`;
    return {
      add: async (records) => {
        await print(
          head +
            records.map((record) => `${columns.map((column) => csvCell(cell(record, column))).join(',')}\r\n`).join(''),
        );
        head = '';
      },
      end: () => print(head),
    };
  },
  table: (columns) => {
    const rows: string[][] = [];
    const shown = columns.slice(0, TABLE_COLUMNS);
    return {
      add: async (records) => {
        for (const record of records)
          rows.push(shown.map((column) => cell(record, column).slice(0, TABLE_WIDTH).replaceAll(/\s+/g, ' ')));
      },
      end: () => print(table(shown, rows)),
    };
  },
};

const TABLE_COLUMNS = 9;
const TABLE_WIDTH = 40;

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

/** RFC 4180; a leading = + - @ is not touched: this is data for programs, and says so in the help. */
const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

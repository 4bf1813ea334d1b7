import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { QuarryError } from '../core/errors.ts';
import type { Log, LogFields } from '../core/log.ts';
import { devoLine, type Level, mainThread, type Place } from './devo-log/lines.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  /** `json`: one object a line. `pretty`: for people. `devo`: the line form of Devo's own collectors. */
  readonly format: 'json' | 'pretty' | 'devo';
  readonly level: LogLevel;
  readonly color: boolean;
  /** Format devo: where a line belongs, by its fields, and the messages that are said otherwise. */
  readonly devo?: {
    readonly place: (fields: Readonly<Record<string, unknown>>) => Place;
    readonly said: ReadonlySet<string>;
  };
  /** Standard error when not given: standard output is for data. */
  readonly stream?: DestinationStream;
}

/** Where secrets would stand if someone logged a whole object; what is a `Secret` hides itself. */
const SECRET_NAMES = ['password', 'token', 'authorization', 'Authorization', 'cookie', 'client_secret', 'clientSecret'];
const REDACTED = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/**
 * Log lines on standard error, written before the call returns, so that the last one before an exit is there. Keys:
 * time (ISO 8601, UTC), level, msg, then the fields: connection, dataset, sink, pull, code …
 */
export function createLog({ format, level, color, stream, devo }: LogOptions): Log {
  const target = stream ?? pino.destination({ dest: 2, sync: true });
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
      serializers: { error: errorFields },
    },
    format === 'json' ? target : format === 'pretty' ? prettyStream(target, color) : devoStream(target, devo),
  );
  return wrap(logger);
}

/** What the terminal and the environment want, when the user has said nothing: https://no-color.org, FORCE_COLOR, CI. */
export function logDefaults(
  env: Readonly<Record<string, string | undefined>>,
  isTty: boolean,
): { readonly format: 'json' | 'pretty'; readonly color: boolean } {
  const on = (name: string) => env[name] !== undefined && env[name] !== '';
  const forced = on('FORCE_COLOR') && env['FORCE_COLOR'] !== '0';
  const color = !on('NO_COLOR') && (forced || (isTty && env['TERM'] !== 'dumb' && !on('CI')));
  return { format: isTty ? 'pretty' : 'json', color };
}

function wrap(logger: Logger): Log {
  return {
    debug: (msg, fields = {}) => logger.debug(fields, msg),
    info: (msg, fields = {}) => logger.info(fields, msg),
    warn: (msg, fields = {}) => logger.warn(fields, msg),
    error: (msg, fields = {}) => logger.error(fields, msg),
    child: (fields: LogFields) => wrap(logger.child(fields)),
  };
}

/** An error as fields: what is known of ours, name and stack of a stranger. */
function errorFields(error: unknown): unknown {
  if (error instanceof QuarryError) {
    const { code, message, where, qualys } = error;
    return { code, message, where, qualys };
  }
  if (error instanceof Error) return { name: error.name, message: error.message, stack: error.stack };
  return error;
}

function prettyStream(target: DestinationStream, color: boolean): DestinationStream {
  const prettify = pretty.prettyFactory({
    colorize: color,
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    messageFormat: ({ level: _level, time: _time, msg, ...fields }) => `${String(msg)}${pairs(fields)}`,
  });
  return { write: (line) => void target.write(prettify(line)) };
}

/** `  stream=acme/host_list pages=12 what="Qualys did not answer"`: nothing for absent and zero-length values. */
function pairs(fields: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '');
  const text = (value: unknown): string => {
    const plain = typeof value === 'string' ? value : JSON.stringify(value);
    return typeof value === 'string' && /[\s"=]/.test(plain) ? JSON.stringify(plain) : plain;
  };
  return shown.map(([name, value], i) => `${i === 0 ? '  ' : ' '}${name}=${text(value)}`).join('');
}

/** `2024-05-30T17:12:26.992    INFO InputProcess::MainThread -> message {fields}`, as the Devo collector SDK prints. */
function devoStream(target: DestinationStream, devo: LogOptions['devo']): DestinationStream {
  const usual = (fields: Readonly<Record<string, unknown>>): Place =>
    mainThread('sink' in fields ? 'OutputProcess' : 'connection' in fields ? 'InputProcess' : 'MainProcess');
  return {
    write: (line) => {
      const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
      if (devo?.said.has(String(msg)) === true) return;
      const word = (level === 'warn' ? 'WARNING' : String(level).toUpperCase()) as Level;
      const rest = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
      target.write(devoLine(Date.parse(String(time)), word, (devo?.place ?? usual)(fields), `${String(msg)}${rest}`));
    },
  };
}

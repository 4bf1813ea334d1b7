/** What a log line carries besides its message. Known names: connection, dataset, sink, pull, code, ms. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Log lines as every room writes them. The message is one sentence without particulars that change from line to line;
 * those are fields. Secrets go in as `Secret` or not at all.
 */
export interface Log {
  debug(msg: string, fields?: LogFields): void;
  info(msg: string, fields?: LogFields): void;
  warn(msg: string, fields?: LogFields): void;
  error(msg: string, fields?: LogFields): void;
  /** The same log with these fields on every line. */
  child(fields: LogFields): Log;
}

/** Says nothing. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

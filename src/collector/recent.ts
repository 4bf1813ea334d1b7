import type { Log, LogFields } from '../core/log.ts';

/** Things that happened, numbered, the last so many: who was away for a while asks for those after the last one seen. */
export interface Recent<T> {
  add(item: T): void;
  /** Those after this number, oldest first; all there are without it. */
  after(number?: number): readonly Numbered<T>[];
  /** Called with each that comes; the answer ends it. */
  follow(listener: (item: Numbered<T>) => void): () => void;
}

export interface Numbered<T> {
  /** Rises by one; begins at 1 with the process. */
  readonly number: number;
  readonly item: T;
}

export function createRecent<T>(keep: number): Recent<T> {
  const items: Numbered<T>[] = [];
  const listeners = new Set<(item: Numbered<T>) => void>();
  let last = 0;
  return {
    add: (item) => {
      const numbered = { number: ++last, item };
      items.push(numbered);
      if (items.length > keep) items.splice(0, items.length - keep);
      for (const listener of listeners) listener(numbered);
    },
    after: (number = 0) => items.filter((one) => one.number > number),
    follow: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export interface LogLine {
  /** Epoch ms. */
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly msg: string;
  readonly fields: LogFields;
}

/** A log whose lines are also kept. Secrets hide themselves, as in any line. */
export function keepingLog(log: Log, lines: Recent<LogLine>, now: () => number, own: LogFields = {}): Log {
  const both =
    (level: LogLine['level']) =>
    (msg: string, fields: LogFields = {}): void => {
      lines.add({ at: now(), level, msg, fields: { ...own, ...fields } });
      log[level](msg, fields);
    };
  return {
    debug: both('debug'),
    info: both('info'),
    warn: both('warn'),
    error: both('error'),
    child: (fields) => keepingLog(log.child(fields), lines, now, { ...own, ...fields }),
  };
}

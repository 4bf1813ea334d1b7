/**
 * The thread that owns the SQLite connection, so that no statement ever stops the event loop. It takes one message at
 * a time and answers each; transactions are begun and ended by messages. It knows SQL and columns, nothing else.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { type Column, isCoded, ROWS_AT_ONCE } from './store.ts';

export type Request =
  | { readonly kind: 'query'; readonly sql: string; readonly values: readonly SQLInputValue[] }
  | {
      readonly kind: 'many';
      readonly sql: string;
      /** The same for `ROWS_AT_ONCE` rows, where there is such a statement. */
      readonly several: string | undefined;
      readonly columns: readonly Column[];
      readonly rows: number;
    }
  | {
      readonly kind: 'select';
      readonly sql: string;
      readonly columns: readonly Column[];
      readonly rows: number;
      readonly names: readonly string[];
    }
  | { readonly kind: 'close' };

export interface Failure {
  readonly message: string;
  readonly errcode?: number;
}

const { file, readOnly } = workerData as { file: string; readOnly: boolean };
const db = new DatabaseSync(file, { readOnly, timeout: 10_000 });
if (!readOnly) {
  db.exec('PRAGMA journal_mode=WAL');
  // FULL: a commit that returned survives power loss; the outbox's promise rests on it.
  db.exec('PRAGMA synchronous=FULL');
  // 16,000 pages (64 MB) between checkpoints: measured 1.3 times the insert rate of the default 1,000.
  db.exec('PRAGMA wal_autocheckpoint=16000');
  db.exec('PRAGMA journal_size_limit=134217728');
}
db.exec('PRAGMA cache_size=-16384');
// What a sort or an index needs beyond the cache goes to a file: in memory, an index by QID over 3,000,000 rows took 184 MiB
// and a third more CPU time.
db.exec('PRAGMA temp_store=FILE');
db.exec('PRAGMA foreign_keys=ON');

const MAX_STATEMENTS = 200;
const statements = new Map<string, { statement: StatementSync; returnsRows: boolean }>();

function prepare(sql: string): { statement: StatementSync; returnsRows: boolean } {
  let entry = statements.get(sql);
  if (entry === undefined) {
    if (statements.size >= MAX_STATEMENTS) statements.clear();
    const statement = db.prepare(sql);
    entry = { statement, returnsRows: statement.columns().length > 0 };
    statements.set(sql, entry);
  }
  return entry;
}

/** The values of `count` rows from `row` on; the same array each time. */
function binder(columns: readonly Column[], count = 1): (row: number) => SQLInputValue[] {
  const width = columns.length;
  const values = new Array<SQLInputValue>(width * count);
  return (row) => {
    for (let i = 0; i < width; i++) {
      const column = columns[i]!;
      for (let k = 0, at = i; k < count; k++, at += width) {
        if (typeof column !== 'object') values[at] = column;
        else values[at] = isCoded(column) ? column.texts[column.codes[row + k]!]! : column[row + k]!;
      }
    }
    return values;
  };
}

function handle(request: Request): unknown {
  switch (request.kind) {
    case 'query': {
      const { statement, returnsRows } = prepare(request.sql);
      if (returnsRows) return { rows: statement.all(...request.values), changes: 0 };
      return { rows: [], changes: Number(statement.run(...request.values).changes) };
    }
    case 'many': {
      const { columns, rows, several } = request;
      let changes = 0;
      let row = 0;
      if (several !== undefined && rows >= ROWS_AT_ONCE) {
        const { statement } = prepare(several);
        const bind = binder(columns, ROWS_AT_ONCE);
        for (; row + ROWS_AT_ONCE <= rows; row += ROWS_AT_ONCE) changes += Number(statement.run(...bind(row)).changes);
      }
      const { statement } = prepare(request.sql);
      const bind = binder(columns);
      for (; row < rows; row++) changes += Number(statement.run(...bind(row)).changes);
      return changes;
    }
    case 'select': {
      const { statement } = prepare(request.sql);
      statement.setReturnArrays(true);
      const bind = binder(request.columns);
      const row: number[] = [];
      const columns: SQLInputValue[][] = request.names.map(() => []);
      for (let i = 0; i < request.rows; i++) {
        for (const found of statement.all(...bind(i)) as unknown as SQLInputValue[][]) {
          row.push(i);
          for (let c = 0; c < columns.length; c++) columns[c]!.push(found[c]!);
        }
      }
      return { row, columns: Object.fromEntries(request.names.map((name, c) => [name, columns[c]!])) };
    }
    case 'close':
      statements.clear();
      db.close();
      return null;
  }
}

parentPort?.on('message', ({ id, request }: { id: number; request: Request }) => {
  try {
    parentPort?.postMessage({ id, value: handle(request) });
  } catch (error) {
    const failure: Failure = {
      message: error instanceof Error ? error.message : String(error),
      ...(error instanceof Error && 'errcode' in error ? { errcode: Number(error.errcode) } : {}),
    };
    parentPort?.postMessage({ id, failure });
  }
});
parentPort?.postMessage({ id: 0, value: 'open' });

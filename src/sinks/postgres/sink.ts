/**
 * Events of one table and connection are one transaction: staged by COPY, brought into the table, committed. Answered
 * as delivered after the reply to COMMIT; the same rows may come again at any time (`ON CONFLICT`).
 *
 * A transaction that the server refuses because of what stands in it (classes 22 and 23, limits, a trigger's own
 * words) is tried again in halves until the event at fault stands alone; only that one is rejected. After any other
 * failure the events wait. When the connection is lost, the rest of the write is not tried.
 */
import { QuarryError } from '../../core/errors.ts';
import type { Batch, OpenSink, Outcome } from '../../core/sink.ts';
import { filled } from '../define.ts';
import { copyText, type Row } from './rows.ts';
import { type Access, failure, type Libraries, openSession, type Session, sqlState } from './session.ts';
import { createStatements, insertStatement, type Shape } from './sql.ts';

export interface Settings extends Access, Shape {
  readonly table: string;
  readonly create: boolean;
}

interface Group {
  readonly table: string;
  readonly rows: Row[];
}

const refusal = /^(22|23|54|P0001)/;
const missing = new Set(['42P01', '3F000']);
/** Another collector made the same table in the same moment. */
const madeMeanwhile = new Set(['23505', '42P07', '42P06']);

/** Opens the sink; the first check or write signs in. */
export function openPostgres(settings: Settings, baseDir: string, libraries: Libraries): OpenSink {
  let held: Session | undefined;

  async function session(): Promise<Session> {
    if (held?.usable !== true) held = await openSession(settings, baseDir, libraries);
    return held;
  }

  /** Work on the session, cut off by the signal or the time limit. */
  async function within<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    const late = AbortSignal.timeout(settings.timeout * 1000);
    const either = AbortSignal.any([signal, late]);
    signal.throwIfAborted();
    return new Promise<T>((resolve, reject) => {
      const stop = (): void => {
        held?.drop();
        const what = `no answer within ${settings.timeout} s`;
        reject(signal.aborted ? (signal.reason as Error) : new QuarryError('QRY5042', { what }));
      };
      either.addEventListener('abort', stop, { once: true });
      session()
        .then((open) => {
          if (either.aborted) open.drop();
          return work(open);
        })
        .then(resolve, reject)
        .finally(() => either.removeEventListener('abort', stop));
    });
  }

  /** One transaction; afterwards the session is out of it, or dropped. */
  async function transaction(open: Session, end: 'COMMIT' | 'ROLLBACK', work: () => Promise<void>): Promise<void> {
    try {
      await open.run('BEGIN');
      await work();
      await open.run(end);
    } catch (error) {
      if (sqlState(error) === undefined) open.drop();
      else await open.run('ROLLBACK').catch(() => open.drop());
      throw error;
    }
  }

  async function put(open: Session, table: string, rows: readonly Row[], end: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    const text = copyText(rows);
    await transaction(open, end, async () => {
      await open.stage(text);
      await open.run(insertStatement(settings, table));
    });
  }

  async function create(open: Session, table: string): Promise<void> {
    for (const sql of createStatements(settings, table))
      await open.run(sql).catch((error: unknown) => {
        if (!madeMeanwhile.has(sqlState(error) ?? '')) throw error;
      });
  }

  /** Puts rows; makes the table when it is missing; halves what is refused. Throws when nothing is known of the rest. */
  async function deliver(open: Session, { table, rows }: Group, settle: Settle): Promise<void> {
    try {
      await put(open, table, rows, 'COMMIT').catch(async (error: unknown) => {
        if (!settings.create || !missing.has(sqlState(error) ?? '')) throw error;
        await create(open, table);
        await put(open, table, rows, 'COMMIT');
      });
      for (const row of rows) settle(row, 'delivered');
    } catch (error) {
      const state = sqlState(error) ?? '';
      if (!refusal.test(state)) throw error;
      if (rows.length === 1) settle(rows[0]!, { rejected: (error as Error).message, code: state });
      else {
        const middle = rows.length >> 1;
        await deliver(open, { table, rows: rows.slice(0, middle) }, settle);
        await deliver(open, { table, rows: rows.slice(middle) }, settle);
      }
    }
  }

  async function check(open: Session): Promise<void> {
    const identity = { tenant: 'quarry', subscription: 'quarry', connection: 'quarry', dataset: 'quarry_check' };
    const table = tableOf(settings.table, identity);
    const probe: Batch = {
      ...identity,
      id: 'check',
      pullingId: '0',
      count: 1,
      bytes: Buffer.from('{}\n'),
      ends: [3],
      eventId: () => 'quarry-check',
      seq: () => 0,
      key: () => '["quarry-check"]',
      change: () => 'new',
      time: () => '1970-01-01T00:00:00Z',
    };
    const perDataset = table !== settings.table;
    await transaction(open, 'ROLLBACK', async () => {
      if (settings.create) for (const sql of createStatements(settings, table)) await open.run(sql);
      // Which tables there will be is not known here: that theirs is missing is said by the write.
      else if (perDataset) return;
      await open.stage(copyText([{ batch: probe, event: 0 }]));
      await open.run(insertStatement(settings, table));
    });
  }

  return {
    check: async () => {
      await within(new AbortController().signal, check).catch((error: unknown) => {
        throw failure(error);
      });
    },
    write: async (batches, signal) => {
      const outcomes = batches.map((batch) => new Array<Outcome | undefined>(batch.count));
      const place = new Map(batches.map((batch, b) => [batch, outcomes[b]!]));
      let failed: QuarryError | undefined;
      const unknown = (): Outcome => ({ retry: failed?.message ?? 'not tried' });
      for (const group of groupsOf(settings.table, batches)) {
        if (failed?.code === 'QRY5042') break;
        try {
          await within(signal, (open) =>
            deliver(open, group, ({ batch, event }, outcome) => {
              place.get(batch)![event] = outcome;
            }),
          );
        } catch (error) {
          if (signal.aborted) throw error;
          failed = failure(error);
          for (const { batch, event } of group.rows) place.get(batch)![event] ??= unknown();
        }
      }
      return outcomes.map((all) => Array.from(all, (one) => one ?? unknown()));
    },
    close: async () => {
      await held?.end();
      held = undefined;
    },
  };
}

type Settle = (row: Row, outcome: Outcome) => void;

/** The table of a stream; PostgreSQL would cut a longer name, and two tables might become one. */
function tableOf(template: string, stream: Parameters<typeof filled>[1]): string {
  const name = filled(template, stream, (value) => value.replaceAll(/[^A-Za-z0-9_]/g, '_'));
  if (Buffer.byteLength(name) > 55) throw new QuarryError('QRY5043', { what: `table name over 55 bytes: ${name}` });
  return name;
}

/** Events by table and connection, in their order. */
function groupsOf(template: string, batches: readonly Batch[]): Group[] {
  const groups = new Map<string, Group>();
  for (const batch of batches) {
    const table = tableOf(template, batch);
    const name = JSON.stringify([table, batch.connection]);
    const group = groups.get(name) ?? { table, rows: [] };
    groups.set(name, group);
    for (let event = 0; event < batch.count; event++) group.rows.push({ batch, event });
  }
  return [...groups.values()];
}

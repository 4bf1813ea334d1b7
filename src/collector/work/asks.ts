/**
 * What people ask of streams where several workers share a database: rows of the table `ask`, which every worker looks
 * through once a second for those of subscriptions that it pulls. So it does not matter which process was asked.
 *
 * Invariants
 *  1. A row is there until it has been acted on: what begins a pull until that pull begins, the rest until it is done. A
 *     worker that dies between leaves the row to whoever takes its subscription over, so an ask may be done twice.
 *  2. Asking again what is asked already makes no second row; its time moves on, and with it only the newer goes away.
 *  3. Who gives a subscription up forgets what was asked of its streams: the row is the next one's.
 *  4. A change of the configuration concerns everybody: its row stays, and each process remembers the time it has seen.
 *
 * There is no notification beside the rows (decision 0019): looking costs one statement, waits a second at most, needs no
 * session of its own, and PgBouncer in transaction mode delivers none.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Log } from '../../core/log.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import type { Migration } from '../../store/migrate.ts';
import type { Store } from '../../store/store.ts';
import type { Asked, LocalAsks } from '../local-asks.ts';

export interface AskSchema {
  /** `stream` is `connection/dataset`; `at` is epoch ms by the database's clock, and differs with every asking. */
  ask: { stream: string; what: string; at: number };
}

export const askMigrations: readonly Migration[] = [
  {
    number: 55,
    name: 'what is asked of streams',
    // A table more: programs of before do not look at it.
    admits: 45,
    statements: ({ text }) => [
      `CREATE TABLE ask (stream ${text} NOT NULL, what ${text} NOT NULL, at bigint NOT NULL, PRIMARY KEY (stream, what))`,
    ],
  },
];

const LOOK_MS = 1000;
/** What nobody came for is forgotten: the stream is pulled by nobody any more. */
const FORGOTTEN_MS = 86_400_000;
/** A change of the configuration so young may have come after this process read its own. */
const YOUNG_MS = 60_000;
const NOW = sql<number>`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;
/** The row that says when the configuration was changed last. */
const CONFIGURATION = { stream: '', what: 'configuration' };

/** The asking side. */
export interface Asks {
  put(streams: readonly string[], what: Asked): Promise<void>;
  /** The configuration was changed here, and is in force: others are to read it. */
  changed(): Promise<void>;
}

/** The answering side: what a process does for subscriptions it pulls, and the configuration for everybody. */
export interface AnswerOptions {
  /** Whether this process pulls the stream now. */
  readonly pulls: (stream: string) => boolean;
  readonly local: LocalAsks;
  /** Has the configuration read again. */
  readonly reload: () => void;
  readonly log: Log;
}

export interface SharedAsks extends Asks {
  /** Looks through the rows until told to stop. */
  answer(options: AnswerOptions, signal: AbortSignal): Promise<void>;
}

export function sharedAsks(outbox: Outbox): SharedAsks {
  const { db } = outbox.store as unknown as Store<AskSchema>;
  let seen: number | undefined;
  let hint = new AbortController();

  const write = async (streams: readonly string[], what: string): Promise<number> => {
    const { rows } = await sql<{ at: number }>`
      INSERT INTO ask (stream, what, at) SELECT s, ${what}, ${NOW} FROM unnest(${streams}::text[]) AS wanted(s)
      ON CONFLICT (stream, what) DO UPDATE SET at = greatest(ask.at + 1, excluded.at) RETURNING at`.execute(db);
    hint.abort();
    return Math.max(0, ...rows.map(({ at }) => at));
  };
  const remove = async (stream: string, what: string, at: number): Promise<void> =>
    void (await db
      .deleteFrom('ask')
      .where('stream', '=', stream)
      .where('what', '=', what)
      .where('at', '<=', at)
      .execute());

  async function answer({ pulls, local, reload, log }: AnswerOptions, signal: AbortSignal): Promise<void> {
    /** Stream → what was handed to its loop, and when it was asked. */
    const handed = new Map<string, Map<Asked, number>>();
    const began = new Set<string>();
    local.onTaken((stream) => void began.add(stream));

    async function look(): Promise<void> {
      seen ??= (await sql<{ now: number }>`SELECT ${NOW} AS now`.execute(db)).rows[0]!.now - YOUNG_MS;
      for (const stream of began) {
        for (const [what, at] of handed.get(stream) ?? []) await remove(stream, what, at);
        handed.delete(stream);
        began.delete(stream);
      }
      for (const stream of handed.keys()) {
        if (pulls(stream)) continue;
        handed.delete(stream);
        local.forget(stream);
      }
      for (const { stream, what, at } of await db.selectFrom('ask').selectAll().orderBy('at').execute()) {
        if (stream === CONFIGURATION.stream) {
          if (at <= seen) continue;
          seen = at;
          reload();
        } else if (pulls(stream)) await act(stream, what as Asked, at);
      }
      await sql`DELETE FROM ask WHERE stream <> '' AND at < ${NOW} - ${FORGOTTEN_MS}::bigint`.execute(db);
    }
    async function act(stream: string, what: Asked, at: number): Promise<void> {
      const mine = handed.get(stream) ?? new Map<Asked, number>();
      if (mine.get(what) === at) return;
      log.info('asked for by hand', { stream, what });
      if ((await local.ask(stream, what)) !== 'handed') return remove(stream, what, at);
      handed.set(stream, mine.set(what, at));
    }
    while (!signal.aborted) {
      hint = new AbortController();
      const woken = AbortSignal.any([signal, hint.signal]);
      await look().catch((error: unknown) => {
        log.debug('asks could not be looked through', { what: error instanceof Error ? error.message : String(error) });
      });
      await wait(LOOK_MS, undefined, { signal: woken }).catch(() => {});
    }
  }
  return {
    answer,
    put: async (streams, what) => void (await write(streams, what)),
    changed: async () => {
      seen = await write([CONFIGURATION.stream], CONFIGURATION.what);
    },
  };
}

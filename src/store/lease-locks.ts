import { setTimeout as wait } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';

/** What holds a row is seen only by who waits for it; so long. */
const LOOK_MS = 100;
const PATIENCE = '2s';

/**
 * Ends transactions that hold the row of a lease which ran out more than `late` ms ago and that wait for their process in
 * the middle of a statement (COPY, a long answer): it was stopped, or its machine is gone. The server's own limit is for
 * transactions that stand idle between statements; such a one would stand until TCP gives up, which takes hours. One lease
 * at a call, any of them.
 */
export async function unlockLeases<Schema>(
  db: Kysely<Schema>,
  resources: readonly string[],
  late: number,
): Promise<void> {
  const { rows } = await sql<{ resource: string }>`
    SELECT resource FROM lease WHERE resource = ANY(${resources}::text[])
      AND owner IS NOT NULL AND until < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - ${late}::bigint
    ORDER BY random() LIMIT 1`.execute(db);
  for (const { resource } of rows) await unlock(db, resource).catch(() => {});
}

/** Throws when somebody else holds it longer than a look may take: a transaction that is at work, which will end. */
const unlock = <Schema>(db: Kysely<Schema>, resource: string): Promise<void> =>
  db.transaction().execute(async (tx) => {
    const me = sql<{ pid: number }>`SELECT pg_backend_pid() AS pid, set_config('lock_timeout', ${PATIENCE}, true)`;
    const { pid } = (await me.execute(tx)).rows[0]!;
    const waiting = sql`SELECT 1 FROM lease WHERE resource = ${resource} FOR UPDATE`.execute(tx);
    waiting.catch(() => {});
    await wait(LOOK_MS);
    await sql`SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
      WHERE a.pid = ANY(pg_blocking_pids(${pid}::int)) AND a.state = 'active' AND a.wait_event_type = 'Client'`.execute(
      db,
    );
    await waiting;
  });

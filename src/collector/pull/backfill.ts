import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Backfill, Checkpoint, OpenPull } from '../../core/checkpoint.ts';
import { qualysTime } from '../../core/clock.ts';
import type { Dataset } from '../../core/dataset.ts';
import { QuarryError } from '../../core/errors.ts';
import { reveal } from '../../core/secret.ts';
import type { OutboxSchema } from '../../outbox/schema.ts';
import { changeCheckpoint } from '../../outbox/streams.ts';
import { openSqlite } from '../../store/sqlite.ts';
import type { Store } from '../../store/store.ts';

/*
 * Back-fill: times of a log that are read again because somebody asked for it, a day at a time. What was asked for
 * stands in the checkpoint; a piece is a pull like any other, opened only when nothing else of the stream is due, and the
 * end of a piece moves `from` in the transaction that ends the pull. A kill leaves the open pull, which goes on first.
 * Rows that are known already are unchanged; those whose keys were forgotten are emitted again with the same ids.
 */

/** What one piece reads: so long that it is worth its calls, so short that live pulls do not wait for long. */
const PIECE_MS = 86_400_000;

type Facts = Pick<Dataset, 'name' | 'kind' | 'paging'>;

/** Whether times of a data set can be asked for: logs that are read in windows. */
export const canBackfill = ({ kind, paging }: Facts): boolean =>
  kind === 'log' && paging.by === 'step' && paging.parts === undefined;

/** Why times of a data set cannot be asked for, and what to do instead. */
export const noBackfill = ({ name, kind }: Facts): { readonly what: string; readonly fix: string } =>
  kind === 'log'
    ? {
        what: `${name} cannot be asked for by times: it is read object by object, each once.`,
        fix: `With an earlier start_time_in_utc the stream begins anew, and what was read before comes again with the same ids.`,
      }
    : {
        what: `${name} cannot be asked for by times: it has a current state, which a full reading holds whatever its age.`,
        fix: `Read all of it again: quarry run --once --sweep --only ${name}, or “Read everything again” on the page.`,
      };

/** The first piece of what is still to be read. */
export function pieceOf({ from, to }: Backfill): Backfill {
  const end = Math.min(Date.parse(from) + PIECE_MS, Date.parse(to));
  return { from, to: qualysTime(end) };
}

/** The steps of a piece; those without an end get that of the piece. */
export function withPiece(facts: Dataset, options: unknown, pull: OpenPull, backfill: Backfill): OpenPull {
  if (facts.paging.by !== 'step') return pull;
  const { from, to } = pieceOf(backfill);
  const steps = facts.paging.begin(options, { since: from, now: to }).map((step) => ({ to, ...step }));
  return { ...pull, since: from, until: to, resume: [], steps };
}

/** The checkpoint when a piece has been read. */
export function afterPiece(checkpoint: Checkpoint, { until }: OpenPull): Checkpoint {
  const { pull: _, backfill, ...rest } = checkpoint;
  // Another one was asked for meanwhile.
  if (backfill === undefined || until === undefined) return backfill === undefined ? rest : { ...rest, backfill };
  const isPart = Date.parse(backfill.from) < Date.parse(until);
  const left = isPart ? { from: until, to: backfill.to } : backfill;
  return Date.parse(left.from) < Date.parse(left.to) ? { ...rest, backfill: left } : rest;
}

/**
 * Notes in a stream's checkpoint that these times are to be read again; works beside a running collector, which notices
 * within a minute. Replaces what was asked for before and returns that. Throws QRY6002 where the stream never ran.
 */
export async function askBackfill(
  config: Config,
  stream: { readonly connection: string; readonly dataset: string },
  wanted: Backfill,
): Promise<Backfill | undefined> {
  const { connection, dataset } = stream;
  const never = (): QuarryError =>
    new QuarryError('QRY6002', {
      what: `${connection}/${dataset} has not been collected yet.`,
      fix: 'Begin with `quarry run`: its first pull reads from start_time_in_utc on, or all there is.',
    });
  const { dataDir, databaseUrl } = config;
  const file = join(dataDir, 'quarry.db');
  if (databaseUrl === undefined && !existsSync(file)) throw never();
  const store: Store<OutboxSchema> =
    databaseUrl === undefined
      ? await openSqlite<OutboxSchema>(file, { readOnly: false })
      : await (await import('../../store/postgres.ts')).openPostgres<OutboxSchema>(reveal(databaseUrl));
  try {
    const find = () =>
      store.db
        .selectFrom('stream')
        .select(['id', 'keyspace', 'fence'])
        .where('connection', '=', connection)
        .where('dataset', '=', dataset)
        .executeTakeFirst();
    for (;;) {
      const row = await find();
      if (row === undefined) throw never();
      let before: Backfill | undefined;
      const claim = { stream: row.id, keyspace: row.keyspace, fence: row.fence };
      const changed = await changeCheckpoint(store, claim, (checkpoint) => {
        before = checkpoint.backfill;
        return { ...checkpoint, backfill: wanted };
      });
      // A collector that has just begun has raised the fence.
      if (changed !== undefined) return before;
    }
  } finally {
    await store.close();
  }
}

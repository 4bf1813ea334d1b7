import { mkdir } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { QuarryError } from '../core/errors.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { createGovernor, type Governor, type GovernorOptions, type SavedGovernor } from '../qualys/governor.ts';
import { guarded, type Use } from '../store/leases.ts';
import { holdDirectory } from '../store/lock.ts';
import { openOutbox, outboxLocation } from './open-outbox.ts';

/**
 * The data directory with the outbox in it. Where the database is a file, held against a second collector; where it is a
 * server, the directory is a worker's scratch, which others may use as well. Throws QRY4004, QRY4005.
 */
export async function openHeld(config: Config, clock: Clock): Promise<{ outbox: Outbox; release: () => void }> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new QuarryError('QRY4005', {
      what: error instanceof Error ? error.message : String(error),
      where: config.dataDir,
    });
  });
  const release = config.databaseUrl === undefined ? holdDirectory(`${config.dataDir}/collector.lock`) : () => {};
  try {
    return { outbox: await openOutbox(outboxLocation(config), clock.now()), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Adds a governor for every subscription that has none yet. */
export async function openGovernors(
  config: Config,
  store: Outbox['store'],
  clock: Clock,
  governors: Map<string, Governor>,
): Promise<void> {
  for (const { subscription } of config.connections.values()) {
    if (!governors.has(subscription)) governors.set(subscription, await savedGovernor(store, subscription, { clock }));
  }
}

/** A governor that knows what was known when it was saved last, and is saved with every change, under a guard if any. */
export async function savedGovernor(
  store: Outbox['store'],
  subscription: string,
  options: Pick<GovernorOptions, 'clock' | 'heldMs'>,
  guard?: Use['guard'],
): Promise<Governor> {
  const row = await store.db
    .selectFrom('budget')
    .select('state')
    .where('subscription', '=', subscription)
    .executeTakeFirst();
  const write = (db: Outbox['store']['db'], state: string) =>
    db
      .insertInto('budget')
      .values({ subscription, state })
      .onConflict((conflict) => conflict.column('subscription').doUpdateSet({ state }))
      .execute();
  const governor: Governor = createGovernor({
    ...options,
    saved: row === undefined ? undefined : (JSON.parse(row.state) as SavedGovernor),
    onChange: async () => {
      const state = JSON.stringify(governor.save());
      if (guard === undefined) await write(store.db, state);
      else await guarded(store, guard).transaction(({ db }) => write(db, state));
    },
  });
  return governor;
}

import { mkdir } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { QuarryError } from '../core/errors.ts';
import { reveal } from '../core/secret.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { createGovernor, type Governor, type SavedGovernor } from '../qualys/governor.ts';
import { holdDirectory } from '../store/lock.ts';
import { openOutbox } from './open-outbox.ts';

/** The data directory, held against a second collector, with the outbox in it. Throws QRY4004, QRY4005. */
export async function openHeld(config: Config, clock: Clock): Promise<{ outbox: Outbox; release: () => void }> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new QuarryError('QRY4005', {
      what: error instanceof Error ? error.message : String(error),
      where: config.dataDir,
    });
  });
  const release = holdDirectory(`${config.dataDir}/collector.lock`);
  try {
    const databaseUrl = config.databaseUrl === undefined ? undefined : reveal(config.databaseUrl);
    return { outbox: await openOutbox({ dataDir: config.dataDir, databaseUrl }, clock.now()), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Adds a governor for every subscription that has none yet. */
export async function openGovernors(
  config: Config,
  { db }: Outbox['store'],
  clock: Clock,
  governors: Map<string, Governor>,
): Promise<void> {
  for (const { subscription } of config.connections.values()) {
    if (governors.has(subscription)) continue;
    const row = await db
      .selectFrom('budget')
      .select('state')
      .where('subscription', '=', subscription)
      .executeTakeFirst();
    const governor: Governor = createGovernor({
      clock,
      saved: row === undefined ? undefined : (JSON.parse(row.state) as SavedGovernor),
      onChange: async () => {
        const state = JSON.stringify(governor.save());
        await db
          .insertInto('budget')
          .values({ subscription, state })
          .onConflict((conflict) => conflict.column('subscription').doUpdateSet({ state }))
          .execute();
      },
    });
    governors.set(subscription, governor);
  }
}

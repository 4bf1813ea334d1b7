import type { Config } from '../config/config.ts';
import { reveal } from '../core/secret.ts';
import { inventoryMigrations } from '../inventory/schema.ts';
import { type Outbox, type OutboxLocation, openOutbox as open } from '../outbox/outbox.ts';
import { outboxMigrations } from '../outbox/schema.ts';
import { leaseMigrations } from '../store/leases.ts';
import type { Migration } from '../store/migrate.ts';
import { FORGET_INVENTORY } from './fold/rebuild.ts';
import { askMigrations } from './work/asks.ts';
import { sightingMigrations } from './work/sightings.ts';

/**
 * Where the inventory was fed with less than it takes now, it is fed again with all the outbox holds: a consumer that is
 * not there is new, and what is new is queued everything.
 */
const feedAgain: Migration = { number: 10, name: 'the inventory is fed again', statements: () => FORGET_INVENTORY };

/** Where a configuration keeps what it collects. */
export const outboxLocation = ({ dataDir, databaseUrl, bodies }: Config): OutboxLocation => ({
  dataDir,
  databaseUrl: databaseUrl === undefined ? undefined : reveal(databaseUrl),
  bodies,
});

/** Opens a data directory's outbox with the inventory in the same database. Throws QRY40xx. */
export const openOutbox = (location: OutboxLocation, now: number): Promise<Outbox> =>
  open(location, now, [
    ...outboxMigrations,
    ...inventoryMigrations,
    feedAgain,
    ...leaseMigrations,
    ...askMigrations,
    ...sightingMigrations,
  ]);

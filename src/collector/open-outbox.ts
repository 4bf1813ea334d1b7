import { inventoryMigrations } from '../inventory/schema.ts';
import { type Outbox, type OutboxLocation, openOutbox as open } from '../outbox/outbox.ts';
import { outboxMigrations } from '../outbox/schema.ts';

/** Opens a data directory's outbox with the inventory in the same database. Throws QRY40xx. */
export const openOutbox = (location: OutboxLocation, now: number): Promise<Outbox> =>
  open(location, now, [...outboxMigrations, ...inventoryMigrations]);

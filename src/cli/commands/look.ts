import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Outbox, openOutbox, outboxLocation } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { QuarryError } from '../../core/errors.ts';
import { configuration } from './configuration.ts';

/** The outbox of a configuration, opened for reading: works beside a running collector. */
export const lookAtOutbox = (file: string | undefined): Promise<Outbox> => openLook(configuration(file));

export async function openLook(config: Config): Promise<Outbox> {
  const { dataDir, databaseUrl } = config;
  if (databaseUrl === undefined && !existsSync(join(dataDir, 'quarry.db')))
    throw new QuarryError('QRY4005', {
      what: 'Nothing was collected here yet: there is no database.',
      where: join(dataDir, 'quarry.db'),
      fix: '`quarry run` makes it; if it should be there, `quarry config show` says where data_dir comes from.',
    });
  return openOutbox({ ...outboxLocation(config), readOnly: true }, Date.now());
}

/** The outbox of a configuration, for changes of rows that a running collector takes as they come. */
export async function withOutboxBeside<T>(config: Config, work: (outbox: Outbox) => Promise<T>): Promise<T> {
  const { dataDir, databaseUrl } = config;
  // What is not there is not made: opened for reading, its absence is said as it is everywhere.
  if (databaseUrl === undefined && !existsSync(join(dataDir, 'quarry.db'))) await (await openLook(config)).close();
  const outbox = await openOutbox({ ...outboxLocation(config), beside: true }, Date.now());
  try {
    return await work(outbox);
  } finally {
    await outbox.close();
  }
}

/** The same where something was collected already; a command that only looks makes nothing. */
export async function lookIfThere<T>(config: Config, look: (outbox: Outbox | undefined) => Promise<T>): Promise<T> {
  const there = config.databaseUrl !== undefined || existsSync(join(config.dataDir, 'quarry.db'));
  const outbox = there ? await openLook(config) : undefined;
  try {
    return await look(outbox);
  } finally {
    await outbox?.close();
  }
}

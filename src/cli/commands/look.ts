import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Outbox, openOutbox } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { reveal } from '../../core/secret.ts';
import { configuration } from './configuration.ts';

/** The outbox of a configuration, opened for reading: works beside a running collector. */
export const lookAtOutbox = (file: string | undefined): Promise<Outbox> => openLook(configuration(file));

export const openLook = ({ dataDir, databaseUrl }: Config): Promise<Outbox> =>
  openOutbox(
    { dataDir, databaseUrl: databaseUrl === undefined ? undefined : reveal(databaseUrl), readOnly: true },
    Date.now(),
  );

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

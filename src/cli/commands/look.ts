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

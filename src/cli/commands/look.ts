import { type Outbox, openOutbox } from '../../collector/port.ts';
import { reveal } from '../../core/secret.ts';
import { configuration } from './configuration.ts';

/** The outbox of a configuration, opened for reading: works beside a running collector. */
export async function lookAtOutbox(file: string | undefined): Promise<Outbox> {
  const { dataDir, databaseUrl } = configuration(file);
  return openOutbox(
    { dataDir, databaseUrl: databaseUrl === undefined ? undefined : reveal(databaseUrl), readOnly: true },
    Date.now(),
  );
}

import { listWorkers, type Outbox, openOutbox, outboxLocation } from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { holdDirectory } from '../../store/lock.ts';
import { configuration } from './configuration.ts';

/** Runs `work` on the outbox of a configuration with the data directory held. Throws QRY4004 while a collector holds it. */
export async function withOutbox<T>(file: string | undefined, work: (outbox: Outbox) => Promise<T>): Promise<T> {
  const config = configuration(file);
  const release = holdDirectory(`${config.dataDir}/collector.lock`);
  try {
    const outbox = await openOutbox(outboxLocation(config), Date.now());
    try {
      const { workers } = await listWorkers(outbox);
      const busy = workers.filter(({ alive }) => alive).map(({ name }) => name);
      if (busy.length > 0)
        throw new QuarryError('QRY4004', {
          what: `Workers are at work on the database: ${busy.join(', ')}.`,
          fix: 'Stop them first: what this does needs the database to itself.',
        });
      return await work(outbox);
    } finally {
      await outbox.close();
    }
  } finally {
    release();
  }
}

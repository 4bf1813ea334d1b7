import { z } from 'zod';
import { QuarryError } from '../core/errors.ts';
import { FORMATS, type OpenSink } from '../core/sink.ts';
import { defineSink } from './define.ts';

export default defineSink({
  type: 'stdout',
  title: 'Standard output',
  about: 'One line per event on standard output, for pipes and containers.',
  config: z.object({}),
  // A pipe confirms nothing: what the reader did with a line is not known, and a killed collector writes it again.
  capabilities: { guarantee: 'at least once', formats: FORMATS, batchBytes: 1 << 20 },
  libraries: [],
  testedAgainst: 'a real pipe',
  open: async () => openStdout(),
});

function openStdout(): OpenSink {
  let closed: QuarryError | undefined;
  // Without a listener, a reader that goes away would end the process.
  const onError = (error: Error): void => {
    closed = new QuarryError('QRY5005', { what: error.message, cause: error });
  };
  process.stdout.on('error', onError);
  const written = (bytes: Buffer, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      process.stdout.write(bytes, (error) => {
        signal.removeEventListener('abort', stop);
        if (error == null) resolve();
        else reject(new QuarryError('QRY5005', { what: error.message, cause: error }));
      });
    });
  return {
    check: async () => {
      if (closed !== undefined) throw closed;
    },
    write: async (batches, signal) => {
      for (const batch of batches) {
        if (closed !== undefined) throw closed;
        signal.throwIfAborted();
        await written(batch.bytes, signal);
      }
      return batches.map(() => 'delivered' as const);
    },
    close: async () => {
      process.stdout.off('error', onError);
    },
  };
}

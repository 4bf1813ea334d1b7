import { once } from 'node:events';
import { z } from 'zod';
import { defineSink } from './define.ts';

export default defineSink({
  type: 'stdout',
  title: 'Standard output',
  about: 'One line per event on standard output, for pipes and containers.',
  config: z.object({}),
  // A pipe confirms nothing: what the reader did with a line is not known, and a killed collector writes it again.
  capabilities: { guarantee: 'at least once', formats: ['raw'], batchBytes: 1 << 20 },
  libraries: [],
  testedAgainst: 'a real pipe',
  open: async () => ({
    check: async () => {},
    write: async (batches) => {
      for (const batch of batches) if (!process.stdout.write(batch.bytes)) await once(process.stdout, 'drain');
      return batches.map(() => 'delivered' as const);
    },
    close: async () => {},
  }),
});

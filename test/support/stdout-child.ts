/** A process of its own for the `stdout` sink, told by messages what to write; answers with the outcomes. */
import type { Batch } from '../../src/core/sink.ts';
import stdout from '../../src/sinks/stdout.ts';
import { batchOf, type Payload } from './batches.ts';

export type Told =
  | { readonly kind: 'write'; readonly batches: readonly { id: string; payloads: readonly Payload[] }[] }
  | { readonly kind: 'check' | 'abort' | 'close' };

const sink = await stdout.open({}, { name: 'stdout', baseDir: '.', format: 'raw' });
let stop = new AbortController();

async function handle(told: Told): Promise<unknown> {
  if (told.kind === 'write') {
    stop = new AbortController();
    const batches: Batch[] = told.batches.map(({ id, payloads }) => batchOf(id, payloads));
    return sink.write(batches, stop.signal);
  }
  return told.kind === 'check' ? sink.check() : sink.close();
}

process.on('message', (message: { id: number; told: Told }) => {
  const { id, told } = message;
  if (told.kind === 'abort') {
    stop.abort(new Error('enough'));
    return;
  }
  handle(told).then(
    (value) => process.send?.({ id, value }),
    (error: Error) => process.send?.({ id, error: error.message }),
  );
});
process.send?.({ id: 0 });

import type { Batch } from '../../src/core/sink.ts';
import { batchOf, payloads } from './batches.ts';

/** The batches of write number n: always the same; one to three of them, over two data sets, from bytes to pages. */
export function writeNumber(n: number): Batch[] {
  return Array.from({ length: (n % 3) + 1 }, (_, i) => {
    const id = `w${n}.${i}`;
    return batchOf(id, payloads(id, (n * 7 + i) % 11, 'x'.repeat((n * 131) % 3000)), i === 1 ? 'others' : 'things');
  });
}

/** The ids of the events of writes 0 … n-1 in one data set, in order. */
export const idsUpTo = (n: number, dataset: string): string[] =>
  Array.from({ length: n }, (_, i) => writeNumber(i))
    .flat()
    .filter((batch) => batch.dataset === dataset)
    .flatMap((batch) => Array.from({ length: batch.count }, (_, i) => batch.eventId(i)));

import type { Batch } from '../../src/core/sink.ts';

export interface Payload {
  readonly id: string;
  readonly text: string;
}

/** A batch as a sink gets it, with these payloads as its lines. */
export function batchOf(id: string, payloads: readonly Payload[], dataset = 'things', connection = 'c'): Batch {
  const lines = payloads.map((payload) => Buffer.from(`${JSON.stringify(payload)}\n`));
  let end = 0;
  return {
    id,
    tenant: 't',
    subscription: 's',
    connection,
    dataset,
    pullingId: '1',
    count: payloads.length,
    bytes: Buffer.concat(lines),
    ends: lines.map((line) => {
      end += line.length;
      return end;
    }),
    eventId: (i) => payloads[i]!.id,
    seq: (i) => i + 1,
    key: (i) => JSON.stringify([payloads[i]!.id]),
    change: () => 'new',
    time: () => '2026-11-19T22:14:05Z',
  };
}

/** `count` payloads, named after their batch. */
export const payloads = (batch: string, count: number, text = 'x'): Payload[] =>
  Array.from({ length: count }, (_, i) => ({ id: `${batch}.${i}`, text }));

/** Some events of a batch as a batch of their own, as a sink gets them after a partial outcome. */
export function part(batch: Batch, keep: readonly number[]): Batch {
  const all = batch.bytes.toString('utf8').split('\n').slice(0, -1);
  const kept = keep.map((i) => JSON.parse(all[i]!) as Payload);
  return batchOf(`${batch.id}-${batch.count - keep.length}`, kept, batch.dataset, batch.connection);
}

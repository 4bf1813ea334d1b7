import { resend } from '../outbox/resend.ts';
import type { CollectorParts } from './parts.ts';

/** Looked at so often; a resend may be that late. */
export const RESEND_LOOK_MS = 30_000;

/** Queues current records again for every sink whose routes say so, where it is due. */
export async function resendDue({ outbox, streams, sinks, clock, log }: CollectorParts): Promise<void> {
  const rows = await outbox.store.db.selectFrom('stream').select(['id', 'connection', 'dataset']).execute();
  for (const sink of sinks) {
    for (const stream of streams) {
      const when = stream.facts.kind === 'log' ? [] : (sink.resendOf?.(stream) ?? []);
      if (when.length === 0) continue;
      const row = rows.find(
        ({ connection, dataset }) => connection === stream.connection && dataset === stream.dataset,
      );
      if (row === undefined) continue;
      const events = await resend(outbox.store, sink.name, row.id, when, clock.now());
      if (events > 0) log.info('current records are sent again', { sink: sink.name, dataset: stream.dataset, events });
    }
  }
}

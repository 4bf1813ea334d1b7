import { resend } from '../../outbox/resend.ts';
import { INVENTORY } from '../fold/consumer.ts';
import type { CollectorParts } from '../parts.ts';
import { isFolding, NAMING, resendChanged } from './resend-changed.ts';

/** Looked at so often; a resend may be that late. */
export const RESEND_LOOK_MS = 30_000;
/** Between passes of a collector that ends when all is sent. */
const PASS_PAUSE_MS = 200;

/** What the routes to a sink want again, by stream. */
async function wantedOf({ outbox, streams, sinks }: CollectorParts) {
  const rows = await outbox.store.db.selectFrom('stream').select(['id', 'connection', 'dataset']).execute();
  return sinks.flatMap((sink) =>
    streams.flatMap((stream) => {
      const when = stream.facts.kind === 'log' ? [] : (sink.resendOf?.(stream) ?? []);
      const row = rows.find((one) => one.connection === stream.connection && one.dataset === stream.dataset);
      return when.length === 0 || row === undefined ? [] : [{ sink: sink.name, stream, id: row.id, when }];
    }),
  );
}

/** Queues current records again for every sink whose routes say so, where it is due; of what changed, one pass. */
export async function resendDue(parts: CollectorParts): Promise<void> {
  const { outbox, clock, log } = parts;
  for (const { sink, stream, id, when } of await wantedOf(parts)) {
    const whole = when.filter((one) => one !== 'qid_changed');
    const events = whole.length === 0 ? 0 : await resend(outbox.store, sink, id, whole, clock.now());
    if (events > 0) log.info('current records are sent again', { sink, dataset: stream.dataset, events });
    if (when.includes('qid_changed') && stream.dataset === NAMING) await resendChanged(parts, sink, stream, id);
  }
}

/**
 * The same to the end, for a collector that stops when all is delivered: waits until the inventory knows what was pulled,
 * and goes on while there is more. Not for a sink that is down, and no longer than `timeout`, milliseconds.
 */
export async function resendAll(parts: CollectorParts, timeout: number, now: AbortSignal): Promise<void> {
  const { outbox, clock } = parts;
  const until = clock.monotonic() + timeout;
  const mayWait = () => !now.aborted && clock.monotonic() < until;
  const changed = (await wantedOf(parts)).filter(
    ({ stream, when }) => when.includes('qid_changed') && stream.dataset === NAMING,
  );
  const folds = parts.sinks.some(({ name }) => name === INVENTORY);
  for (const { sink, stream, id } of changed) {
    while (folds && mayWait() && (await isFolding(outbox, stream, [NAMING, 'knowledge_base'])))
      await clock.sleep(PASS_PAUSE_MS, now).catch(() => {});
    for (;;) {
      const state = await resendChanged(parts, sink, stream, id);
      if (state === 'done' || state === 'down' || !mayWait()) break;
      if (state === 'busy') await clock.sleep(PASS_PAUSE_MS, now).catch(() => {});
    }
  }
  await resendDue(parts);
}

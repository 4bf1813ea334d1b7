import { changedQids, hostsWith, lastChange } from '../../inventory/knowledge/changes.ts';
import { keep, progressOf } from '../../outbox/resend.ts';
import { type Requeued, resendKeys, type SomeKeys } from '../../outbox/resend-keys.ts';
import { INVENTORY, inventoryStore } from '../fold/consumer.ts';
import type { CollectorParts } from '../parts.ts';
import type { Stream } from '../stream.ts';

/** The data set whose events name the QIDs they are about. */
export const NAMING = 'host_list_detection';
const KNOWLEDGE = 'knowledge_base';

/** Findings looked up in one pass, and hosts in one question: what a pass may cost and what it may add to a sink's queue. */
const PASS = 5000;
const HOSTS_AT_ONCE = 500;
const QIDS_AT_ONCE = 1000;

/** Numbers of changes: everything up to `done` was sent again, and `to` is under way, up to this QID and host. */
interface Progress {
  readonly done: number;
  readonly to?: number;
  readonly qid?: number;
  readonly host?: number;
}

/**
 * One pass for a sink that wants findings again when their QID's entry of the KnowledgeBase has changed: queues some of
 * those a stream still holds. It begins with what changes after the KnowledgeBase has first been read whole. `done`:
 * there is nothing more to do now.
 */
export async function resendChanged(
  { outbox, log }: Pick<CollectorParts, 'outbox' | 'log'>,
  sink: string,
  stream: Pick<Stream, 'tenant' | 'subscription'>,
  id: number,
): Promise<'done' | 'more' | Exclude<Requeued, number>> {
  const { store } = outbox;
  const inventory = inventoryStore(outbox);
  const name = `qid_changed/${sink}/${id}`;
  const last = await lastChange(inventory, stream.tenant, stream.subscription);
  const known = await progressOf<Progress>(store, name);
  if (known === undefined) {
    if (await isWhole(outbox, stream)) await keep(store.db, name, { done: last } satisfies Progress);
    return 'done';
  }
  if (known.to === undefined) {
    if (last <= known.done) return 'done';
    // What the sink was given may not be known to the inventory yet, by which it is found.
    if (await isFolding(outbox, stream, [NAMING])) return 'busy';
  }
  const { keys, next } = await piece(inventory, stream, { ...known, to: known.to ?? last });
  const queued = await resendKeys(store, sink, id, keys, { name, progress: next });
  if (typeof queued !== 'number') return queued;
  if (queued > 0)
    log.info('findings are sent again: what their QIDs mean has changed', { sink, dataset: NAMING, events: queued });
  return 'more';
}

/** The next keys of a set of changes, and how far it is behind them. */
async function piece(
  inventory: ReturnType<typeof inventoryStore>,
  stream: Pick<Stream, 'tenant' | 'subscription'>,
  { done, to, qid: first = 0, host: behind = 0 }: Progress & { readonly to: number },
): Promise<{ readonly keys: readonly SomeKeys[]; readonly next: Progress }> {
  const keys: SomeKeys[] = [];
  let found = 0;
  let from = first;
  for (;;) {
    const qids = await changedQids(inventory, stream, { after: done, to }, from, QIDS_AT_ONCE);
    for (const qid of qids) {
      let after = qid === first ? behind : 0;
      for (;;) {
        if (found >= PASS) return { keys, next: { done, to, qid, host: after } };
        const leads = await hostsWith(inventory, stream, qid, after, HOSTS_AT_ONCE);
        // A key's text begins with the QID and a tab.
        if (leads.length > 0) keys.push({ leads, from: `${qid}\t`, below: `${qid}\n` });
        found += leads.length;
        if (leads.length < HOSTS_AT_ONCE) break;
        after = leads.at(-1)!;
      }
    }
    if (qids.length < QIDS_AT_ONCE) return { keys, next: { done: to } };
    from = qids.at(-1)! + 1;
  }
}

/** Whether the KnowledgeBase was read to its end once, and is known to the inventory. */
async function isWhole(outbox: CollectorParts['outbox'], stream: Pick<Stream, 'tenant' | 'subscription'>) {
  const row = await outbox.store.db
    .selectFrom('stream')
    .select('checkpoint')
    .where('tenant', '=', stream.tenant)
    .where('subscription', '=', stream.subscription)
    .where('dataset', '=', KNOWLEDGE)
    .executeTakeFirst();
  if (row === undefined) return true;
  const { watermark } = JSON.parse(row.checkpoint) as { watermark?: unknown };
  return watermark !== undefined && watermark !== null && !(await isFolding(outbox, stream, [KNOWLEDGE]));
}

/** Whether the inventory still waits for events of these data sets. */
export async function isFolding(
  { store }: CollectorParts['outbox'],
  { tenant, subscription }: Pick<Stream, 'tenant' | 'subscription'>,
  datasets: readonly string[],
): Promise<boolean> {
  const row = await store.db
    .selectFrom('delivery')
    .innerJoin('batch', 'batch.id', 'delivery.batch')
    .innerJoin('stream', 'stream.id', 'batch.stream')
    .select('delivery.batch')
    .where('delivery.sink', '=', INVENTORY)
    .where('stream.tenant', '=', tenant)
    .where('stream.subscription', '=', subscription)
    .where('stream.dataset', 'in', [...datasets])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

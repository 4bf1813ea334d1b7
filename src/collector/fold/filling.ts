import { asQuarryError } from '../../core/errors.ts';
import { rootOf } from '../../core/format.ts';
import { entryFrom, type KnowledgeEntry } from '../../inventory/knowledge/entry.ts';
import { fillKnowledge, knowledgeFilled } from '../../inventory/knowledge/fill.ts';
import { knowledgeVersion } from '../../inventory/knowledge/lookup.ts';
import { createXmlReader } from '../../qualys/xml/reader.ts';
import type { PullContext } from '../pull/page.ts';
import { patiently } from '../pull/patience.ts';
import { ALL } from '../pull/plan.ts';
import { following, type Target } from '../pull/target.ts';
import { nameOf } from '../stream.ts';
import { INVENTORY, inventoryStore } from './consumer.ts';

/** Entries written in one transaction. */
const AT_ONCE = 500;
const TRIES = 2;

/**
 * Fills the table of the KnowledgeBase where it is empty though the stream knows its keys and nothing is on its way to
 * the inventory: after an import of state. Read once more, the records are no news, and no event would bring them. They
 * go from the answer into the table; no sink gets them again. A fault is said, and the next pull tries again.
 */
export async function fillEmptyTable(context: PullContext, stop: AbortSignal): Promise<void> {
  const { workshop, stream } = context;
  try {
    if (!(await isEmpty(context))) return;
    workshop.log.info('the table of the KnowledgeBase is empty: filling it', { stream: nameOf(stream) });
    let target: Target | undefined = { range: ALL };
    while (target !== undefined) {
      const from: Target = target;
      target = await patiently(workshop, stream, stop, TRIES, () => fillFrom(context, from));
    }
    await knowledgeFilled(inventoryStore(workshop.outbox), stream.tenant, stream.subscription);
  } catch (thrown) {
    if (stop.aborted) throw thrown;
    const { code, message } = asQuarryError(thrown);
    workshop.log.warn('the table of the KnowledgeBase could not be filled', {
      stream: nameOf(stream),
      code,
      what: message,
    });
  }
}

async function isEmpty({ workshop, stream, claim }: PullContext): Promise<boolean> {
  const { store } = workshop.outbox;
  const { tenant, subscription } = stream;
  if ((await knowledgeVersion(inventoryStore(workshop.outbox), tenant, subscription)) > 0) return false;
  const { keys } = await store.db
    .selectFrom('keyspace')
    .select('keys')
    .where('id', '=', claim.keyspace)
    .executeTakeFirstOrThrow();
  if (keys === 0) return false;
  const waiting = await store.db
    .selectFrom('delivery')
    .innerJoin('batch', 'batch.id', 'delivery.batch')
    .select('delivery.batch')
    .where('delivery.sink', '=', INVENTORY)
    .where('batch.stream', '=', claim.stream)
    .limit(1)
    .executeTakeFirst();
  return waiting === undefined;
}

/** Fills from one answer; returns what remains to be asked for. */
async function fillFrom({ workshop, stream, signal }: PullContext, target: Target): Promise<Target | undefined> {
  const { facts, pageSize, fetch, options } = stream;
  const { format } = facts;
  if (format.kind !== 'xml') return undefined;
  const store = inventoryStore(workshop.outbox);
  let entries: KnowledgeEntry[] = [];
  let highest: number | undefined;
  const flush = async (): Promise<void> => {
    const full = entries;
    entries = [];
    if (full.length > 0) await fillKnowledge(store, stream, full);
  };
  const reader = () =>
    createXmlReader(format, {
      record: (view) => {
        const entry = entryFrom(view);
        if (entry === undefined) return;
        entries.push(entry);
        highest = entry.qid;
      },
    });
  const { end, nextParams } = await fetch(facts.records(options, { ...target, pageSize }), reader, {
    signal,
    expectRoot: rootOf(format),
    onChunk: () => (entries.length >= AT_ONCE ? flush() : undefined),
  });
  await flush();
  return following(facts, target, { end, nextParams, highest, pageSize });
}

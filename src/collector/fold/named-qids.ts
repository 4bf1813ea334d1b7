import { asQuarryError } from '../../core/errors.ts';
import type { RecordView } from '../../core/words.ts';
import { missingOf } from '../../inventory/knowledge/lookup.ts';
import { want } from '../../inventory/knowledge/wanted.ts';
import { nameOf, type Stream, type Workshop } from '../stream.ts';
import { inventoryStore } from './consumer.ts';

/** Data sets whose records are about a QID, and the field that names it. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['host_list_detection', 'QID'],
  ['vm_scan_results', 'qid'],
]);

/** QIDs looked up already, by database, then by tenant and subscription: each is looked up once while this runs. */
const lookedUp = new WeakMap<object, Map<string, Set<number>>>();

/** The QIDs one page names. */
export interface NamedQids {
  see(view: RecordView): void;
  /** Notes those the table of the KnowledgeBase does not know, so that its stream asks for them; does nothing without such a stream. */
  note(): Promise<void>;
}

/** Undefined where records of the stream name none. */
export function namedQids(stream: Stream, workshop: Workshop): NamedQids | undefined {
  const field = FIELDS.get(stream.dataset);
  if (field === undefined) return undefined;
  const { tenant, subscription } = stream;
  const { outbox, clock, log } = workshop;
  const seen = new Set<string>();
  return {
    see: (view) => {
      const qid = view.text(field);
      if (qid !== undefined) seen.add(qid);
    },
    note: async () => {
      const known = knownTo(outbox.store, JSON.stringify([tenant, subscription]));
      const fresh = [...seen].map(Number).filter((qid) => Number.isSafeInteger(qid) && qid > 0 && !known.has(qid));
      if (fresh.length === 0) return;
      try {
        const asking = await outbox.store.db
          .selectFrom('stream')
          .select('id')
          .where('tenant', '=', tenant)
          .where('subscription', '=', subscription)
          .where('dataset', '=', 'knowledge_base')
          .executeTakeFirst();
        if (asking === undefined) return;
        const store = inventoryStore(outbox);
        await want(store, tenant, subscription, await missingOf(store, tenant, subscription, fresh), clock.now());
        for (const qid of fresh) known.add(qid);
      } catch (thrown) {
        const { code, message } = asQuarryError(thrown);
        log.warn('QIDs could not be looked up in the KnowledgeBase', { stream: nameOf(stream), code, what: message });
      }
    },
  };
}

function knownTo(store: object, space: string): Set<number> {
  const spaces = lookedUp.get(store) ?? new Map<string, Set<number>>();
  lookedUp.set(store, spaces);
  const known = spaces.get(space) ?? new Set<number>();
  spaces.set(space, known);
  return known;
}

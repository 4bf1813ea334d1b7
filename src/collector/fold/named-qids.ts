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

const [TAB, ZERO] = [0x09, 0x30];

/** QIDs looked up already, by database, then by tenant and subscription: each is looked up once while this runs. */
const lookedUp = new WeakMap<object, Map<string, Set<number>>>();

/** The QIDs one page names. */
export interface NamedQids {
  /** `key`: the record's, as the key table has it. */
  see(view: RecordView, key: string): void;
  /** Notes those the table of the KnowledgeBase does not know, so that its stream asks for them; does nothing without such a stream. */
  note(): Promise<void>;
}

/** Undefined where records of the stream name none. */
export function namedQids(stream: Stream, workshop: Workshop): NamedQids | undefined {
  const field = FIELDS.get(stream.dataset);
  if (field === undefined) return undefined;
  const { tenant, subscription, facts } = stream;
  // Where the key begins with it, it has been read: reading it again costs 2 % of a whole pull.
  const isFirst = facts.key[facts.order === 'id' ? 1 : 0]?.field === field;
  const { outbox, clock, log } = workshop;
  const seen = new Set<number>();
  return {
    see: (view, key) => {
      const qid = isFirst ? numberBefore(key) : Number.NaN;
      seen.add(Number.isNaN(qid) ? Number(view.text(field)) : qid);
    },
    note: async () => {
      const known = knownTo(outbox.store, JSON.stringify([tenant, subscription]));
      const fresh = [...seen].filter((qid) => Number.isSafeInteger(qid) && qid > 0 && !known.has(qid));
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

/** The digits a text begins with, up to its first tab; NaN for anything else. */
function numberBefore(text: string): number {
  let number = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit === TAB - ZERO) break;
    number = digit >= 0 && digit <= 9 ? number * 10 + digit : Number.NaN;
  }
  return number;
}

function knownTo(store: object, space: string): Set<number> {
  const spaces = lookedUp.get(store) ?? new Map<string, Set<number>>();
  lookedUp.set(store, spaces);
  const known = spaces.get(space) ?? new Set<number>();
  spaces.set(space, known);
  return known;
}

import type { Keyed } from '../core/words.ts';
import type { Columns, Found } from '../store/store.ts';
import { type KnownKey, REMOVED } from './identity.ts';

/** A row of the key table. */
export interface KnownRow extends KnownKey {
  readonly lead: number;
  readonly key: string;
  readonly form: number;
  readonly batch: number;
  readonly since: number;
}

export interface KeyTable {
  readonly keyspace: number;
  readonly lookUp: (match: Columns, select: readonly string[]) => Promise<Found>;
  /** All known keys with `from` <= leading id <= `to` (null: no bound). */
  readonly lookUpRange: (from: number, to: number | null) => Promise<KnownRow[]>;
}

/** How a page's records are held against the key table. */
export interface Known {
  /** The rows that may matter for these records, by `lead TAB key`. */
  rowsFor(records: readonly Keyed[]): Promise<ReadonlyMap<string, KnownRow>>;
  /** A record's row was found. */
  matched(name: string): void;
  /** After a block: keys that are absent for sure. */
  absent(final: boolean): KnownRow[];
  /** At the end of the page: reads the rows of the range up to the last id the page speaks for. */
  cover(to: number | null): Promise<void>;
}

const SELECT = ['lead', 'key', 'fingerprint', 'version', 'changes', 'form', 'batch', 'since'] as const;
/** From so many records of one leading id in a block on, keys are looked up one by one: a giant host's rows are not read again per block. */
const BY_KEY_FROM = 500;

/** Point look-ups for pages that are no sweep: absence means nothing there. */
export function knownByKey(table: KeyTable, orderedById: boolean, careful: boolean): Known {
  return {
    rowsFor: async (records) => {
      const perLead = new Map<number, number>();
      for (const { lead } of records) perLead.set(lead, (perLead.get(lead) ?? 0) + 1);
      const byLead = (lead: number): boolean => orderedById && (careful || perLead.get(lead)! < BY_KEY_FROM);
      const leads = [...perLead.keys()].filter(byLead);
      const single = records.filter(({ lead }) => !byLead(lead));
      const rows = new Map<string, KnownRow>();
      const add = async (match: Columns): Promise<void> => {
        const { row, columns } = await table.lookUp({ keyspace: table.keyspace, ...match }, SELECT);
        for (let i = 0; i < row.length; i++) {
          const found = Object.fromEntries(SELECT.map((name) => [name, columns[name]![i]])) as unknown as KnownRow;
          rows.set(`${found.lead}\t${found.key}`, found);
        }
      };
      if (leads.length > 0) await add({ lead: leads });
      if (single.length > 0) await add({ lead: single.map(({ lead }) => lead), key: single.map(({ key }) => key) });
      return rows;
    },
    matched: () => {},
    absent: () => [],
    cover: async () => {},
  };
}

/**
 * For a page of a sweep: an ordered merge of the answer with the key table. Rows are read range by range up to the last
 * id of each block; those below it that no record matched are absent, unless something wrote them since the sweep began.
 */
export function knownByRange(
  table: KeyTable,
  sweep: { readonly before: number; readonly from: number },
  careful: boolean,
): Known {
  const rows = new Map<string, KnownRow>();
  const matched = new Set<string>();
  let next = sweep.from;
  let reached = -1;
  const read = async (to: number | null): Promise<void> => {
    if (to !== null && to < next) return;
    for (const row of await table.lookUpRange(next, to)) rows.set(`${row.lead}\t${row.key}`, row);
    if (to !== null) next = to + 1;
  };
  return {
    rowsFor: async (records) => {
      for (const { lead } of records) reached = Math.max(reached, lead);
      await read(reached);
      return rows;
    },
    matched: (name) => {
      matched.add(name);
    },
    absent: (final) => {
      if (careful && !final) return [];
      const absent: KnownRow[] = [];
      for (const [name, row] of rows) {
        if (!final && row.lead >= reached) continue;
        rows.delete(name);
        if (!matched.delete(name) && row.fingerprint !== REMOVED && row.since < sweep.before) absent.push(row);
      }
      return absent;
    },
    cover: read,
  };
}

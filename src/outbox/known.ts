import type { Columns, Found, Store } from '../store/store.ts';
import { type KnownKey, REMOVED } from './identity.ts';
import type { OutboxSchema } from './schema.ts';
import { type KeyPlace, keysBehind, LAST_KEY } from './walk.ts';

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
  /** Known keys behind `after`, in order, at most `limit`. */
  readonly lookUpRange: (after: KeyPlace, limit: number) => Promise<KnownRow[]>;
}

/** How a page's records are held against the key table. */
export interface Known {
  /** The rows that may matter for these records, by `lead TAB key`. */
  rowsFor(records: readonly KeyPlace[]): Promise<ReadonlyMap<string, KnownRow>>;
  /** A record's row was found. */
  matched(name: string): void;
  /** After a block was decided: keys below its last id that no record matched. */
  unmatched(): KnownRow[];
  /** At the end of the page: the rest, and the rows of the range up to the last id the page speaks for. */
  cover(to: number | null): Promise<void>;
}

/** Takes keys a sweep found absent; a promise asks to wait. */
export type Absent = (rows: readonly KnownRow[]) => Promise<void>;

const SELECT = ['lead', 'key', 'fingerprint', 'version', 'changes', 'form', 'batch', 'since'] as const;
/** The key table as it is in the database. */
export const keyTable = (store: Store<OutboxSchema>, keyspace: number): KeyTable => ({
  keyspace,
  lookUp: (match, select) => store.selectMany('known_key', match, select),
  lookUpRange: (after, limit) => keysBehind(store, keyspace, after, null, limit, SELECT),
});

/** From so many records of one leading id in a block on, keys are looked up one by one: a giant host's rows are not read again per block. */
const BY_KEY_FROM = 500;

/** Point look-ups for pages that are no sweep: absence means nothing there. */
export function knownByKey(table: KeyTable, ordered: boolean, careful: boolean): Known {
  return {
    rowsFor: async (records) => {
      const perLead = new Map<number, number>();
      for (const { lead } of records) perLead.set(lead, (perLead.get(lead) ?? 0) + 1);
      const byLead = (lead: number): boolean => ordered && (careful || perLead.get(lead)! < BY_KEY_FROM);
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
    unmatched: () => [],
    cover: async () => {},
  };
}

/** Rows read at once when a range is walked. */
const CHUNK = 5000;

/**
 * For a page of a sweep: an ordered merge of the answer with the key table. Rows are read ahead, a chunk at a time, and
 * used up to the last id of each block; those no record matches are absent, unless something wrote them since the sweep
 * began. Rows of ids that the block does not hold are told to `absent` as they are passed, so that a gap of a million
 * keys takes no memory. A row that changes after it was read is found out later: by the transaction that appends the
 * page, or by the sweep's conclusion.
 */
export function knownByRange(
  table: KeyTable,
  sweep: { readonly before: number; readonly from: number },
  careful: boolean,
  absent: Absent,
): Known {
  const rows = new Map<string, KnownRow>();
  const matched = new Set<string>();
  let after: KeyPlace = { lead: sweep.from - 1, key: LAST_KEY };
  let ahead: KnownRow[] = [];
  let next = 0;
  let exhausted = false;
  let reached = -1;
  const isAbsent = (row: KnownRow): boolean => row.fingerprint !== REMOVED && row.since < sweep.before;

  async function read(to: number, keep: (lead: number) => boolean): Promise<void> {
    for (;;) {
      const gone: KnownRow[] = [];
      for (; next < ahead.length && ahead[next]!.lead <= to; next++) {
        const row = ahead[next]!;
        if (keep(row.lead)) rows.set(`${row.lead}\t${row.key}`, row);
        else if (isAbsent(row)) gone.push(row);
      }
      if (gone.length > 0) await absent(gone);
      if (next < ahead.length || exhausted) return;
      ahead = await table.lookUpRange(after, CHUNK);
      next = 0;
      after = ahead.at(-1) ?? after;
      exhausted = ahead.length < CHUNK;
    }
  }

  function settle(below: number): KnownRow[] {
    const gone: KnownRow[] = [];
    for (const [name, row] of rows) {
      if (row.lead >= below) continue;
      rows.delete(name);
      if (!matched.delete(name) && isAbsent(row)) gone.push(row);
    }
    return gone;
  }

  return {
    rowsFor: async (records) => {
      const leads = new Set<number>();
      for (const { lead } of records) {
        leads.add(lead);
        reached = Math.max(reached, lead);
      }
      // Out of order, an id may still come: every row is kept until the page has ended.
      await read(reached, careful ? () => true : (lead) => leads.has(lead));
      return rows;
    },
    matched: (name) => {
      matched.add(name);
    },
    unmatched: () => (careful ? [] : settle(reached)),
    cover: async (to) => {
      await absent(settle(Number.POSITIVE_INFINITY));
      await read(to ?? Number.POSITIVE_INFINITY, () => false);
    },
  };
}

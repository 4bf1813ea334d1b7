import type { Keyed } from '../core/words.ts';

/** An id came back after others: the page is not in order and must be staged with all keys remembered. */
export class RepeatedKeyError extends Error {}

/** The key of a record as the table holds it; a duplicate shares its key with a different one. */
export interface Place {
  readonly key: string;
  readonly duplicate: boolean;
}

export interface Occurrences {
  /** Undefined when this very record stood in the page before. Throws RepeatedKeyError. */
  place(keyed: Keyed): Place | undefined;
}

/**
 * Tells records of one page apart that share a key: equal ones count once, different ones are all kept, the later
 * under the key with an occurrence number. Keys are remembered while their leading id lasts, or all of them (`careful`).
 */
export function occurrences(ordered: boolean, careful: boolean): Occurrences {
  const seen = new Map<string, string | string[]>();
  let current = -1;
  let highest = -1;
  return {
    place: (keyed) => {
      if (keyed.lead !== current) {
        if (!careful && ordered) {
          if (keyed.lead < highest) throw new RepeatedKeyError();
          seen.clear();
        }
        current = keyed.lead;
        highest = Math.max(highest, keyed.lead);
      }
      const name = careful || !ordered ? `${keyed.lead}\t${keyed.key}` : keyed.key;
      const before = seen.get(name);
      if (before === undefined) {
        seen.set(name, keyed.fingerprint);
        return { key: keyed.key, duplicate: false };
      }
      const all = typeof before === 'string' ? [before] : before;
      if (all.includes(keyed.fingerprint)) return undefined;
      all.push(keyed.fingerprint);
      seen.set(name, all);
      return { key: `${keyed.key}\u0001${all.length - 1}`, duplicate: true };
    },
  };
}

/** Keys and how many rows had them, by `lead TAB key`. */
export type Counts = Readonly<Record<string, number>>;

export interface Counting extends Occurrences {
  /** Counts of the keys whose lead is at the edge of the page: the next answer may go on in that second. */
  edge(): Counts | undefined;
}

/** Rows at the end of an answer whose seconds the next one may go on in: a log lies by number, only nearly by time. */
const EDGE_ROWS = 200;

/**
 * Rows without an id, compared as a multiset: the n-th row with a key has n as the key's last part, whatever the order
 * in which equal rows come. `before`: counts at the edge of the answer before this one.
 */
export function counting(before: Counts = {}): Counting {
  const counts = new Map(Object.entries(before));
  const last: number[] = [];
  return {
    place: ({ lead, key }) => {
      if (last.length === EDGE_ROWS) last.shift();
      last.push(lead);
      const name = `${lead}\t${key}`;
      const n = (counts.get(name) ?? 0) + 1;
      counts.set(name, n);
      return { key: key === '' ? String(n) : `${key}\t${n}`, duplicate: false };
    },
    edge: () => {
      const seconds = new Set(last);
      const at = [...counts].filter(([name]) => seconds.has(Number.parseInt(name, 10)));
      return at.length === 0 ? undefined : Object.fromEntries(at);
    },
  };
}

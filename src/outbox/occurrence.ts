import type { Keyed } from '../core/words.ts';
import { tally } from './tally.ts';

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

/** How many rows had a key, by the names a `tally` gives keys. */
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
  const counts = tally();
  for (const [name, n] of Object.entries(before)) {
    // Checkpoints of older versions name keys as they are.
    const tab = name.indexOf('\t');
    if (tab < 0) counts.restore(name, n);
    else for (let i = 0; i < n; i++) counts.count(Number(name.slice(0, tab)) >>> 0, name.slice(tab + 1));
  }
  const last: number[] = [];
  return {
    place: ({ lead, key }) => {
      if (last.length === EDGE_ROWS) last.shift();
      // Seconds have 32 bits until 2106; behind that, those that share them are looked at together.
      const second = lead >>> 0;
      last.push(second);
      const n = counts.count(second, key);
      return { key: key === '' ? String(n) : `${key}\t${n}`, duplicate: false };
    },
    edge: () => (last.length === 0 ? undefined : counts.of(new Set(last))),
  };
}

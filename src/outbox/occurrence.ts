import type { Keyed } from '../core/words.ts';

/** An id came back after others: the page is not in order and must be staged with all keys remembered. */
export class RepeatedKeyError extends Error {}

export interface Occurrences {
  /** The key as the table holds it; undefined when this very record stood in the page before. Throws RepeatedKeyError. */
  place(keyed: Keyed): { readonly key: string; readonly duplicate: boolean } | undefined;
}

/**
 * Tells records of one page apart that share a key: equal ones count once, different ones are all kept, the later
 * under the key with an occurrence number. Keys are remembered while their leading id lasts, or all of them (`careful`).
 */
export function occurrences(orderedById: boolean, careful: boolean): Occurrences {
  const seen = new Map<string, string | string[]>();
  let current = -1;
  let highest = -1;
  return {
    place: (keyed) => {
      if (keyed.lead !== current) {
        if (!careful && orderedById) {
          if (keyed.lead < highest) throw new RepeatedKeyError();
          seen.clear();
        }
        current = keyed.lead;
        highest = Math.max(highest, keyed.lead);
      }
      const name = careful ? `${keyed.lead}\t${keyed.key}` : keyed.key;
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

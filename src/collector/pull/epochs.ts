/**
 * Fields Qualys adds. A field that neither the facts nor any earlier record of the key space knew begins a new epoch;
 * a row of the key table says under which epoch its fingerprint was taken. When a record differs from its row, the row
 * is older, and Qualys's change time stands still, the fingerprint is taken again without the fields that were new
 * since: if it is the same, nothing happened to the object and the row is adopted without an event.
 */
import type { Dataset } from '../../core/dataset.ts';
import type { Fields } from '../../core/words.ts';
import { CANONICAL_FORM, fingerprintOf } from '../../pipeline/fingerprint.ts';

/** More epochs than Qualys will ever add fields. */
const EPOCHS = 100_000;

export interface Epochs {
  /** The form fingerprints taken now have. */
  form(): number;
  /** A field outside the facts was seen; true when it is new. */
  saw(name: string): boolean;
  readonly names: readonly string[];
  /** True when the record is what the row says, but for what came with later forms. */
  sameInOlderForm(record: string, form: number, fingerprint: string): boolean;
}

export function epochs(dataset: Dataset, known: readonly string[]): Epochs {
  const names = [...known];
  const seen = new Set(names);
  return {
    names,
    form: () => CANONICAL_FORM * EPOCHS + names.length,
    saw: (name) => {
      if (seen.has(name)) return false;
      seen.add(name);
      names.push(name);
      return true;
    },
    sameInOlderForm: (record, form, fingerprint) => {
      if (Math.floor(form / EPOCHS) !== CANONICAL_FORM) return true;
      const since = new Set(names.slice(form % EPOCHS));
      // Ours, and never in a fingerprint.
      for (const { from, field } of dataset.key) if (from === 'part') since.add(field);
      return fingerprintOf(dataset, JSON.parse(record) as Fields, since) === fingerprint;
    },
  };
}

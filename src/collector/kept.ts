import { reveal, Secret } from '../core/secret.ts';

/** Something made from a part of the configuration, with the text by which a change of that part is noticed. */
export interface Kept<T> {
  readonly made: T;
  readonly from: string;
}

/** What was made from the same text before, else what `make` makes now. */
export async function kept<T>(before: Kept<T> | undefined, from: string, make: () => T | Promise<T>): Promise<Kept<T>> {
  return before?.from === from ? before : { made: await make(), from };
}

/** Parts of a configuration as a text that differs where they differ, secrets included: for comparison, never for eyes. */
export function comparable(...values: readonly unknown[]): string {
  return JSON.stringify(values, function (this: Record<string, unknown>, name, value: unknown) {
    const plain = this[name];
    if (plain instanceof Secret) return { secret: reveal(plain) };
    return plain instanceof Map ? [...plain] : value;
  });
}

export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export function difference<T>(before: ReadonlyMap<string, Kept<T>>, after: ReadonlyMap<string, Kept<T>>): Difference {
  const names = [...after.keys()];
  return {
    added: names.filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    changed: names.filter((name) => before.has(name) && before.get(name) !== after.get(name)),
  };
}

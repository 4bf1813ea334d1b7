import type { Fields, Value } from '../core/words.ts';

/** A field by its Qualys name, with a dot for each step inside: `HOST.IP`, `TAGS.TAG.NAME`, `QDS.@severity`. */
export type FieldPath = readonly string[];

export const fieldPath = (text: string): FieldPath => text.split('.');

/** Whether one of two paths leads to the other, or into it. */
export const meets = (one: FieldPath, other: FieldPath): boolean => {
  const length = Math.min(one.length, other.length);
  return one.slice(0, length).every((step, i) => step === other[i]);
};

export const isFields = (value: Value | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a path leads to; lists on the way give each of their items, an element with attributes its text. */
export function valuesAt(record: Fields, path: FieldPath): (string | number | boolean)[] {
  const found: (string | number | boolean)[] = [];
  function walk(value: Value | undefined, step: number): void {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) for (const one of value as readonly Value[]) walk(one, step);
    else if (isFields(value)) {
      const name = step < path.length ? path[step]! : '#text';
      if (Object.hasOwn(value, name)) walk(value[name], step + 1);
    } else if (step >= path.length) found.push(value as string | number | boolean);
  }
  walk(record, 0);
  return found;
}

/** Whether there is anything at the end of a path, an object, an empty text and null included. */
export function isThere(value: Value | undefined, path: FieldPath, step = 0): boolean {
  if (value === undefined) return false;
  if (Array.isArray(value)) return (value as readonly Value[]).some((one) => isThere(one, path, step));
  if (step === path.length) return true;
  return isFields(value) && Object.hasOwn(value, path[step]!) && isThere(value[path[step]!], path, step + 1);
}

/** A record with what a path leads to put in another form; undefined takes it out. What no path touches is the same object. */
export function changedAt(record: Fields, path: FieldPath, change: (value: Value) => Value | undefined): Fields {
  return changed(record, path, 0, change) as Fields;
}

function changed(
  value: Value,
  path: FieldPath,
  step: number,
  change: (value: Value) => Value | undefined,
): Value | undefined {
  if (step === path.length) return change(value);
  if (Array.isArray(value)) {
    return (value as readonly Value[])
      .map((one) => changed(one, path, step, change))
      .filter((one): one is Value => one !== undefined);
  }
  const name = path[step]!;
  if (!isFields(value) || !Object.hasOwn(value, name)) return value;
  // Made from entries: a member called __proto__ is a member.
  return Object.fromEntries(
    Object.entries(value).flatMap(([member, held]) => {
      const kept = member === name ? changed(held, path, step + 1, change) : held;
      return kept === undefined ? [] : [[member, kept] as const];
    }),
  );
}

/** A record with only what these paths lead to. */
export function onlyAt(record: Fields, paths: readonly FieldPath[]): Fields {
  return (only(record, paths) ?? {}) as Fields;
}

function only(value: Value, paths: readonly FieldPath[]): Value | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  if (Array.isArray(value)) {
    return (value as readonly Value[]).map((one) => only(one, paths)).filter((one): one is Value => one !== undefined);
  }
  if (!isFields(value)) return undefined;
  const kept = Object.entries(value).flatMap(([name, held]) => {
    const inside = paths.filter(([first]) => first === name).map((path) => path.slice(1));
    const part = inside.length === 0 ? undefined : only(held, inside);
    return part === undefined ? [] : [[name, part] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

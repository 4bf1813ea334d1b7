import { type Path, pathText } from '../problems.ts';
import type { Tree } from '../tree.ts';
import { isObject } from '../unknown-keys.ts';
import type { Report } from '../validate.ts';

/** Reading a Devo layout: the file, where errors go, and where what is not honoured is said. */
export interface Reading {
  readonly tree: Tree;
  readonly report: Report;
  readonly warn: (path: Path, why: string) => void;
}

/** One mapping of the file. A setting `override_NAME` stands before `NAME`, as in Devo's own collectors. */
export interface Section {
  readonly path: Path;
  /** Where the setting stands; undefined where it does not. */
  at(key: string): Path | undefined;
  /** The text, a number as it is written; what is no scalar is an error. */
  text(key: string): string | undefined;
  /** True and false, also as the YAML of Python spells them. */
  flag(key: string): boolean | undefined;
  count(key: string): number | undefined;
  list(key: string): readonly unknown[] | undefined;
  section(key: string): Section | undefined;
  sections(): readonly (readonly [string, Section])[];
  /** Says of these, where they stand, why they do nothing. */
  unused(why: string, ...keys: readonly string[]): void;
  /** Says so of everything that nobody has asked for. */
  rest(): void;
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', 'no', 'off'].map((word) => [word, false] as const),
]);

/** The mapping at a path; undefined where nothing stands, or something else, which is an error. */
export function sectionAt(reading: Reading, path: Path): Section | undefined {
  const { tree, report, warn } = reading;
  const found = path.reduce<unknown>(
    (at, part) => (isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined),
    tree.value,
  );
  if (found === undefined || found === null) return undefined;
  if (!isObject(found)) {
    report('QRY1003', path, 'expected keys and values');
    return undefined;
  }
  const values: Readonly<Record<string, unknown>> = found;
  const asked = new Set<string>();
  const nameOf = (key: string): string | undefined => {
    const names = [`override_${key}`, key].filter((name) => Object.hasOwn(values, name) && values[name] !== null);
    for (const name of [`override_${key}`, key]) asked.add(name);
    return names[0];
  };
  const scalar = (key: string): { readonly at: Path; readonly value: string } | undefined => {
    const name = nameOf(key);
    if (name === undefined) return undefined;
    const at = [...path, name];
    const value = values[name];
    if (typeof value === 'string') return { at, value };
    if (typeof value === 'number' || typeof value === 'boolean')
      return { at, value: tree.written.get(pathText(at)) ?? String(value) };
    report('QRY1003', at, 'expected a text');
    return undefined;
  };
  return {
    path,
    at: (key) => {
      const name = nameOf(key);
      return name === undefined ? undefined : [...path, name];
    },
    text: (key) => scalar(key)?.value,
    flag: (key) => {
      const found = scalar(key);
      if (found === undefined) return undefined;
      const value = WORDS.get(found.value.toLowerCase());
      if (value === undefined) report('QRY1003', found.at, 'expected true or false');
      return value;
    },
    count: (key) => {
      const found = scalar(key);
      if (found === undefined) return undefined;
      if (/^[1-9]\d{0,8}$/.test(found.value)) return Number(found.value);
      report('QRY1003', found.at, 'expected a whole number from 1 on');
      return undefined;
    },
    list: (key) => {
      const name = nameOf(key);
      if (name === undefined) return undefined;
      const value = values[name];
      if (Array.isArray(value)) return value as readonly unknown[];
      report('QRY1003', [...path, name], 'expected a list');
      return undefined;
    },
    section: (key) => {
      const name = nameOf(key);
      return name === undefined ? undefined : sectionAt(reading, [...path, name]);
    },
    sections: () =>
      Object.keys(values).flatMap((name) => {
        asked.add(name);
        const one =
          sectionAt(reading, [...path, name]) ?? (values[name] === null ? empty(reading, [...path, name]) : undefined);
        return one === undefined ? [] : [[name, one] as const];
      }),
    unused: (why, ...keys) => {
      for (const key of keys) {
        const name = nameOf(key);
        if (name !== undefined) warn([...path, name], why);
      }
    },
    rest: () => {
      for (const name of Object.keys(values)) if (!asked.has(name)) warn([...path, name], 'not a setting Quarry knows');
    },
  };
}

/** `host_list:` with nothing behind it: a mapping without keys. */
const empty = (reading: Reading, path: Path): Section | undefined => {
  const value = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), {});
  return sectionAt({ ...reading, tree: { ...reading.tree, value } }, path);
};

import type { z } from 'zod';
import { type Path, type Problem, pathText } from './problems.ts';
import { didYouMean, nearest, oneOf } from './suggest.ts';
import type { Tree } from './tree.ts';
import { parseDuration, parseSize } from './units.ts';
import { isObject, unknownKeys } from './unknown-keys.ts';

export type Report = (code: Problem['code'], path: Path, message: string) => void;

/**
 * Checks the tree against the schema; every problem goes to `report`, and the result is undefined when there was one.
 *
 * What a text in YAML means is decided by what the schema wants at its place: a number written where a text is due is
 * taken as it was written (`password: 0123`), a text that came from `${…}` becomes a number or boolean where one is
 * due, and so does a size or a duration (`64KiB`, `15m`: bytes, milliseconds).
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  tree: Tree,
  report: Report,
): z.output<Schema> | undefined {
  for (const { path, key, known } of unknownKeys(schema, tree.value)) {
    report('QRY1003', [...path, key], `unknown key${didYouMean(key, known)}`);
  }
  const converted = new Set<string>();
  for (;;) {
    const result = schema.safeParse(tree.value);
    if (result.success) return result.data;
    const convertedNow = result.error.issues.flatMap(leaves).filter((issue) => convert(tree, issue, converted));
    if (convertedNow.length === 0) {
      describeAll(result.error.issues, [], tree, report);
      return undefined;
    }
  }
}

type Issue = z.core.$ZodIssue;
type TypeIssue = z.core.$ZodIssueInvalidType;

/** The type mismatches inside an issue, those in the options of unions included, with whole paths. */
function leaves(issue: Issue): { issue: TypeIssue; path: Path }[] {
  if (issue.code === 'invalid_type') return [{ issue, path: issue.path as Path }];
  if (issue.code !== 'invalid_union') return [];
  return issue.errors
    .flat()
    .flatMap((inner) =>
      leaves(inner).map((leaf) => ({ issue: leaf.issue, path: [...(issue.path as Path), ...leaf.path] })),
    );
}

/** Converts the value the issue is about, once; whether it did. */
function convert(tree: Tree, { issue, path }: { issue: TypeIssue; path: Path }, converted: Set<string>): boolean {
  const name = pathText(path);
  const parent = path.slice(0, -1).reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], tree.value);
  const last = path.at(-1);
  if (last === undefined || typeof parent !== 'object' || parent === null || converted.has(name)) return false;
  const holder = parent as Record<string | number, unknown>;
  const value = wanted(issue.expected, holder[last], tree.written.get(name), tree.interpolated.has(name));
  if (value === undefined) return false;
  converted.add(name);
  holder[last] = value;
  return true;
}

function wanted(expected: string, value: unknown, written: string | undefined, interpolated: boolean): unknown {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return written;
  if (typeof value !== 'string') return undefined;
  if (expected === 'boolean' && interpolated) return value === 'true' ? true : value === 'false' ? false : undefined;
  if (expected !== 'number') return undefined;
  if (interpolated && /^[+-]?\d+(\.\d+)?$/.test(value)) return Number(value);
  return parseSize(value) ?? parseDuration(value);
}

function describeAll(issues: readonly Issue[], prefix: Path, tree: Tree, report: Report): void {
  for (const issue of issues) {
    // Where a schema is strict by itself, `unknownKeys` has said it already.
    if (issue.code === 'unrecognized_keys') continue;
    const path = [...prefix, ...(issue.path as Path)];
    const option = issue.code === 'invalid_union' ? relevantOption(issue) : undefined;
    if (option !== undefined) describeAll(option, path, tree, report);
    else if (!tree.failed.has(pathText(path))) report('QRY1003', path, describe(issue, valueAt(tree.value, path)));
  }
}

const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, part) => (at as Record<string | number, unknown> | undefined | null)?.[part], root);

/** The one option of a union whose outer form fits, so that only what is wrong inside needs saying. */
function relevantOption(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] | undefined {
  const fitting = issue.errors.filter((option) => option.every((inner) => inner.path.length > 0));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** What was expected, in words; never the value that stands there. */
function describe(issue: Issue, value: unknown): string {
  if (issue.code === 'invalid_union') return describeUnion(issue, value);
  if (value === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) {
    return `required; expected ${expectation(issue)}`;
  }
  if (issue.code === 'invalid_value') return choice(issue.values.map(String), value);
  if (issue.code === 'invalid_type' && !issue.message.startsWith('expected')) {
    return `expected ${expectation(issue)}, got ${kind(value)}`;
  }
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => message).join('; ');
  const said = issue.message.startsWith('expected') || issue.code === 'custom' ? issue.message : '';
  return said === '' ? `expected ${expectation(issue)}` : said;
}

function describeUnion(issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  if ('options' in issue && issue.options !== undefined) return choice(issue.options.map(String), value);
  const options = issue.errors.flat();
  const words = options.flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : []));
  const meant = typeof value === 'string' ? nearest(value, words) : undefined;
  const expected = oneOf([...new Set(options.map(expectation))]);
  return `expected ${expected}${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
}

function choice(words: readonly string[], value: unknown): string {
  if (value === undefined) return `required; expected ${oneOf(words.map(quoted))}`;
  const meant = typeof value === 'string' ? nearest(value, words) : undefined;
  if (meant !== undefined) return `not known; did you mean "${meant}"?`;
  return `expected ${words.length === 0 ? 'nothing: none is known' : oneOf(words.map(quoted))}`;
}

const quoted = (word: string): string => `"${word}"`;

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys and values',
  record: 'keys and values',
};

/** What an issue wanted to see, to stand after "expected". */
function expectation(issue: Issue): string {
  if (issue.message.startsWith('expected ')) return issue.message.slice('expected '.length);
  switch (issue.code) {
    case 'invalid_type':
      return WORDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return oneOf(issue.values.map((word) => (typeof word === 'string' ? quoted(word) : String(word))));
    case 'invalid_format':
      return issue.pattern === undefined ? `a valid ${issue.format}` : `a text like ${issue.pattern}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? `at least ${amount(issue.minimum, issue.origin)}`
        : `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string' || issue.origin === 'array'
        ? `at most ${amount(issue.maximum, issue.origin)}`
        : `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    default:
      return 'something else';
  }
}

function kind(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'keys and values';
  return WORDS[typeof value] ?? typeof value;
}

function amount(count: number | bigint, origin: string): string {
  const thing = origin === 'array' ? 'item' : 'character';
  return `${count} ${thing}${Number(count) === 1 ? '' : 's'}`;
}

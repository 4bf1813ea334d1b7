import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { interpolate, referencesIn, type Sources } from './interpolate.ts';
import { type Path, type Position, type Problem, pathText } from './problems.ts';

/** A YAML text as plain values, with what is needed to speak about them: where they stand and how they were written. */
export interface Tree {
  readonly value: unknown;
  /** By path: where the key stands, or the item of a list. */
  readonly positions: ReadonlyMap<string, Position>;
  /** By path: a number or boolean as it was written, for `password: 0123` and its like. */
  readonly written: ReadonlyMap<string, string>;
  /** Paths of texts that came from `${…}`: the schema decides whether they are numbers. */
  readonly interpolated: ReadonlySet<string>;
  /** By path: the references a text was filled in from, without their defaults: `${QUALYS_PASSWORD}`. */
  readonly references: ReadonlyMap<string, readonly string[]>;
  /** Paths whose value could not be had; said already, so that nobody complains about them twice. */
  readonly failed: ReadonlySet<string>;
  /** By path: what the file calls it, where it was written in another layout. */
  readonly origins?: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

interface Walk {
  readonly label: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly sources: Sources | undefined;
  readonly positions: Map<string, Position>;
  readonly written: Map<string, string>;
  readonly interpolated: Set<string>;
  readonly references: Map<string, readonly string[]>;
  readonly failed: Set<string>;
  readonly problems: Problem[];
  /** Nodes left: aliases of aliases must not grow a small file into a large one. */
  budget: number;
}

const MAX_NODES = 100_000;

/**
 * Reads YAML 1.2 and fills in `${…}`; without `sources` the text stays as it is. `label` is the file's name in positions. A
 * syntax error leaves `value` undefined.
 */
export function readTree(text: string, label: string, sources: Sources | undefined): Tree {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const walk: Walk = {
    label,
    document,
    lines,
    sources,
    positions: new Map(),
    written: new Map(),
    interpolated: new Set(),
    references: new Map(),
    failed: new Set(),
    problems: [],
    budget: MAX_NODES,
  };
  // Warnings are tags nobody knows (`!secret`): to go on would take the words behind them for the value.
  const errors = [...document.errors, ...document.warnings];
  // What follows an unexpected token is read with a wrong idea of where things begin: only the first one tells.
  const first = errors.findIndex(({ code }) => code === 'UNEXPECTED_TOKEN');
  for (const error of first < 0 ? errors : errors.slice(0, first + 1)) {
    report(walk, 'QRY1002', [], syntaxMessage(error, text), error.pos[0]);
  }
  const value = walk.problems.length > 0 ? undefined : plain(walk, document.contents as Node | null, []);
  return { ...walk, value };
}

function positionAt(walk: Walk, offset: number): Position {
  const { line, col } = walk.lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function report(walk: Walk, code: Problem['code'], path: Path, message: string, offset?: number): void {
  const text = pathText(path);
  const at = offset === undefined ? walk.positions.get(text) : positionAt(walk, offset);
  walk.problems.push({
    code,
    where: at === undefined ? walk.label : `${walk.label}:${at.line}:${at.column}`,
    path: text,
    message,
  });
}

function plain(walk: Walk, node: Node | null, path: Path): unknown {
  if (node === null) return null;
  if (walk.budget-- <= 0) return fail(walk, path, 'the aliases of this file repeat too much');
  if (isAlias(node)) {
    const target = node.resolve(walk.document);
    // An alias inside its own anchor never ends.
    if (target === undefined || path.length > 50)
      return fail(walk, path, 'an alias (*name) without its anchor (&name), or inside it');
    return plain(walk, target, path);
  }
  if (isMap(node)) return plainMap(walk, node.items, path);
  if (isSeq(node)) {
    return node.items.map((item, i) => {
      const child = item as Node;
      const childPath = [...path, i];
      if (child.range) walk.positions.set(pathText(childPath), positionAt(walk, child.range[0]));
      return plain(walk, child, childPath);
    });
  }
  if (!isScalar(node)) return fail(walk, path, 'expected a value');
  if (typeof node.value !== 'string') {
    if (node.source !== undefined) walk.written.set(pathText(path), node.source);
    return node.value;
  }
  if (walk.sources === undefined) return node.value;
  const filled = interpolate(node.value, walk.sources);
  if ('problem' in filled) return fail(walk, path, filled.problem);
  if (filled.replaced) {
    walk.interpolated.add(pathText(path));
    walk.references.set(pathText(path), referencesIn(node.value));
  }
  return filled.text;
}

function plainMap(walk: Walk, items: readonly { key: unknown; value: unknown }[], path: Path): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { key, value } of items) {
    if (!isScalar(key)) {
      fail(walk, path, 'a key must be a plain word');
      continue;
    }
    // A key like 7 or true is a name here: as it was written.
    const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
    const childPath = [...path, name];
    if (key.range) walk.positions.set(pathText(childPath), positionAt(walk, key.range[0]));
    if (name === '__proto__' || name === '<<') fail(walk, childPath, `the key ${name} is not supported`);
    else if (Object.hasOwn(result, name)) fail(walk, childPath, 'the key stands here twice');
    else result[name] = plain(walk, value as Node | null, childPath);
  }
  return result;
}

/** Notes the problem; the value is undefined from here on. */
function fail(walk: Walk, path: Path, message: string): undefined {
  walk.failed.add(pathText(path));
  report(walk, 'QRY1004', path, message);
  return undefined;
}

/** The reader's own messages may quote the file, and what stands there may be a password: said in our words. */
function syntaxMessage(error: YAMLError, text: string): string {
  const from = text.lastIndexOf('\n', error.pos[0] - 1) + 1;
  const end = text.indexOf('\n', error.pos[0]);
  const line = text.slice(from, end < 0 ? undefined : end);
  const hint = line.includes('${') ? '; inside { } or [ ] put ${…} in quotes' : '';
  return `${SYNTAX[error.code] ?? 'not valid YAML here'}${hint}`;
}

const SYNTAX: Partial<Record<YAMLError['code'], string>> = {
  BAD_DQ_ESCAPE: 'an escape that does not exist; use single quotes for a text with backslashes',
  BAD_INDENT: 'the indentation does not fit the lines above, or a bracket or quote is not closed',
  BAD_SCALAR_START: 'a value may not begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping on one line with its key; begin a new line, or put a value with a colon in quotes',
  MISSING_CHAR: 'a colon, comma, quote or bracket is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; is a colon missing?',
  MULTIPLE_DOCS: 'a second document (---) in one file',
  TAB_AS_INDENT: 'a tab as indentation; use spaces',
  TAG_RESOLVE_FAILED: 'a tag (!name) that is not known here',
  UNEXPECTED_TOKEN: 'something is here that does not belong here',
};

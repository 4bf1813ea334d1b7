/**
 * Objects of QPS as trees, and the two languages they are written in (reference, 2.2). A list is a "QList": entries
 * wrapped by the name of their type; WAS lists say how many there are, AM lists do not.
 *
 * JSON: booleans are strings, numbers numbers, every entry is wrapped by its type; lists of plain values are arrays.
 */
import { cdata, escaped } from '../../xml.ts';

export type Value = string | number | boolean | Cdata | List | Tree | Later | undefined;

/** A value that costs something to make: made only when it is written. */
export type Later = () => Exclude<Value, Later>;

/** Names and values in Qualys's order; undefined ones are left out. */
export interface Tree {
  readonly [name: string]: Value;
}

export interface Cdata {
  readonly cdata: string;
}

export interface List {
  readonly list: readonly Entry[];
  /** WAS says the number of entries before them, AM does not. */
  readonly counted: boolean;
  /** Written even without entries, as the recorded tags of an EC2 instance are. */
  readonly kept?: boolean;
}

export interface Entry {
  /** The element around it; `long` for plain numbers. */
  readonly of: string;
  readonly value: Tree | number;
}

export interface Style {
  /** Lists without entries are written, rather than left out (AM). */
  readonly emptyLists: boolean;
  /** A list of one is its bare entry (JSON). */
  readonly singleBare: boolean;
}

type Made = Exclude<Value, Later>;

const made = (value: Value): Made => (typeof value === 'function' ? value() : value);
const isList = (value: Made): value is List => typeof value === 'object' && 'list' in value;
const isCdata = (value: Made): value is Cdata => typeof value === 'object' && 'cdata' in value;

export function listOf(of: string, list: readonly (Tree | number)[]): List {
  return { list: list.map((value) => ({ of, value })), counted: false };
}

export function countedList(of: string, list: readonly (Tree | number)[]): List {
  return { ...listOf(of, list), counted: true };
}

/** The elements of a tree, one per line. */
export function treeXml(tree: Tree, indent: string, style: Style): string {
  let text = '';
  for (const [name, value] of Object.entries(tree)) text += valueXml(name, made(value), indent, style);
  return text;
}

function valueXml(name: string, value: Made, indent: string, style: Style): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return `${indent}<${name}>${escaped(String(value))}</${name}>\n`;
  if (isCdata(value)) return `${indent}<${name}>${cdata(value.cdata)}</${name}>\n`;
  const inner = isList(value) ? listXml(value, `${indent}  `, style) : treeXml(value, `${indent}  `, style);
  return inner === '' ? '' : `${indent}<${name}>\n${inner}${indent}</${name}>\n`;
}

function listXml({ list, counted, kept }: List, indent: string, style: Style): string {
  const count = counted ? `${indent}<count>${list.length}</count>\n` : '';
  if (list.length === 0) return style.emptyLists || kept === true ? `${count}${indent}<list/>\n` : count;
  const entries = list.map(({ of, value }) => {
    if (typeof value === 'number') return `${indent}  <${of}>${value}</${of}>\n`;
    const inner = treeXml(value, `${indent}    `, style);
    return inner === '' ? `${indent}  <${of}/>\n` : `${indent}  <${of}>\n${inner}${indent}  </${of}>\n`;
  });
  return `${count}${indent}<list>\n${entries.join('')}${indent}</list>\n`;
}

/** The same tree as a value for JSON. */
export function treeJson(tree: Tree, style: Style): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(tree)) {
    const plain = valueJson(made(value), style);
    if (plain !== undefined) object[name] = plain;
  }
  return object;
}

function valueJson(value: Made, style: Style): unknown {
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'object') return value;
  if (isCdata(value)) return value.cdata;
  if (!isList(value)) {
    const object = treeJson(value, style);
    return Object.keys(object).length === 0 ? undefined : object;
  }
  const { list, counted, kept } = value;
  const count = counted ? { count: list.length } : {};
  if (list.length === 0)
    return style.emptyLists || kept === true ? { ...count, list: [] } : counted ? count : undefined;
  const entries = list.map(({ of, value: one }) => (typeof one === 'number' ? one : { [of]: treeJson(one, style) }));
  return { ...count, list: style.singleBare && entries.length === 1 ? entries[0] : entries };
}

/**
 * The part of a tree that `fields=` asks for: paths with dots, `tags.list.TagSimple.name`; a path names its whole
 * subtree.
 */
export function project(tree: Tree, paths: readonly (readonly string[])[]): Tree {
  const kept: Record<string, Value> = {};
  for (const [name, value] of Object.entries(tree)) {
    const inner = paths.filter(([first]) => first === name).map((path) => path.slice(1));
    if (inner.length > 0) kept[name] = inner.some((path) => path.length === 0) ? value : within(made(value), inner);
  }
  return kept;
}

function within(value: Made, paths: readonly (readonly string[])[]): Value {
  if (typeof value !== 'object' || isCdata(value)) return undefined;
  if (!isList(value)) return project(value, paths);
  const inner = paths.filter(([first]) => first === 'list').map((path) => path.slice(1));
  if (inner.length === 0) return undefined;
  if (inner.some((path) => path.length === 0)) return value;
  const list = value.list.flatMap((entry) => {
    const below = inner.filter(([first]) => first === entry.of).map((path) => path.slice(1));
    if (below.length === 0) return [];
    const whole = typeof entry.value === 'number' || below.some((path) => path.length === 0);
    return [whole ? entry : { of: entry.of, value: project(entry.value as Tree, below) }];
  });
  return { ...value, list };
}

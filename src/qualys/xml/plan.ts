import type { XmlFormat } from '../../core/format.ts';

/** What an element means to the reader, by its path. */
export const PLAIN = 0;
/** Stands around records or ids: the root and the path elements; said in the envelope only where it holds something else. */
export const CONTAINER = 1;
/** A record of a format without inner records. */
export const RECORD = 2;
/** An outer element (a host), whose inner elements are the records. */
export const OUTER = 3;
/** The list of inner records. */
export const INNER_LIST = 4;
/** An inner record (a detection). */
export const INNER = 5;
export const ID = 6;
export const ID_RANGE = 7;
/** Stands around records and is not kept. */
export const DROPPED = 8;

/** Names below this are known beforehand; `#text`, which no element can bear, is the first. */
export const TEXT_NAME = 0;

/**
 * A format as a table: from the state of an element and the name of a child (an index into `names`) to the child's
 * state. State 0 is everything the format does not name.
 */
export interface Plan {
  readonly names: readonly string[];
  /** Names spelled as the format spells them, whatever case the answer uses. */
  readonly fields: ReadonlySet<string>;
  readonly verbatim: ReadonlySet<string>;
  /** state * names.length + name → state. */
  readonly next: Int32Array;
  readonly kind: Uint8Array;
  /** 1 where the element is declared to repeat. */
  readonly listed: Uint8Array;
}

interface Place {
  readonly state: number;
  readonly children: Map<string, Place>;
}

/** The state of a document, above its root. */
export const DOCUMENT = 1;

/** The paths of a format's outer elements: one for each name of the last step. */
export function recordPaths({ record }: XmlFormat): string[] {
  const above = record.slice(0, record.lastIndexOf('/') + 1);
  return record
    .slice(above.length)
    .split('|')
    .map((name) => above + name);
}

export function planOf(format: XmlFormat): Plan {
  const kinds: number[] = [];
  const listed: number[] = [];
  const place = (kind: number): Place => {
    kinds.push(kind);
    listed.push(0);
    return { state: kinds.length - 1, children: new Map() };
  };
  const walk = (from: Place, path: string, kind: number): Place => {
    let at = from;
    for (const name of path.split('/')) {
      const child = at.children.get(name) ?? place(kind);
      at.children.set(name, child);
      at = child;
    }
    return at;
  };
  const plain = place(PLAIN);
  const document = place(CONTAINER);
  const root = walk(document, format.root, CONTAINER);
  const outers = recordPaths(format).map((path) => walk(root, path, CONTAINER));
  for (const { state } of outers) kinds[state] = format.inner === undefined ? RECORD : OUTER;
  const holders = [...outers];
  if (format.inner !== undefined) {
    for (const outer of outers)
      holders.push(walk(walk(outer, format.inner.list, INNER_LIST), format.inner.element, INNER));
  }
  for (const holder of holders) for (const path of format.lists) listed[walk(holder, path, PLAIN).state] = 1;
  if (format.idSet !== undefined) {
    const set = walk(root, format.idSet, CONTAINER);
    walk(set, 'ID', ID);
    walk(set, 'ID_RANGE', ID_RANGE);
  }

  for (const path of format.dropped ?? []) kinds[walk(root, path, CONTAINER).state] = DROPPED;

  const fields = new Set([...format.fields, ...(format.contextFields ?? [])]);
  const names = new Set(['#text']);
  const collect = (from: Place): void => {
    for (const [name, child] of from.children) {
      names.add(name);
      collect(child);
    }
  };
  collect(document);
  // Text and attributes of a record itself (`#text`, `@network_id`) are fields, but no names of elements.
  for (const name of [...fields, ...format.verbatim]) if (!/^[#@]/.test(name)) names.add(name);

  const list = [...names];
  const next = new Int32Array(kinds.length * list.length).fill(plain.state);
  const fill = (from: Place): void => {
    for (const [name, child] of from.children) {
      next[from.state * list.length + list.indexOf(name)] = child.state;
      fill(child);
    }
  };
  fill(document);
  return {
    names: list,
    fields,
    verbatim: new Set(format.verbatim),
    next,
    kind: Uint8Array.from(kinds),
    listed: Uint8Array.from(listed),
  };
}

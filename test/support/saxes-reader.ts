import { SaxesParser } from 'saxes';
import type { XmlFormat } from '../../src/core/format.ts';
import type { Fields, Value } from '../../src/core/words.ts';

/**
 * The oracle: the same answers read by saxes into a tree, and the rules of a record written down once more in the
 * plainest way. Slow, and holds everything in memory.
 */
interface Element {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: Element[];
  readonly texts: string[];
}

export type OracleSeen =
  | { readonly record: Fields; readonly context?: Fields }
  | { readonly outer: Fields }
  | { readonly ids: readonly [number, number] };

export interface OracleAnswer {
  readonly seen: readonly OracleSeen[];
  readonly root: string;
  readonly envelope: Fields;
}

/** Throws saxes's error on a document that is not well-formed. */
export function readWithSaxes(format: XmlFormat, document: string): OracleAnswer {
  const root = treeOf(document);
  const seen: OracleSeen[] = [];
  const paths = format.record.split('|').map((one, i, [first]) => {
    const path = first!.split('/');
    return i === 0 ? path : [...path.slice(0, -1), one];
  });
  const idPath = format.idSet?.split('/');
  const matches = same(root.name, format.root);
  const shout = matches && root.name !== format.root;

  const envelope = (element: Element, below: readonly string[] | undefined): Value | undefined => {
    const onPath = below !== undefined;
    const members: [string, Value][] = [];
    for (const child of element.children) {
      const here = onPath ? [...below, child.name] : undefined;
      if (here !== undefined && format.dropped?.some((path) => same(here.join('/'), path)) === true) continue;
      if (here !== undefined && paths.some((path) => same(here.join('/'), path.join('/')))) {
        holder(child);
        continue;
      }
      if (here !== undefined && idPath !== undefined && same(here.slice(0, -1).join('/'), idPath.join('/'))) {
        if (same(child.name, 'ID') || same(child.name, 'ID_RANGE')) {
          const [first, last] = trim(child.texts.join('')).split('-').map(Number);
          seen.push({ ids: [first!, last ?? first!] });
          continue;
        }
      }
      const leads = (to: readonly string[] | undefined): boolean =>
        here !== undefined && to !== undefined && same(to.slice(0, here.length).join('/'), here.join('/'));
      const along = paths.some(leads) || leads(idPath);
      const value = envelope(child, along ? here : undefined);
      if (value !== undefined) members.push([shout ? child.name.toUpperCase() : child.name, value]);
    }
    const text = trim((onPath ? element.texts.filter((run) => trim(run) !== '') : element.texts).join(''));
    const attributes = element.attributes.map(([name, value]): [string, Value] => [`@${name}`, value]);
    if (onPath && text === '' && members.length === 0 && attributes.length === 0) return undefined;
    if (members.length === 0 && attributes.length === 0) return text;
    const texts: [string, Value][] = text === '' && members.length > 0 ? [] : [['#text', text]];
    return merged([...attributes, ...texts, ...members]);
  };

  const holder = (element: Element): void => {
    if (format.inner === undefined) {
      seen.push({ record: recordOf(element, format, undefined) });
      return;
    }
    const { list, element: inner } = format.inner;
    for (const [at, child] of element.children.entries()) {
      if (!same(child.name, list)) continue;
      for (const [place, grandchild] of child.children.entries()) {
        if (!same(grandchild.name, inner)) continue;
        const before: Element = {
          ...element,
          children: [...element.children.slice(0, at), { ...child, children: child.children.slice(0, place) }],
        };
        seen.push({
          record: recordOf(grandchild, format, undefined),
          context: recordOf({ ...before, texts: [] }, format, [list, inner]),
        });
      }
    }
    seen.push({ outer: recordOf(element, format, [list, inner]) });
  };

  const value = envelope(root, matches ? [] : undefined) ?? {};
  const fields = typeof value === 'string' ? (value === '' ? {} : { '#text': value }) : (value as Fields);
  if (fields['#text'] === '') delete (fields as Record<string, Value>)['#text'];
  return { seen, root: root.name, envelope: fields };
}

/** A record's object; `without` names the list and the element of inner records, which are left out. */
function recordOf(element: Element, format: XmlFormat, without: readonly [string, string] | undefined): Fields {
  const members: [string, Value][] = element.attributes.map(([name, value]) => [`@${name}`, value]);
  const text = trim(element.texts.join(''));
  if (text !== '') members.push(['#text', text]);
  const listed: string[] = [];
  for (const child of element.children) {
    let kept = child;
    if (without !== undefined && same(child.name, without[0])) {
      kept = {
        ...child,
        children: child.children.filter(({ name }) => !same(name, without[1])),
        texts: child.texts.filter((run) => trim(run) !== ''),
      };
      if (kept.children.length === 0 && kept.attributes.length === 0 && trim(kept.texts.join('')) === '') continue;
    }
    const path = child.name;
    members.push([spelled(child.name, format), valueOfElement(kept, path, format)]);
    if (format.lists.some((list) => same(list, path))) listed.push(spelled(child.name, format));
  }
  return merged(members, listed);
}

function valueOfElement(element: Element, path: string, format: XmlFormat): Value {
  const whole = element.texts.join('');
  const verbatim = format.verbatim.some((name) => same(name, element.name));
  const text = verbatim ? whole : trim(whole);
  const members: [string, Value][] = element.attributes.map(([name, value]) => [`@${name}`, value]);
  if (element.children.length === 0) {
    if (members.length === 0) return text;
    return merged([...members, ['#text', text]]);
  }
  if (trim(text) !== '') members.push(['#text', text]);
  const listed: string[] = [];
  for (const child of element.children) {
    const below = `${path}/${child.name}`;
    const name = spelled(child.name, format);
    members.push([name, valueOfElement(child, below, format)]);
    if (format.lists.some((list) => same(list, below))) listed.push(name);
  }
  return merged(members, listed);
}

function spelled(name: string, format: XmlFormat): string {
  const fields = [...format.fields, ...(format.contextFields ?? [])];
  return fields.includes(name) ? name : (fields.find((field) => same(field, name)) ?? name);
}

/** Members of one name become an array at the first one's place. */
function merged(members: readonly (readonly [string, Value])[], listed: readonly string[] = []): Fields {
  const groups = new Map<string, Value[]>();
  for (const [name, value] of members) {
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [value]);
    else group.push(value);
  }
  const text = [...groups].map(
    ([name, values]) =>
      `${JSON.stringify(name)}:${JSON.stringify(values.length > 1 || listed.includes(name) ? values : values[0])}`,
  );
  return JSON.parse(`{${text.join(',')}}`) as Fields;
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
const trim = (text: string): string => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');

function treeOf(document: string): Element {
  const parser = new SaxesParser({ position: false });
  const open: Element[] = [];
  let root: Element | undefined;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    const element: Element = {
      name: tag.name,
      attributes: Object.entries(tag.attributes as Record<string, string>),
      children: [],
      texts: [],
    };
    if (open.length === 0) root = element;
    else open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  const text = (run: string): void => {
    open.at(-1)?.texts.push(run);
  };
  parser.on('text', text);
  parser.on('cdata', text);
  parser.write(document).close();
  if (root === undefined) throw new Error('no root');
  return root;
}

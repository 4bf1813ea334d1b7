/** KnowledgeBase answer → the same entries by saxes. */
import { SaxesParser } from 'saxes';
import { entryOf } from '../../src/inventory/knowledge/entry.ts';
import { knowledgeSums } from './knowledge-sums.ts';
import type { Plain } from './saxes-records.ts';
import { textChunks } from './text-chunks.ts';

const LISTS = new Set(['CVE', 'SOFTWARE', 'THREAT_INTEL', 'AUTH_TYPE']);

const sums = knowledgeSums();
const parser = new SaxesParser({ position: false });
const names: string[] = [];
const objects: (Plain | undefined)[] = [];
const texts: string[] = [];
let inside = false;
parser.on('error', (error) => {
  throw error;
});
parser.on('opentag', (tag) => {
  if (tag.name === 'VULN') inside = true;
  if (!inside) return;
  let object: Plain | undefined;
  for (const name in tag.attributes) {
    object ??= {};
    object[`@${name}`] = (tag.attributes as Record<string, string>)[name]!;
  }
  names.push(tag.name);
  objects.push(object);
  texts.push('');
});
const text = (run: string): void => {
  if (inside) texts[texts.length - 1] += run;
};
parser.on('text', text);
parser.on('cdata', text);
parser.on('closetag', () => {
  if (!inside) return;
  const name = names.pop()!;
  const object = objects.pop();
  const content = texts.pop()!.trim();
  if (name === 'VULN') {
    inside = false;
    sums.add(entryOf(object ?? {}));
    return;
  }
  let value: string | Plain = content;
  if (object !== undefined) {
    value = object;
    if (content !== '') object['#text'] = content;
  }
  const at = objects.length - 1;
  const parent = objects[at] ?? {};
  objects[at] = parent;
  const present = parent[name];
  if (present === undefined) parent[name] = LISTS.has(name) ? [value] : value;
  else if (Array.isArray(present)) present.push(value);
  else parent[name] = [present, value];
});
for (const chunk of textChunks(process.argv[2] ?? '')) parser.write(chunk);
parser.close();
sums.report();

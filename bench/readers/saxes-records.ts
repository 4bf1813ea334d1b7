import { SaxesParser } from 'saxes';
import { textChunks } from './text-chunks.ts';

/** A record as plain objects: what a careful program makes of the answer with saxes. */
export type Plain = { [name: string]: string | Plain | (string | Plain)[] };

const LISTS = new Set(['TAG', 'QDS_FACTOR', 'ATTRIBUTE', 'CLOUD_TAG']);

/** Streams a host list detection answer through saxes; calls `detection` for each with its host so far. */
export function saxesRecords(
  path: string,
  detection: (record: Plain, host: Plain) => void,
  hostEnd: (host: Plain) => void,
): void {
  const parser = new SaxesParser({ position: false });
  const names: string[] = [];
  const objects: (Plain | undefined)[] = [];
  const texts: string[] = [];
  let host: Plain | undefined;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    let object: Plain | undefined;
    for (const name in tag.attributes) {
      object ??= {};
      object[`@${name}`] = (tag.attributes as Record<string, string>)[name]!;
    }
    if (tag.name === 'HOST') host = object ??= {};
    if (tag.name === 'DETECTION') object ??= {};
    names.push(tag.name);
    objects.push(object);
    texts.push('');
  });
  const text = (run: string) => {
    texts[texts.length - 1] += run;
  };
  parser.on('text', (run) => {
    if (texts.length > 0) text(run);
  });
  parser.on('cdata', text);
  parser.on('closetag', () => {
    const name = names.pop()!;
    const object = objects.pop();
    const raw = texts.pop()!;
    if (name === 'DETECTION') return detection(object!, host!);
    if (name === 'HOST') {
      hostEnd(object!);
      host = undefined;
      return;
    }
    if (host === undefined || name === 'DETECTION_LIST') return;
    const content = name === 'RESULTS' ? raw : raw.trim();
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
  for (const chunk of textChunks(path)) parser.write(chunk);
  parser.close();
}

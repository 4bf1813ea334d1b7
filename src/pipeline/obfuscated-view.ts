import type { Fields, Members, RecordView, Value } from '../core/words.ts';
import type { Obfuscate } from './obfuscate.ts';

/**
 * Shows records as an obfuscation leaves them: what is written, what the fingerprint is taken of, and what keys are read
 * from. One for each reader; a view it returns is valid until the next one. `hideContext` is for what `contextText` says.
 */
export function obfuscatedView(
  hide: Obfuscate,
  hideContext: Obfuscate = (context) => context,
): (view: RecordView) => RecordView {
  let source: RecordView | undefined;
  let record: Fields = {};
  let bytes = Buffer.alloc(0);
  let from = 0;
  const names: string[] = [];
  const idOf = new Map<string, number>();
  let count = 0;
  let ids = new Int32Array(64);
  let starts = new Int32Array(64);
  let ends = new Int32Array(64);
  const members: Members = {
    get count() {
      return count;
    },
    get ids() {
      return ids;
    },
    get starts() {
      return starts;
    },
    get ends() {
      return ends;
    },
    name: (id) => names[id] ?? '',
  };
  const idFor = (name: string): number => {
    let id = idOf.get(name);
    if (id === undefined) {
      id = names.push(name) - 1;
      idOf.set(name, id);
    }
    return id;
  };
  const shown: RecordView = {
    text: (name) => textIn(record, name),
    contextText: (name) => {
      const text = source?.contextText(name);
      return text === undefined ? undefined : textIn(hideContext({ [name]: text }), name);
    },
    get flags() {
      return source?.flags ?? [];
    },
    get maxBytes() {
      return bytes.length;
    },
    write: (target, at) => {
      target.set(bytes, at);
      for (let i = 0; i < count; i++) {
        starts[i]! += at - from;
        ends[i]! += at - from;
      }
      from = at;
      return at + bytes.length;
    },
    members,
  };
  let scratch = Buffer.alloc(0);
  return (view) => {
    source = view;
    if (scratch.length < view.maxBytes) scratch = Buffer.allocUnsafe(view.maxBytes * 2);
    record = hide(JSON.parse(scratch.toString('utf8', 0, view.write(scratch, 0))) as Fields);
    const held = Object.entries(record);
    count = held.length;
    if (count > ids.length) {
      ids = new Int32Array(count * 2);
      starts = new Int32Array(count * 2);
      ends = new Int32Array(count * 2);
    }
    from = 0;
    let at = 1;
    const texts = held.map(([name, value], i) => {
      const text = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
      ids[i] = idFor(name);
      starts[i] = at;
      at += Buffer.byteLength(text);
      ends[i] = at++;
      return text;
    });
    bytes = Buffer.from(`{${texts.join(',')}}`);
    return shown;
  };
}

/** As `RecordView.text` says it: a scalar, the text of an element with attributes, or one inside, by a path with slashes. */
function textIn(record: Fields, name: string): string | undefined {
  const steps = Object.hasOwn(record, name) ? [name] : name.split('/');
  let value: Value | undefined = record;
  for (const step of steps) {
    if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  if (isObject(value)) value = value['#text'];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

const isObject = (value: Value | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

import type { Dataset } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import type { Fields, RecordView } from '../core/words.ts';

/**
 * A key as the key table holds it: the leading object id as a number (so that rows lie in the order of the answers)
 * and the remaining parts as one text, joined by tabs. Tabs, backslashes and NUL inside a part are escaped with a
 * backslash, so that two keys never share a text. Where one page held different records with one key, the second and
 * further ones have U+0001 and their number behind the text.
 */
export interface Key {
  readonly lead: number;
  readonly key: string;
}

export type KeyReader = (view: RecordView) => Key;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not stand bare in a key
const SPECIAL = /[\t\\\0\u0001]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const OCCURRENCE = /\u0001\d+$/;
const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\\': '\\\\', '\0': '\\0', '\u0001': '\\1' };
const UNESCAPES: Readonly<Record<string, string>> = { t: '\t', '\\': '\\', '0': '\0', '1': '\u0001' };

/** As many digits as a number holds exactly. */
const WHOLE_NUMBER = /^\d{1,15}$/;

const escapePart = (part: string): string =>
  SPECIAL.test(part) ? part.replace(new RegExp(SPECIAL, 'g'), (c) => ESCAPES[c]!) : part;

/** Reads keys of one data set. The reader throws QRY3005 where the leading id is absent or not a whole number. */
export function keyReader(dataset: Dataset): KeyReader {
  const [first, ...rest] = dataset.key;
  const parts = dataset.orderedById ? rest : dataset.key;
  const get = (view: RecordView, part: (typeof dataset.key)[number]): string =>
    (part.from === 'context' ? view.contextText(part.field) : view.text(part.field)) ?? '';
  let lastId = '';
  let lastLead = 0;
  return (view) => {
    let lead = 0;
    if (dataset.orderedById) {
      const id = get(view, first!);
      if (id !== lastId || id === '') {
        if (!WHOLE_NUMBER.test(id)) {
          const what = `${first!.field} is ${id === '' ? 'absent' : `“${id.slice(0, 40)}”`}, not an id`;
          throw new QuarryError('QRY3005', { what, where: dataset.name });
        }
        lastId = id;
        lastLead = Number(id);
      }
      lead = lastLead;
    }
    let key = '';
    for (let i = 0; i < parts.length; i++) key += (i === 0 ? '' : '\t') + escapePart(get(view, parts[i]!));
    return { lead, key };
  };
}

/** The key's parts as an event shows them, from what the key table holds. */
export function keyParts(dataset: Dataset, { lead, key: known }: Key): string[] {
  // Nearly every key is plain.
  if (!known.includes('\\') && !known.includes('\u0001')) {
    if (!dataset.orderedById) return known.split('\t');
    return dataset.key.length === 1 ? [String(lead)] : `${lead}\t${known}`.split('\t');
  }
  const key = known.replace(OCCURRENCE, '');
  const texts =
    dataset.key.length === 1 && dataset.orderedById
      ? []
      : key.split('\t').map((part) => part.replace(/\\([t\\01])/g, (_, c: string) => UNESCAPES[c]!));
  return dataset.orderedById ? [String(lead), ...texts] : texts;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what JSON escapes, and what keys do; tabs part parts
const NEEDS_CARE = /["\\\0-\u0008\u000a-\u001f\ud800-\udfff]/;

/** The key's parts as JSON text: `keyParts` as events carry it. */
export function keyJson(dataset: Dataset, key: Key): string {
  // Twice as fast as splitting and stringifying, at 180,000 keys in an answer of 300 MB.
  if (NEEDS_CARE.test(key.key)) return JSON.stringify(keyParts(dataset, key));
  if (!dataset.orderedById) return `["${key.key.replaceAll('\t', '","')}"]`;
  return dataset.key.length === 1 ? `["${key.lead}"]` : `["${key.lead}","${key.key.replaceAll('\t', '","')}"]`;
}

/** The key's fields as a record: what an event about a removed key has to say. */
export function keyRecord(dataset: Dataset, parts: readonly string[]): Fields {
  const record: Record<string, string> = {};
  const context: Record<string, string> = {};
  dataset.key.forEach(({ from, field }, i) => {
    const value = parts[i] ?? '';
    if (value === '') return;
    if (from === 'context') context[field] = value;
    else record[field] = value;
  });
  const as = dataset.format.inner?.as;
  return as === undefined ? record : { ...record, [as]: context };
}

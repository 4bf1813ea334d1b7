import type { Cvss, KnowledgeEntry, Threat } from '../../core/knowledge.ts';
import type { Fields, Value } from '../../core/words.ts';

export type { Cvss, KnowledgeEntry, Threat } from '../../core/knowledge.ts';

/** A record's texts, by path: a view on an answer's bytes has them, and `textsOf` makes them of a parsed record. */
export interface Texts {
  /** The text of the first element at each path; undefined where there is none. */
  texts(paths: readonly string[]): readonly (string | undefined)[];
  /** These texts as Number() reads them; NaN where there is none, or only white space. */
  numbers(paths: readonly string[]): readonly number[];
  /** The texts of all elements at the path, or of an attribute of each (`…/@id`). */
  all(path: string): readonly (string | undefined)[];
}

const TEXTS = [
  ...['TITLE', 'VULN_TYPE', 'CATEGORY', 'LAST_SERVICE_MODIFICATION_DATETIME', 'PUBLISHED_DATETIME'],
  ...['PATCHABLE', 'IS_DISABLED', 'PCI_FLAG', 'CVSS/VECTOR_STRING', 'CVSS_V3/VECTOR_STRING'],
  ...['SOLUTION', 'DIAGNOSIS', 'CONSEQUENCE'],
];
const NUMBERS = [...['QID', 'SEVERITY_LEVEL', 'CVSS/BASE', 'CVSS/TEMPORAL', 'CVSS_V3/BASE', 'CVSS_V3/TEMPORAL']];

/** The entry a parsed record of the data set knowledge_base holds; undefined where it has no QID. */
export const entryOf = (record: Fields): KnowledgeEntry | undefined => entryFrom(textsOf(record));

/**
 * The entry a record of the data set knowledge_base holds (element VULN of Qualys's KnowledgeBase answer, as events
 * carry it); undefined where it has no QID.
 */
export function entryFrom(record: Texts): KnowledgeEntry | undefined {
  const numbers = record.numbers(NUMBERS);
  const qid = numbers[0]!;
  if (!Number.isSafeInteger(qid) || qid < 1) return undefined;
  const texts = record.texts(TEXTS);
  return {
    qid,
    title: stored(texts[0]) ?? '',
    type: stored(texts[1]) ?? '',
    severity: whole(numbers[1]!),
    category: stored(texts[2]),
    modified: stored(texts[3]),
    published: stored(texts[4]),
    patchable: isSet(texts[5]),
    disabled: isSet(texts[6]),
    pci: isSet(texts[7]),
    cves: cvesOf(record),
    cvss2: cvss(numbers[2]!, numbers[3]!, texts[8]),
    cvss3: cvss(numbers[4]!, numbers[5]!, texts[9]),
    solution: stored(texts[10]),
    diagnosis: stored(texts[11]),
    consequence: stored(texts[12]),
    threats: threatsOf(record),
  };
}

const isSet = (text: string | undefined): boolean => text?.trim() === '1';

function cvss(base: number, temporal: number, vector: string | undefined): Cvss | null {
  const cvss = { base: finite(base), temporal: finite(temporal), vector: stored(vector) };
  return cvss.base === null && cvss.temporal === null && cvss.vector === null ? null : cvss;
}

function cvesOf(record: Texts): string[] {
  const cves: string[] = [];
  for (const text of record.all('CVE_LIST/CVE/ID')) {
    const cve = stored(text);
    if (cve !== null && cve !== '') cves.push(cve);
  }
  return cves;
}

function threatsOf(record: Texts): Threat[] {
  const names = record.all('THREAT_INTELLIGENCE/THREAT_INTEL');
  if (names.length === 0) return [];
  const ids = record.all('THREAT_INTELLIGENCE/THREAT_INTEL/@id');
  return names.map((name, i) => ({ id: whole(numberIn(ids[i])), name: stored(name) ?? '' }));
}

/** PostgreSQL takes no NUL in a text. */
const stored = (text: string | undefined): string | null =>
  text === undefined ? null : text.includes('\0') ? text.replaceAll('\0', '') : text;

const numberIn = (text: string | undefined): number =>
  text === undefined || text.trim() === '' ? Number.NaN : Number(text);

const finite = (number: number): number | null => (Number.isFinite(number) ? number : null);

const whole = (number: number): number => (Number.isSafeInteger(number) ? number : 0);

/** The texts of a parsed record. What repeats is a list there; an element with attributes or children is an object. */
function textsOf(record: Fields): Texts {
  const text = (path: string): string | undefined => {
    let at: Value | undefined = record;
    for (const name of stepsOf(path)) at = memberOf(firstOf(at), name);
    return textOf(firstOf(at));
  };
  return {
    texts: (paths) => paths.map(text),
    numbers: (paths) => paths.map((path) => numberIn(text(path))),
    all(path) {
      let at: readonly (Value | undefined)[] = [record];
      for (const name of stepsOf(path)) {
        const below: (Value | undefined)[] = [];
        for (const value of at) {
          const member = memberOf(value, name);
          if (isList(member)) below.push(...member);
          // Of an attribute one for each element, also where it is missing.
          else if (member !== undefined || name.startsWith('@')) below.push(member);
        }
        at = below;
      }
      return at.map(textOf);
    },
  };
}

/** The few paths asked for, taken apart. */
const steps = new Map<string, readonly string[]>();

function stepsOf(path: string): readonly string[] {
  const known = steps.get(path);
  if (known !== undefined) return known;
  const names = path.split('/');
  steps.set(path, names);
  return names;
}

const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

const firstOf = (value: Value | undefined): Value | undefined => (isList(value) ? value[0] : value);

const isFields = (value: Value | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !isList(value);

const memberOf = (value: Value | undefined, name: string): Value | undefined =>
  isFields(value) ? value[name] : undefined;

/** An element's text: itself, or what stands beside its attributes. */
function textOf(value: Value | undefined): string | undefined {
  const text = isFields(value) ? value['#text'] : value;
  return typeof text === 'string' ? text : typeof text === 'number' ? String(text) : undefined;
}

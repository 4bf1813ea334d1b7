import type { Cvss, KnowledgeEntry, Threat } from '../../core/knowledge.ts';
import type { Fields, Value } from '../../core/words.ts';

export type { Cvss, KnowledgeEntry, Threat } from '../../core/knowledge.ts';

/** A record's texts, by path: a view on an answer's bytes has them, and `textsOf` makes them of a parsed record. */
export interface Texts {
  /** The text of the first element at the path; undefined where there is none. */
  text(path: string): string | undefined;
  /** That text as a number: NaN where there is none, or none in it. */
  number(path: string): number;
  /** The texts of all elements at the path, or of an attribute of each (`…/@id`). */
  all(path: string): readonly (string | undefined)[];
}

/** The entry a parsed record of the data set knowledge_base holds; undefined where it has no QID. */
export const entryOf = (record: Fields): KnowledgeEntry | undefined => entryFrom(textsOf(record));

/**
 * The entry a record of the data set knowledge_base holds (element VULN of Qualys's KnowledgeBase answer, as events
 * carry it); undefined where it has no QID.
 */
export function entryFrom(record: Texts): KnowledgeEntry | undefined {
  const qid = record.number('QID');
  if (!Number.isSafeInteger(qid) || qid < 1) return undefined;
  return {
    qid,
    title: text(record, 'TITLE') ?? '',
    type: text(record, 'VULN_TYPE') ?? '',
    severity: whole(record.number('SEVERITY_LEVEL')),
    category: text(record, 'CATEGORY'),
    modified: text(record, 'LAST_SERVICE_MODIFICATION_DATETIME'),
    published: text(record, 'PUBLISHED_DATETIME'),
    patchable: isSet(record, 'PATCHABLE'),
    disabled: isSet(record, 'IS_DISABLED'),
    pci: isSet(record, 'PCI_FLAG'),
    cves: cvesOf(record),
    cvss2: cvss(record, 'CVSS/BASE', 'CVSS/TEMPORAL', 'CVSS/VECTOR_STRING'),
    cvss3: cvss(record, 'CVSS_V3/BASE', 'CVSS_V3/TEMPORAL', 'CVSS_V3/VECTOR_STRING'),
    solution: text(record, 'SOLUTION'),
    diagnosis: text(record, 'DIAGNOSIS'),
    consequence: text(record, 'CONSEQUENCE'),
    threats: threatsOf(record),
  };
}

function text(record: Texts, path: string): string | null {
  const text = record.text(path);
  return text === undefined ? null : stored(text);
}

const isSet = (record: Texts, path: string): boolean => record.text(path)?.trim() === '1';

function cvss(record: Texts, basePath: string, temporalPath: string, vectorPath: string): Cvss | null {
  const base = finite(record.number(basePath));
  const temporal = finite(record.number(temporalPath));
  const vector = text(record, vectorPath);
  return base === null && temporal === null && vector === null ? null : { base, temporal, vector };
}

function cvesOf(record: Texts): string[] {
  const cves: string[] = [];
  for (const text of record.all('CVE_LIST/CVE/ID')) {
    const cve = text === undefined ? '' : stored(text);
    if (cve !== '') cves.push(cve);
  }
  return cves;
}

function threatsOf(record: Texts): Threat[] {
  const names = record.all('THREAT_INTELLIGENCE/THREAT_INTEL');
  if (names.length === 0) return [];
  const ids = record.all('THREAT_INTELLIGENCE/THREAT_INTEL/@id');
  return names.map((name, i) => ({ id: whole(numberIn(ids[i])), name: stored(name ?? '') }));
}

/** PostgreSQL takes no NUL in a text. */
const stored = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '') : text);

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
    text,
    number: (path) => numberIn(text(path)),
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

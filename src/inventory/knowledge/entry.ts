import type { Cvss, KnowledgeEntry } from '../../core/knowledge.ts';
import type { Fields, Value } from '../../core/words.ts';

export type { Cvss, KnowledgeEntry, Threat } from '../../core/knowledge.ts';

/** A record's texts, by path: a view on an answer's bytes has them, and `textsOf` makes them of a parsed record. */
export interface Texts {
  /** The text of the first element at the path; undefined where there is none. */
  text(path: string): string | undefined;
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
  const text = (path: string): string | null => stored(record.text(path)) ?? null;
  const isSet = (path: string): boolean => record.text(path)?.trim() === '1';
  const cvss = (path: string): Cvss | null => {
    const base = numberOf(record.text(`${path}/BASE`));
    const temporal = numberOf(record.text(`${path}/TEMPORAL`));
    const vector = text(`${path}/VECTOR_STRING`);
    return base === null && temporal === null && vector === null ? null : { base, temporal, vector };
  };
  const qid = numberOf(record.text('QID'));
  if (qid === null || !Number.isSafeInteger(qid) || qid < 1) return undefined;
  const threatIds = record.all('THREAT_INTELLIGENCE/THREAT_INTEL/@id');
  return {
    qid,
    title: text('TITLE') ?? '',
    type: text('VULN_TYPE') ?? '',
    severity: wholeOf(record.text('SEVERITY_LEVEL')),
    category: text('CATEGORY'),
    modified: text('LAST_SERVICE_MODIFICATION_DATETIME'),
    published: text('PUBLISHED_DATETIME'),
    patchable: isSet('PATCHABLE'),
    disabled: isSet('IS_DISABLED'),
    pci: isSet('PCI_FLAG'),
    cves: record.all('CVE_LIST/CVE/ID').flatMap((cve) => stored(cve) || []),
    cvss2: cvss('CVSS'),
    cvss3: cvss('CVSS_V3'),
    solution: text('SOLUTION'),
    diagnosis: text('DIAGNOSIS'),
    consequence: text('CONSEQUENCE'),
    threats: record
      .all('THREAT_INTELLIGENCE/THREAT_INTEL')
      .map((name, i) => ({ id: wholeOf(threatIds[i]), name: stored(name) ?? '' })),
  };
}

/** PostgreSQL takes no NUL in a text. */
const stored = (text: string | undefined): string | undefined =>
  text?.includes('\0') === true ? text.replaceAll('\0', '') : text;

function numberOf(text: string | undefined): number | null {
  const digits = text?.trim() ?? '';
  const number = digits === '' ? Number.NaN : Number(digits);
  return Number.isFinite(number) ? number : null;
}

function wholeOf(text: string | undefined): number {
  const number = numberOf(text);
  return number !== null && Number.isSafeInteger(number) ? number : 0;
}

/** The texts of a parsed record. What repeats is a list there; an element with attributes or children is an object. */
function textsOf(record: Fields): Texts {
  return {
    text(path) {
      let at: Value | undefined = record;
      for (const name of stepsOf(path)) at = memberOf(firstOf(at), name);
      return textOf(firstOf(at));
    },
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

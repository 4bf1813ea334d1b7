import type { Fields, Value } from '../../core/words.ts';

/** CVSS as Qualys says it; a score from 0 to 10. */
export interface Cvss {
  readonly base: number | null;
  readonly temporal: number | null;
  readonly vector: string | null;
}

/** What Qualys calls a real-time threat indicator: `{ id: 2, name: 'Exploit_Public' }`. */
export interface Threat {
  readonly id: number;
  readonly name: string;
}

/** What is known of a vulnerability. Texts are as Qualys sends them: solution, diagnosis and consequence are HTML. */
export interface KnowledgeEntry {
  readonly qid: number;
  /** Empty for a few at Qualys. */
  readonly title: string;
  /** Vulnerability, Potential Vulnerability, Vulnerability or Potential Vulnerability, Information Gathered. */
  readonly type: string;
  /** 1 (minimal) to 5 (urgent); 0 where Qualys says none. */
  readonly severity: number;
  readonly category: string | null;
  /** Qualys's last change of the entry, and its publication; ISO 8601 UTC. */
  readonly modified: string | null;
  readonly published: string | null;
  readonly patchable: boolean;
  /** The subscription has disabled it. */
  readonly disabled: boolean;
  /** It fails PCI; false, too, where Qualys does not say. */
  readonly pci: boolean;
  readonly cves: readonly string[];
  /** Null where CVSS scoring is off in the subscription, or the entry has none. */
  readonly cvss2: Cvss | null;
  readonly cvss3: Cvss | null;
  readonly solution: string | null;
  readonly diagnosis: string | null;
  readonly consequence: string | null;
  readonly threats: readonly Threat[];
}

/**
 * The entry a record of the data set knowledge_base holds (element VULN of Qualys's KnowledgeBase answer, as events
 * carry it); undefined where it has no QID.
 */
export function entryOf(record: Fields): KnowledgeEntry | undefined {
  const qid = numberOf(record['QID']);
  if (qid === null || !Number.isSafeInteger(qid) || qid < 1) return undefined;
  return {
    qid,
    title: textOf(record['TITLE']) ?? '',
    type: textOf(record['VULN_TYPE']) ?? '',
    severity: wholeOf(record['SEVERITY_LEVEL']),
    category: textOf(record['CATEGORY']),
    modified: textOf(record['LAST_SERVICE_MODIFICATION_DATETIME']),
    published: textOf(record['PUBLISHED_DATETIME']),
    patchable: isSet(record['PATCHABLE']),
    disabled: isSet(record['IS_DISABLED']),
    pci: isSet(record['PCI_FLAG']),
    cves: listOf(record['CVE_LIST'], 'CVE').flatMap((cve) => textOf(member(cve, 'ID')) || []),
    cvss2: cvssOf(record['CVSS']),
    cvss3: cvssOf(record['CVSS_V3']),
    solution: textOf(record['SOLUTION']),
    diagnosis: textOf(record['DIAGNOSIS']),
    consequence: textOf(record['CONSEQUENCE']),
    threats: listOf(record['THREAT_INTELLIGENCE'], 'THREAT_INTEL').map((threat) => ({
      id: wholeOf(member(threat, '@id')),
      name: textOf(threat) ?? '',
    })),
  };
}

function cvssOf(value: Value | undefined): Cvss | null {
  const cvss = {
    base: numberOf(member(value, 'BASE')),
    temporal: numberOf(member(value, 'TEMPORAL')),
    vector: textOf(member(value, 'VECTOR_STRING')),
  };
  return cvss.base === null && cvss.temporal === null && cvss.vector === null ? null : cvss;
}

function isFields(value: Value | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const member = (value: Value | undefined, name: string): Value | undefined =>
  isFields(value) ? value[name] : undefined;

/** An element's text: itself, or what stands beside its attributes. PostgreSQL takes no NUL in a text. */
function textOf(value: Value | undefined): string | null {
  const text = isFields(value) ? value['#text'] : value;
  if (typeof text === 'string') return text.includes('\0') ? text.replaceAll('\0', '') : text;
  return typeof text === 'number' ? String(text) : null;
}

function numberOf(value: Value | undefined): number | null {
  const text = textOf(value)?.trim();
  if (text === undefined || text === '') return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

function wholeOf(value: Value | undefined): number {
  const number = numberOf(value);
  return number !== null && Number.isSafeInteger(number) ? number : 0;
}

const isSet = (value: Value | undefined): boolean => textOf(value)?.trim() === '1';

function listOf(value: Value | undefined, name: string): readonly Value[] {
  const list = member(value, name);
  if (list === undefined || list === null) return [];
  return Array.isArray(list) ? (list as readonly Value[]) : [list];
}

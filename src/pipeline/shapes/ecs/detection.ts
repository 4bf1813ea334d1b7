import type { Fields, Value } from '../../../core/words.ts';
import type { ShapedEvent } from '../event.ts';
import { type Finding, packagesIn } from '../finding.ts';
import { cvssRating } from '../severity.ts';
import { integer, isFields, list, number, plain, said, textAt, truth } from '../values.ts';
import type { Around, EcsDocument } from './document.ts';
import { fieldName, fieldNames } from './names.ts';

/** A detection under the names of Elastic's integration: the host's fields, and the detection's below `vulnerability`. */
export function detectionDocument(event: ShapedEvent, { host, finding }: Around): EcsDocument {
  const { HOST: context, ...found } = event.record;
  const packages = packagesIn(finding?.results);
  return {
    event: { kind: 'alert', severity: finding?.severity },
    document: said({
      vulnerability: vulnerabilityPart(finding),
      resource: said({ id: host?.id, name: host?.fqdn ?? host?.name }),
      package: said({
        name: packages.map(({ name }) => name),
        version: packages.map(({ version }) => version),
        fixed_version: packages.flatMap(({ fixed }) => fixed ?? []),
      }),
    }),
    vendor: said({
      ...(isFields(context) ? hostFields(context) : {}),
      vulnerability: detectionFields(found),
      knowledge_base: knowledgeFields(finding),
    }),
  };
}

/** `vulnerability.*` of the common schema: severity and score are those of CVSS, never Qualys's 1 to 5. */
export function vulnerabilityPart(finding: Finding | undefined): Record<string, unknown> {
  if (finding === undefined) return {};
  const { entry, factors } = finding;
  const score = number(factors.get('CVSS')) ?? entry?.cvss3?.base ?? entry?.cvss2?.base ?? undefined;
  return said({
    id: finding.cves.length > 0 ? finding.cves : undefined,
    enumeration: finding.cves.length > 0 ? 'CVE' : undefined,
    title: finding.title,
    description: plain(entry?.diagnosis),
    category: finding.category === undefined ? undefined : [finding.category],
    classification: score === undefined ? undefined : 'CVSS',
    score: said({
      base: score,
      version: score === undefined ? undefined : (factors.get('CVSS_version') ?? factors.get('CVSS_vector')),
    }),
    severity: cvssRating(score),
    report_id: finding.uniqueId,
    scanner: { vendor: 'Qualys' },
  });
}

const NUMBERS = new Set(['ASSET_ID', 'LAST_VM_SCANNED_DURATION', 'LAST_VM_AUTH_SCANNED_DURATION', 'TRURISK_SCORE']);

function hostFields(host: Fields): Record<string, unknown> {
  const made = Object.entries(host).flatMap(([name, value]) => {
    if (name === 'TAGS') return [];
    return typed(name, value, NUMBERS.has(name) ? integer(value) : undefined);
  });
  return said({
    ...Object.fromEntries(made),
    tags: list(host, 'TAGS', 'TAG').map((tag) =>
      said({
        id: textAt(tag, 'TAG_ID'),
        name: textAt(tag, 'NAME'),
        color: textAt(tag, 'COLOR'),
        background_color: textAt(tag, 'BACKGROUND_COLOR'),
      }),
    ),
  });
}

const DETECTION_NUMBERS = new Set(['SEVERITY', 'PORT', 'TIMES_FOUND', 'TIMES_REOPENED']);
const DETECTION_TRUTHS = new Set(['IS_IGNORED', 'IS_DISABLED']);

function detectionFields(found: Fields): Record<string, unknown> {
  const made = Object.entries(found).flatMap(([name, value]) => {
    if (name === 'QDS' || name === 'QDS_FACTORS') return [];
    if (DETECTION_TRUTHS.has(name)) return typed(name, value, truth(value));
    return typed(name, value, DETECTION_NUMBERS.has(name) ? integer(value) : undefined);
  });
  return said({
    ...Object.fromEntries(made),
    qds: said({ score: textAt(found, 'QDS'), severity: textAt(found, 'QDS', '@severity') }),
    qds_factors: list(found, 'QDS_FACTORS', 'QDS_FACTOR').map((factor) =>
      said({ name: textAt(factor, '@name'), text: textAt(factor, '#text') }),
    ),
  });
}

/**
 * A member under Elastic's name. Where Elastic's mapping wants a number or a truth value and Qualys sent another text,
 * the text stands under `<name>_text`: the document would be refused otherwise.
 */
function typed(name: string, value: Value, read: number | boolean | undefined): (readonly [string, unknown])[] {
  if (read !== undefined) return [[fieldName(name), read]];
  const kept = fieldNames(value);
  if (kept === undefined) return [];
  const wanted = NUMBERS.has(name) || DETECTION_NUMBERS.has(name) || DETECTION_TRUTHS.has(name);
  return [[wanted ? `${fieldName(name)}_text` : fieldName(name), kept]];
}

/** What the KnowledgeBase says, as Elastic's integration joins it. */
function knowledgeFields(finding: Finding | undefined): Record<string, unknown> {
  const entry = finding?.entry;
  if (entry === undefined) return {};
  return said({
    qid: String(entry.qid),
    title: entry.title,
    vuln_type: entry.type,
    severity_level: entry.severity === 0 ? undefined : String(entry.severity),
    category: entry.category,
    cve_list: entry.cves,
    patchable: entry.patchable,
    pci_flag: entry.pci,
    published_datetime: entry.published,
    last: said({ service_modification_datetime: entry.modified }),
    diagnosis: said({ value: entry.diagnosis }),
    consequence: said({ value: entry.consequence }),
    solution: said({ value: entry.solution }),
    threat_intelligence: said({ intel: entry.threats.map(({ id, name }) => said({ id: String(id), text: name })) }),
    cvss: said({ base: entry.cvss2?.base, temporal: entry.cvss2?.temporal, vector_string: entry.cvss2?.vector }),
    cvss_v3: said({ base: entry.cvss3?.base, temporal: entry.cvss3?.temporal, vector_string: entry.cvss3?.vector }),
  });
}

import type { Cvss } from '../../../core/knowledge.ts';
import { type Finding, packagesIn } from '../finding.ts';
import { qualysSeverity } from '../severity.ts';
import { plain, said } from '../values.ts';
import { ms } from './base.ts';

/**
 * A finding's vulnerabilities: one for each CVE, else one for each CWE, else the QID as an advisory. Long texts and
 * packages, which are the QID's and not the CVE's, are said once, in the first.
 */
export function vulnerabilitiesOf(finding: Finding): Record<string, unknown>[] {
  const { entry, cves, cwes, qid } = finding;
  const subjects: Record<string, unknown>[] =
    cves.length > 0
      ? cves.map((uid) => ({ cve: said({ uid, cvss: scores(entry?.cvss3, entry?.cvss2), epss: epss(finding) }) }))
      : cwes.length > 0
        ? cwes.map((number) => ({ cwe: { uid: `CWE-${number}` } }))
        : [{ advisory: said({ uid: `QID-${qid ?? 'unknown'}`, title: finding.title }) }];
  const shared = {
    title: finding.title,
    severity: qualysSeverity(finding.severity),
    category: finding.category,
    vendor_name: 'Qualys',
    first_seen_time: ms(finding.firstFound),
    last_seen_time: ms(finding.lastFound),
    is_fix_available: entry?.patchable,
    is_exploit_available: entry?.threats.some(({ name }) => /exploit|malware|attack/i.test(name)),
  };
  const solution = plain(entry?.solution);
  const once = {
    desc: plain(entry?.consequence),
    remediation: solution === undefined ? undefined : { desc: solution },
    affected_packages: packagesIn(finding.results).map(({ name, version, fixed }) =>
      said({ name, version, fixed_in_version: fixed }),
    ),
  };
  return subjects.map((subject, i) => ({ ...subject, ...said({ ...shared, ...(i === 0 ? once : {}) }) }));
}

function scores(v3: Cvss | null | undefined, v2: Cvss | null | undefined): Record<string, unknown>[] {
  return [
    ...(v3 === null || v3 === undefined ? [] : score(v3, versionIn(v3.vector))),
    ...(v2 === null || v2 === undefined ? [] : score(v2, '2.0')),
  ];
}

const versionIn = (vector: string | null): string => /^CVSS:(\d\.\d)/.exec(vector ?? '')?.[1] ?? '3.1';

/** A score without its base is none. */
const score = ({ base, temporal, vector }: Cvss, version: string): Record<string, unknown>[] =>
  base === null ? [] : [said({ version, base_score: base, overall_score: temporal, vector_string: vector })];

function epss({ factors }: Finding): Record<string, unknown> | undefined {
  const found = factors.get('epss')?.trim();
  return found === undefined || !/^[01](\.\d+)?$/.test(found) ? undefined : { score: found };
}

import { chance, type Dice, dice, hash, int, pick } from './random.ts';

/**
 * The vulnerabilities that hosts of this world can have: the same few thousand for every host, so that the KnowledgeBase
 * and the detections agree. Made once per world; a few megabytes.
 */

export type DetectionType = 'Confirmed' | 'Potential' | 'Info';

/** What a vulnerability's RESULTS look like. */
export type ResultKind = 'packages' | 'registry' | 'http' | 'certificate' | 'prose';

export interface Vulnerability {
  readonly qid: number;
  readonly title: string;
  readonly category: string;
  readonly type: DetectionType;
  /** 1 to 5. */
  readonly severity: number;
  /** Found by talking to a service: detections carry PORT and PROTOCOL, one per port. */
  readonly service: boolean;
  readonly results: ResultKind;
  readonly cve: string;
  readonly cvss: string;
  readonly vector: string;
  readonly epss: string;
  /** Base of the QDS, 1 to 100. */
  readonly qds: number;
  readonly rti: string | undefined;
  readonly exploitMaturity: string | undefined;
  readonly cisaKnown: boolean;
  /** A later QID covers it (`filter_superseded_qids`). */
  readonly superseded: boolean;
  /** Switched off by a manager (`include_disabled`). */
  readonly disabled: boolean;
  /** Concerns a kernel, a service or a configuration (`arf_*_filter`). */
  readonly affects: 'kernel' | 'service' | 'config' | undefined;
}

/** A prime, so that any stride walks through all of them before it repeats. */
const VULNERABILITY_COUNT = 4999;

const PRODUCTS = [
  ['OpenSSL', 'General remote services'],
  ['Apache HTTP Server', 'Web server'],
  ['Microsoft Windows Kernel', 'Windows'],
  ['Oracle Java SE', 'Local'],
  ['Red Hat kernel', 'RedHat'],
  ['Ubuntu curl', 'Ubuntu'],
  ['Google Chrome', 'Local'],
  ['Mozilla Firefox', 'Local'],
  ['SMB Server', 'SMB / NETBIOS'],
  ['SSH Daemon', 'General remote services'],
  ['SSL/TLS Certificate', 'General remote services'],
  ['PHP', 'CGI'],
] as const;
const FLAWS = [
  'Security Update',
  'Remote Code Execution Vulnerability',
  'Privilege Escalation (“use after free”)',
  'Information Disclosure & Spoofing',
  'Denial of Service <all platforms>',
  'Multiple Vulnerabilities',
  'Détection de version obsolète',
] as const;
const VECTORS = [
  'AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
  'AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H',
  'AV:N/AC:H/PR:N/UI:R/S:C/C:L/I:L/A:N',
] as const;

/** @throws RangeError when `count` is no prime from 2 to 4,999. */
export function makeVulnerabilities(seed: number, count = VULNERABILITY_COUNT): readonly Vulnerability[] {
  if (!isPrime(count) || count > VULNERABILITY_COUNT) throw new RangeError(`hostQids: ${count}`);
  return Array.from({ length: count }, (_, v) => {
    const service = v % 10 < 3;
    // Remote checks have lower numbers than local ones, as at Qualys; all ascend with gaps.
    const qid = service ? 38_000 + Math.floor(v / 10) * 21 + (v % 10) * 5 : 370_000 + v * 3 + (v % 2);
    return makeVulnerability(qid, service, dice(hash(seed, v, 0x6b62)));
  });
}

function isPrime(n: number): boolean {
  if (!Number.isInteger(n) || n < 2) return false;
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}

export function makeVulnerability(qid: number, service: boolean, d: Dice): Vulnerability {
  const [product, category] = pick(d, PRODUCTS);
  const type = pickType(d);
  const year = int(d, 2014, 2026);
  return {
    qid,
    title: `${product} ${pick(d, FLAWS)}`,
    category,
    type,
    severity: type === 'Info' ? int(d, 1, 3) : int(d, 1, 5),
    service,
    results: service
      ? pick(d, ['http', 'certificate', 'prose'])
      : pick(d, ['packages', 'registry', 'packages', 'prose']),
    cve: `CVE-${year}-${int(d, 1000, 49_999)}`,
    cvss: (int(d, 10, 100) / 10).toFixed(1),
    vector: pick(d, VECTORS),
    epss: (int(d, 1, 99_999) / 100_000).toFixed(5),
    qds: int(d, 1, 98),
    rti: chance(d, 0.3) ? pick(d, ['local', 'remote', 'dos', 'wormable', 'Easy_Exploit,High_Data_Loss']) : undefined,
    exploitMaturity: chance(d, 0.3) ? pick(d, ['poc', 'weaponized']) : undefined,
    cisaKnown: chance(d, 0.04),
    superseded: chance(d, 0.06),
    disabled: chance(d, 0.01),
    affects: chance(d, 0.12) ? pick(d, ['kernel', 'service', 'config'] as const) : undefined,
  };
}

function pickType(d: Dice): DetectionType {
  const r = int(d, 1, 100);
  return r <= 75 ? 'Confirmed' : r <= 86 ? 'Potential' : 'Info';
}

/**
 * Certificates that scans found on hosts: one leaf for every block of six hosts, on one or two of them, renewed once a
 * year under a new id; before them the authorities that signed them. Pure functions of (seed, block, time).
 */
import type { Host } from './host.ts';
import { dice, hash, hex, int, pick, roll } from './random.ts';
import { DAY } from './time.ts';
import type { HostScan, World } from './world.ts';

export interface Authority {
  readonly id: number;
  readonly name: string;
  readonly organization: string;
  readonly country: string;
  readonly certhash: string;
  readonly type: 'Root' | 'Intermediate';
}

export interface CertificateUse {
  readonly host: Host;
  readonly scan: HostScan;
  readonly instanceId: number;
  readonly port: number;
  readonly grade: string;
}

export interface Certificate {
  readonly id: number;
  readonly certhash: string;
  readonly serial: string;
  readonly name: string;
  readonly keySize: number;
  readonly algorithm: string;
  readonly type: 'Leaf' | 'Root' | 'Intermediate';
  readonly selfSigned: boolean;
  /** Undefined for an authority at the root. */
  readonly issuer: Authority | undefined;
  readonly root: Authority | undefined;
  readonly organization: string;
  readonly validFrom: number;
  readonly validTo: number;
  readonly created: number;
  readonly lastFound: number;
  readonly uses: readonly CertificateUse[];
}

const BLOCK = 6;
const FIRST_LEAF = 10_000;
const YEAR = 365 * DAY;
/** Renewals before ids would meet those of the next block. */
const ROOM = 32;

const NAMES = [
  ['Root', 'Sim Global Root CA', 'Sim Trust Inc', 'US'],
  ['Root', 'Racine Nationale', 'Autorité & Fils', 'FR'],
  ['Intermediate', 'Sim TLS RSA SHA256 2024 CA1', 'Sim Trust Inc', 'US'],
  ['Intermediate', 'AC Intermédiaire <G2>', 'Autorité & Fils', 'FR'],
] as const;

function authorities(seed: number): readonly Authority[] {
  return NAMES.map(([type, name, organization, country], at) => {
    return { id: 9001 + at, type, name, organization, country, certhash: hex(dice(hash(seed, at, 0xca)), 64) };
  });
}

/** Certificates in ascending id, those of unlisted hosts left out; `undefined` now and then is a breath. */
export function* certificates(world: World, t: number): Generator<Certificate | undefined> {
  const known = authorities(world.seed);
  for (const authority of known) yield ofAuthority(world, authority, known);
  const blocks = Math.ceil(world.lastOrdinal(t) / BLOCK);
  for (let block = 0; block < blocks; block++) {
    const leaf = leafOf(world, block, t, known);
    if (leaf !== undefined) yield leaf;
    if (block % 500 === 499) yield undefined;
  }
}

function ofAuthority(world: World, authority: Authority, known: readonly Authority[]): Certificate {
  const from = world.epoch - 4 * YEAR;
  const root = authority.type === 'Root' ? undefined : known.find((one) => one.organization === authority.organization);
  const common = {
    id: authority.id,
    certhash: authority.certhash,
    name: authority.name,
    type: authority.type,
    organization: authority.organization,
  };
  const dates = {
    validFrom: from,
    validTo: from + 20 * YEAR,
    created: world.epoch - 100 * DAY,
    lastFound: world.epoch - DAY,
  };
  const key = { serial: hex(dice(authority.id), 16), keySize: 4096, algorithm: 'SHA384withRSA' };
  return { ...common, ...dates, ...key, selfSigned: root === undefined, issuer: root, root, uses: [] };
}

function leafOf(world: World, block: number, t: number, known: readonly Authority[]): Certificate | undefined {
  const { seed } = world;
  const d = dice(hash(seed, block, 0xce47));
  const n = block * BLOCK + 1 + int(d, 0, BLOCK - 1);
  const second = roll(d) < 0.15 ? n + 1 : undefined;
  const uses = [n, second].flatMap((ordinal) => useOf(world, ordinal, t));
  const [first] = uses;
  if (first === undefined) return undefined;
  const phase = int(d, 0, 364) * DAY;
  // Some are never renewed: theirs is of the time of the epoch.
  const stale = roll(d) < 0.1;
  const renewals = Math.max(0, Math.floor(((stale ? world.epoch : t) - world.epoch + phase) / YEAR)) % ROOM;
  const validFrom = world.epoch - phase + renewals * YEAR;
  const selfSigned = roll(d) < 0.2;
  const issuer = selfSigned ? undefined : known[2 + int(d, 0, 1)];
  const body = dice(hash(seed, block * ROOM + renewals, 0xce48));
  const name = roll(d) < 0.1 ? `*.${first.host.domain}` : (first.host.fqdn ?? first.host.ip);
  return {
    id: FIRST_LEAF + block * ROOM + renewals,
    certhash: hex(body, 64),
    serial: hex(body, 12),
    name,
    keySize: pick(d, [2048, 2048, 4096, 1024, 256]),
    algorithm: pick(d, ['SHA256withRSA', 'SHA256withRSA', 'SHA1withRSA', 'SHA384withECDSA']),
    type: 'Leaf',
    selfSigned,
    issuer,
    root: issuer && known.find((one) => one.type === 'Root' && one.organization === issuer.organization),
    organization: pick(d, ['Example Inc', 'Société Générale de Démo & Cie', 'Beispiel <AG>']),
    validFrom,
    validTo: validFrom + (stale ? 330 * DAY : YEAR + 32 * DAY),
    created: Math.max(validFrom, Math.min(...uses.map(({ scan }) => scan.firstFound))),
    lastFound: Math.max(...uses.map(({ scan }) => scan.scanned)),
    uses,
  };
}

function useOf(world: World, n: number | undefined, t: number): CertificateUse[] {
  const scan = n === undefined ? undefined : world.scanOf(n, t);
  if (n === undefined || scan === undefined) return [];
  const d = dice(hash(world.seed, n, 0xce49));
  const host = world.host(n);
  return [
    {
      host,
      scan,
      instanceId: 500_000 + n,
      port: pick(d, [443, 443, 8443, 3389]),
      grade: pick(d, ['A', 'B', 'C', 'F', 'T']),
    },
  ];
}

/**
 * The KnowledgeBase: every vulnerability a host can have, further ones that no host has, and those published as time
 * passes. Entries are revised again and again; entry and revision at a time are pure functions of (seed, QID, t).
 *
 * What detections show of a vulnerability (title, type, severity, CVE) never changes; a revision moves the dates and
 * the solution.
 */
import { chance, type Dice, dice, hash, int, pick } from './random.ts';
import { DAY, HOUR, SECOND } from './time.ts';
import { makeVulnerability, type Vulnerability } from './vulnerabilities.ts';
import type { World } from './world.ts';

export type Discovery = 'remote' | 'authenticated' | 'both';

export interface KnowledgeEntry {
  readonly vulnerability: Vulnerability;
  /** Empty for a few that no host has, as recorded. */
  readonly title: string;
  /** Milliseconds since 1970, UTC, as all times here. */
  readonly published: number;
  /** 0 for one never revised. */
  readonly revision: number;
  /** Of the last revision; the publication before the first. */
  readonly modified: number;
  readonly codeModified: number;
  /** Set for the few that a user edited. */
  readonly customized: { readonly at: number; readonly login: string | undefined } | undefined;
  readonly patchPublished: number | undefined;
  readonly cves: readonly { readonly id: string; readonly url: string | undefined }[];
  readonly discovery: Discovery;
  readonly authTypes: readonly string[];
  /** State of the dice for texts and lists. */
  readonly seed: number;
}

export const AUTH_TYPES = ['Windows', 'Oracle', 'Unix', 'SNMP', 'DB2', 'HTTP', 'MySQL', 'VMware'] as const;

/** Further QIDs lie between those of remote and local checks, with a gap after every seven. */
const EXTRA_BASE = 100_000;
/** After the epoch a QID is published this often. */
const PUBLISHED_EVERY = 6 * HOUR;
const LATER_BASE = 400_001;

/** QIDs known at `t`, ascending; entries are made only when asked for. */
export function* knowledgeAt(world: World, t: number): Generator<{ qid: number; entry(): KnowledgeEntry }> {
  const known = [...world.vulnerabilities].sort((a, b) => a.qid - b.qid);
  let at = 0;
  const own = (vulnerability: Vulnerability): { qid: number; entry(): KnowledgeEntry } => ({
    qid: vulnerability.qid,
    entry: () => entryOf(world, vulnerability, t, 1000),
  });
  for (; at < known.length && known[at]!.qid < EXTRA_BASE; at++) yield own(known[at]!);
  for (let i = 0; i < world.extraQids; i++) {
    const qid = EXTRA_BASE + i + Math.floor(i / 7);
    yield { qid, entry: () => entryOf(world, extra(world, qid), t, 30) };
  }
  for (; at < known.length; at++) yield own(known[at]!);
  for (let j = 0; world.epoch + (j + 1) * PUBLISHED_EVERY <= t; j++) {
    const qid = LATER_BASE + j * 2;
    const published = world.epoch + (j + 1) * PUBLISHED_EVERY;
    yield { qid, entry: () => entryOf(world, extra(world, qid), t, 0, published) };
  }
}

function extra(world: World, qid: number): Vulnerability {
  return makeVulnerability(qid, qid % 3 === 0, dice(hash(world.seed, qid, 0x6b63)));
}

/** Published at least `age` days before the epoch, unless `published` says when. */
function entryOf(
  world: World,
  vulnerability: Vulnerability,
  t: number,
  age: number,
  published?: number,
): KnowledgeEntry {
  const { qid, service } = vulnerability;
  const d = dice(hash(world.seed, qid, 0x6b64));
  const born = published ?? world.epoch - int(d, age * 24, 6000 * 24) * HOUR;
  const every = int(d, 15, 400) * DAY;
  // Revision k comes within half a period after its turn.
  const turn = (k: number): number => born + k * every + (hash(qid, k, 0x3e) % (every / 2 / SECOND)) * SECOND;
  let revision = Math.floor((t - born) / every);
  if (revision > 0 && turn(revision) > t) revision--;
  const modified = revision === 0 ? born : turn(revision);
  const discovery: Discovery = service ? pick(d, ['remote', 'remote', 'both']) : pick(d, ['authenticated', 'both']);
  return {
    vulnerability,
    title: age < 1000 && qid % 300 === 0 ? '' : vulnerability.title,
    published: born,
    revision,
    modified,
    codeModified: revision % 2 === 0 ? modified : born,
    customized: chance(d, 0.02) ? { at: born + 20 * HOUR, login: chance(d, 0.7) ? 'acme_ab1' : undefined } : undefined,
    patchPublished: chance(d, 0.7) ? born - int(d, 0, 20) * DAY : undefined,
    cves: cvesOf(vulnerability, d),
    discovery,
    authTypes: discovery === 'remote' ? [] : [...new Set([pick(d, AUTH_TYPES), pick(d, AUTH_TYPES)])],
    seed: hash(world.seed, qid, 0x6b65 + revision),
  };
}

function cvesOf({ cve, type }: Vulnerability, d: Dice): KnowledgeEntry['cves'] {
  if (type === 'Info') return [];
  const url = (id: string): string | undefined =>
    chance(d, 0.8) ? `http://cve.mitre.org/cgi-bin/cvename.cgi?name=${id}` : undefined;
  const cves = [{ id: cve, url: url(cve) }];
  for (let more = chance(d, 0.2) ? int(d, 1, 12) : 0; more > 0; more--) {
    const id = `CVE-20${int(d, 10, 26)}-${int(d, 1000, 49_999)}`;
    cves.push({ id, url: url(id) });
  }
  // A few stand there empty, as recorded.
  if (chance(d, 0.01)) cves.push({ id: '', url: undefined });
  return cves;
}

/**
 * Web applications and what scanning them found. Each is served by a host of the world and scanned about once a week;
 * a finding is a slot that opens, is fixed, reopened and fixed again at scans, as detections are.
 *
 * All a finding shows of scanning moves with lastTestedDate; ignoring it moves `updated` only.
 */
import { TAGS, type Tag } from './catalogue.ts';
import type { Host } from './host.ts';
import { chance, type Dice, dice, hash, int, pick, roll, uuid } from './random.ts';
import { DAY, HOUR, MINUTE } from './time.ts';
import type { Vulnerability } from './vulnerabilities.ts';
import type { World } from './world.ts';

export interface WebApp {
  /** From 0. */
  readonly k: number;
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly host: Host;
  readonly ownerId: number;
  readonly tags: readonly Tag[];
  readonly created: number;
  readonly updated: number;
  /** Ordinal of the last finished scan; -1 before the first. */
  readonly scan: number;
  readonly scanned: number | undefined;
  readonly riskScore: number;
}

export type FindingType = 'VULNERABILITY' | 'SENSITIVE_CONTENT' | 'INFORMATION_GATHERED';

export interface Finding {
  readonly id: number;
  readonly uniqueId: string;
  readonly app: WebApp;
  readonly vulnerability: Vulnerability;
  readonly type: FindingType;
  readonly url: string;
  readonly param: string | undefined;
  /** Absent for INFORMATION_GATHERED, as timesDetected is. */
  readonly status: 'NEW' | 'ACTIVE' | 'REOPENED' | 'FIXED' | undefined;
  readonly timesDetected: number | undefined;
  readonly firstDetected: number;
  readonly lastDetected: number;
  readonly lastTested: number;
  readonly updated: number;
  readonly fixed: number | undefined;
  readonly ignored: { readonly at: number; readonly reason: string; readonly comment: string } | undefined;
}

const APP_ID = 238_483_900;
const FINDING_ID = 1_000_000_000;
const ROOM = 1000;
const NEW_APP = 3 * DAY;

export function appCount(world: World, t: number): number {
  const atEpoch = Math.min(4000, Math.max(3, Math.ceil(world.hosts / 25)));
  return atEpoch + Math.max(0, Math.floor((t - world.epoch) / NEW_APP));
}

const appId = (seed: number, k: number): number => APP_ID + k * 17 + (hash(seed, k, 0x3eb1) % 13);

/** Web applications in ascending id, from an id on. */
export function* webApps(world: World, t: number, id = 0): Generator<WebApp> {
  const count = appCount(world, t);
  for (let k = Math.max(0, Math.floor((id - APP_ID) / 17) - 1); k < count; k++) {
    if (appId(world.seed, k) >= id) yield webApp(world, k, t);
  }
}

function webApp(world: World, k: number, t: number): WebApp {
  const { seed, epoch, hosts } = world;
  const d = dice(hash(seed, k, 0x3eb));
  const atEpoch = appCount(world, epoch);
  const created =
    k < atEpoch ? epoch - int(d, 20, 700) * DAY - int(d, 0, 86_399) * 1000 : epoch + (k - atEpoch + 1) * NEW_APP;
  const host = world.host(int(d, 1, hosts));
  const port = pick(d, ['', '', ':8443']);
  const url = `https://${host.fqdn ?? host.ip}${port}/${pick(d, ['', 'shop/', 'app?lang=fr&x=1', '#/'])}`;
  const never = chance(d, 0.08);
  const scan = never ? -1 : Math.floor((t - created - scanDelay(seed, k, 0)) / (7 * DAY));
  const last = scan >= 0 ? scanAt(seed, k, created, scan, t) : undefined;
  return {
    k,
    id: appId(seed, k),
    name:
      pick(d, [url, 'Juice Shop', 'Boutique en ligne & paiement', 'Kundenportal <neu>', '顧客ポータル']) +
      (k % 3 === 0 ? ` ${k}` : ''),
    url,
    host,
    ownerId: 17_729_931,
    tags: TAGS.filter((_, at) => hash(seed, k, at + 0x3e7) % 9 === 0),
    created,
    updated: last?.at ?? created,
    scan: last?.k ?? -1,
    scanned: last?.at,
    riskScore: int(d, 0, 1000),
  };
}

const scanDelay = (seed: number, k: number, scan: number): number =>
  3 * HOUR + (hash(seed, k * 4096 + scan, 0x5ca) % 2000) * MINUTE;

function scanAt(
  seed: number,
  k: number,
  created: number,
  guess: number,
  t: number,
): { k: number; at: number } | undefined {
  for (let scan = guess; scan >= 0; scan--) {
    const at = created + scan * 7 * DAY + scanDelay(seed, k, scan);
    if (at <= t) return { k: scan, at };
  }
  return undefined;
}

const timeOf = (seed: number, app: WebApp, scan: number): number =>
  app.created + scan * 7 * DAY + scanDelay(seed, app.k, scan);

/** Findings in ascending id, from an id on. */
export function* findings(world: World, t: number, id = 0): Generator<Finding> {
  const count = appCount(world, t);
  for (let k = Math.max(0, Math.floor((id - FINDING_ID) / ROOM)); k < count; k++) {
    const app = webApp(world, k, t);
    for (const finding of findingsOf(world, app, t)) if (finding.id >= id) yield finding;
  }
}

/** The findings of one application, in ascending id. */
export function* findingsOf(world: World, app: WebApp, t: number): Generator<Finding> {
  if (app.scan < 0) return;
  const slots = 2 + (hash(world.seed, app.k, 0xf1d) % 30);
  for (let slot = 0; slot < slots; slot++) {
    const finding = findingAt(world, app, slot, t);
    if (finding !== undefined) yield finding;
  }
}

function findingAt(world: World, app: WebApp, slot: number, t: number): Finding | undefined {
  const seed = hash(world.seed, app.k * ROOM + slot, 0xf1e);
  const d = dice(seed);
  const opened = roll(d) < 0.6 ? 0 : int(d, 1, 120);
  if (opened > app.scan) return undefined;
  const fixed = roll(d) < 0.45 ? opened + int(d, 1, 40) : Number.MAX_SAFE_INTEGER;
  const reopened = roll(d) < 0.25 ? fixed + int(d, 1, 20) : Number.MAX_SAFE_INTEGER;
  const isFixed = app.scan >= fixed && app.scan < reopened;
  // A fixed finding is not tested again until it comes back.
  const seen = isFixed ? fixed : app.scan;
  const lastOpen = isFixed ? fixed - 1 : seen;
  const type = pickType(d);
  const informative = type === 'INFORMATION_GATHERED';
  const lastTested = timeOf(world.seed, app, seen);
  const ignoredAt = timeOf(world.seed, app, opened) + int(d, 1, 60) * DAY;
  const ignored = chance(d, 0.08) && ignoredAt <= t;
  const status = isFixed
    ? 'FIXED'
    : app.scan >= reopened
      ? app.scan === reopened
        ? 'REOPENED'
        : 'ACTIVE'
      : seen === opened
        ? 'NEW'
        : 'ACTIVE';
  return {
    id: FINDING_ID + app.k * ROOM + slot + 1,
    uniqueId: uuid(dice(seed ^ 0x5eed)),
    app,
    vulnerability: world.vulnerabilities[hash(seed, 7) % world.vulnerabilities.length]!,
    type,
    url: `${app.url.replace(/[?#].*$/, '').replace(/\/?$/, '/')}${pick(d, ['login.php', 'search?q=%3Cscript%3E', 'api/v1/items', 'données/été'])}`,
    param: chance(d, 0.5) ? pick(d, ['q', 'user_id', 'redirect']) : undefined,
    status: informative ? undefined : status,
    timesDetected: informative
      ? undefined
      : Math.min(lastOpen, fixed - 1) - opened + 1 + (app.scan >= reopened ? app.scan - reopened + 1 : 0),
    firstDetected: timeOf(world.seed, app, opened),
    lastDetected: timeOf(world.seed, app, lastOpen),
    lastTested,
    updated: ignored ? Math.max(lastTested, ignoredAt) : lastTested,
    fixed: isFixed && !informative ? lastTested : undefined,
    ignored: ignored
      ? {
          at: ignoredAt,
          reason: pick(d, ['FALSE_POSITIVE', 'RISK_ACCEPTED', 'NOT_APPLICABLE']),
          comment: 'accepté par l’équipe <web> & DSI',
        }
      : undefined,
  };
}

function pickType(d: Dice): FindingType {
  const r = int(d, 1, 10);
  return r <= 6 ? 'VULNERABILITY' : r <= 7 ? 'SENSITIVE_CONTENT' : 'INFORMATION_GATHERED';
}

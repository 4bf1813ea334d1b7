/**
 * Asset groups: the ten that hosts belong to, and sites, whose addresses nobody has scanned yet. Sites are opened as
 * time passes, some are closed, all are edited now and then.
 */
import type { Addresses } from './addresses.ts';
import { appliancesAt } from './appliances.ts';
import { ASSET_GROUPS, NETWORKS } from './catalogue.ts';
import { someLogin } from './people.ts';
import { chance, dice, hash, int, pick } from './random.ts';
import { DAY, HOUR } from './time.ts';
import type { World } from './world.ts';

export interface Group {
  readonly id: number;
  readonly title: string;
  /** Which site; undefined for the groups hosts belong to. */
  readonly site: number | undefined;
  readonly ownerId: number;
  readonly ownerName: string;
  /** 0 for none. */
  readonly unitId: number;
  readonly networkId: number;
  /** Milliseconds since 1970, UTC. */
  readonly lastUpdate: number;
  readonly impact: string;
  /** CVSS environmental metrics: collateral damage, target distribution, three requirements. */
  readonly cvss: readonly string[];
  readonly applianceIds: readonly number[];
  readonly domains: readonly string[];
  readonly dns: readonly string[];
  readonly netbios: readonly string[];
  readonly userIds: readonly number[];
  readonly comments: string | undefined;
}

const SITE_IDS = 1_120_003;
const SITE_STEP = 17;
const SITES_BASE = 0x64400000;
/** After the epoch a site is opened this often. */
const OPENS = 4 * DAY;
const NAMES = ['Lyon', 'Köln', 'São Paulo', 'Łódź', '大阪', 'R&D <east>', 'Depot', 'Branch'];
const CVSS_CHOICES = ['N', 'L', 'LM', 'MH', 'H', 'ND'];

/** Sites there have been at `t`, closed ones included. */
export function sitesAt(world: World, t: number): number {
  return 5 + Math.floor(world.hosts / 100) + (t < world.epoch ? 0 : Math.floor((t - world.epoch) / OPENS));
}

/** A site's addresses; they stay in the subscription when the site is closed. */
export function siteAddresses(world: World, site: number): Addresses {
  const first = SITES_BASE + site * 64;
  return { first, last: first + (hash(world.seed, site, 0x517e) % 50), networkId: NETWORKS[0]!.id };
}

/** Groups there are at `t`, in ascending id. */
export function* groupsAt(world: World, t: number, fromId = 0): Generator<Group> {
  for (let n = 0; n < ASSET_GROUPS.length; n++) {
    const { id, title } = ASSET_GROUPS[n]!;
    if (id >= fromId) yield makeGroup(world, t, { id, title, site: undefined, from: world.epoch - 900 * DAY });
  }
  const last = sitesAt(world, t);
  const atEpoch = sitesAt(world, world.epoch - 1);
  const first = Math.max(0, Math.ceil((fromId - SITE_IDS) / SITE_STEP));
  for (let site = first; site < last; site++) {
    const from = site < atEpoch ? world.epoch - 400 * DAY : world.epoch + (site - atEpoch + 1) * OPENS;
    const closes =
      site % 13 === 6 ? world.epoch + (hash(world.seed, site, 0xc105) % 90) * DAY : Number.POSITIVE_INFINITY;
    if (t >= closes) continue;
    const title = `Site ${NAMES[site % NAMES.length]} ${site}`;
    yield makeGroup(world, t, { id: SITE_IDS + site * SITE_STEP, title, site, from });
  }
}

/** A group's addresses: a site's range, or those of its hosts. `undefined` is a breath. */
export function* addressesOf(world: World, group: Group, t: number): Generator<Addresses | undefined> {
  if (group.site !== undefined) {
    yield siteAddresses(world, group.site);
    return;
  }
  for (const host of members(world, group, t)) {
    if (host === undefined) yield undefined;
    else yield { first: host.ipNumber, last: host.ipNumber, networkId: host.network.id };
  }
}

/** Ids of its listed hosts, ascending. */
export function* hostIdsOf(world: World, group: Group, t: number): Generator<number | undefined> {
  if (group.site === undefined) for (const host of members(world, group, t)) yield host?.id;
}

function* members(world: World, group: Group, t: number): Generator<ReturnType<World['host']> | undefined> {
  const index = ASSET_GROUPS.findIndex(({ id }) => id === group.id);
  const { length } = ASSET_GROUPS;
  let passed = 0;
  for (const n of world.ordinals(t)) {
    if (++passed % 2000 === 0) yield undefined;
    // A host is in up to three groups: the one its ordinal says, the third and the sixth after it.
    if (![0, 3, 6].includes((index - (Math.floor(n) % length) + length) % length)) continue;
    const host = world.host(n);
    if (host.assetGroupIds.includes(group.id)) yield host;
  }
}

interface Plot {
  readonly id: number;
  readonly title: string;
  readonly site: number | undefined;
  readonly from: number;
}

function makeGroup(world: World, t: number, { id, title, site, from }: Plot): Group {
  const d = dice(hash(world.seed, id, 0xa66));
  const edits = int(d, 20, 120) * DAY;
  const edited = from + int(d, 0, 20) * HOUR;
  const applianceIds: number[] = [];
  if (chance(d, 0.5)) for (const { id: one } of appliancesAt(world, t)) if (applianceIds.push(one) === 2) break;
  return {
    id,
    title,
    site,
    ownerId: 7_001_100 + 3 * int(d, 0, 2),
    ownerName: someLogin(world, int(d, 0, 2)),
    unitId: chance(d, 0.3) ? int(d, 1, 4) * 111 : 0,
    networkId: NETWORKS[0]!.id,
    lastUpdate: t < edited ? from : edited + Math.floor((t - edited) / edits) * edits,
    impact: pick(d, ['critical', 'high', 'medium', 'minor', 'low']),
    cvss: Array.from({ length: 5 }, () => pick(d, CVSS_CHOICES)),
    applianceIds,
    domains: chance(d, 0.2) ? ['corp.example.com', 'münchen.example.org'] : [],
    dns: chance(d, 0.2) ? [`gw-${id}.eu.example.net`] : [],
    netbios: chance(d, 0.2) ? [`GW${id}`] : [],
    userIds: chance(d, 0.4) ? [7_001_100, 7_001_103] : [],
    comments: chance(d, 0.2) ? 'Reviewed by R&D; “do not scan” <before 18:00>' : undefined,
  };
}

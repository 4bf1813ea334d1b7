import {
  ALL_TAGS,
  ASSET_GROUPS,
  DOMAINS,
  NETWORKS,
  OPERATING_SYSTEMS,
  TAGS,
  type Tag,
  WANDERING_TAG,
} from './catalogue.ts';
import type { CloudFacts } from './cloud.ts';
import { cloudOf } from './cloud.ts';
import { type Life, lifeOf, type Pace } from './life.ts';
import { chance, dice, hash, hex, int, pick, uuid } from './random.ts';
import { DAY } from './time.ts';

/** What never changes about a host. */
export interface Host {
  /** Ordinal: 1, 2, 3 … in ascending id; inserted hosts are halves (n + 0.5). */
  readonly n: number;
  /** Qualys host id. */
  readonly id: number;
  readonly assetId: number;
  readonly ip: string;
  readonly ipNumber: number;
  readonly ipv6: string | undefined;
  readonly trackingMethod: string;
  readonly agent: boolean;
  readonly network: (typeof NETWORKS)[number];
  readonly os: string | undefined;
  readonly hostname: string | undefined;
  readonly domain: string;
  /** `hostname.domain`; undefined without a name. */
  readonly fqdn: string | undefined;
  readonly netbios: string | undefined;
  readonly qgHostId: string | undefined;
  readonly cloud: CloudFacts | undefined;
  readonly serial: string;
  readonly hardwareUuid: string;
  readonly assetGroupIds: readonly number[];
  /** 1 to 5. */
  readonly criticality: number;
  /** 0 to 1000. */
  readonly truRisk: number;
  readonly compliance: boolean;
  readonly authenticated: boolean;
  readonly owner: string;
  readonly comments: string | undefined;
  /** Detections the host starts with. */
  readonly slots: number;
  readonly padded: boolean;
  readonly life: Life;
}

/**
 * Qualys host ids ascend with gaps, and neighbours are common: hosts come in groups of four, within which ids follow
 * one another or leave two out. Each group ends with room for one inserted host, whose ordinal is a half.
 */
const ID_BASE = 107_800_000;
const GROUP = 4;
const GROUP_STEP = 24;
const INSERTED_AT = 20;

/** The id of host `n`; `4g + 0.5` stands for the host inserted after the `g`th group. */
export function idOf(seed: number, n: number): number {
  if (n !== Math.floor(n)) return ID_BASE + ((n - 0.5) / GROUP - 1) * GROUP_STEP + INSERTED_AT;
  const group = Math.floor((n - 1) / GROUP);
  const h = hash(seed, group, 0x1d);
  return ID_BASE + group * GROUP_STEP + (h % 8) + ((n - 1) % GROUP) * (h & 0x100 ? 1 : 3);
}

const ASSET_BASE = 20_300_000;
const ASSET_STEP = 6;

/** The asset id of host `n`; ascends with the host id. */
export function assetIdOf(n: number): number {
  return ASSET_BASE + Math.floor(n * ASSET_STEP);
}

/** The first whole ordinal whose asset id is not below `assetId`. */
export function ordinalFromAsset(assetId: number): number {
  return Math.max(1, Math.ceil((assetId - ASSET_BASE) / ASSET_STEP));
}

/** The first whole ordinal whose id is not below `id`. */
export function ordinalFrom(seed: number, id: number): number {
  const group = Math.max(0, Math.floor((id - ID_BASE) / GROUP_STEP));
  let n = group * GROUP + 1;
  while (idOf(seed, n) < id) n++;
  return n;
}

/** An id's ordinal, whole or half; undefined for an id no host can have. */
export function ordinalOf(seed: number, id: number): number | undefined {
  const n = ordinalFrom(seed, id);
  if (idOf(seed, n) === id) return n;
  const half = insertionAt(n, 'before');
  return idOf(seed, half) === id ? half : undefined;
}

/** Where a host can be inserted next to host `n`, outside its group. */
export function insertionAt(n: number, side: 'before' | 'after'): number {
  const group = side === 'before' ? Math.floor((n - 1) / GROUP) : Math.ceil(n / GROUP);
  return group * GROUP + 0.5;
}

const TRACKING = ['IP', 'IP', 'IP', 'DNS', 'NETBIOS', 'EC2', 'AZURE', 'GCP_COMPUTE_ENGINE'] as const;

/** Whether host `n` runs an agent; decides its scanning, so it is known before all else. */
export function isAgent(seed: number, n: number): boolean {
  return hash(seed, n * 2, 0xa6e) % 100 < 55;
}

export function lifeOfHost(pace: Pace, n: number): Life {
  return lifeOf(pace, n, isAgent(pace.seed, n));
}

export function makeHost(seed: number, n: number, life: Life, giantSlots: number | undefined): Host {
  const d = dice(hash(seed, n * 2, 0x4057));
  const agent = isAgent(seed, n);
  const whole = Math.floor(n);
  // Every fiftieth host lives in the second network, on the address of its neighbour in the first.
  const overlaps = whole % 50 === 0 || n !== whole;
  const address = 0x0a000000 + (overlaps ? Math.max(whole - 1, 1) : whole) + (n === whole ? 0 : 1);
  const trackingMethod = agent ? 'AGENT' : pick(d, TRACKING);
  const named = chance(d, 0.93);
  const hostname = named ? `${pick(d, ['srv', 'wks', 'db', 'web', 'größe', 'kube'])}-${hex(d, 5)}-${whole}` : undefined;
  const domain = pick(d, DOMAINS);
  const os = chance(d, 0.96) ? pick(d, OPERATING_SYSTEMS) : undefined;
  const groups = int(d, 0, 3);
  const assetGroupIds: number[] = [];
  for (let g = 0; g < groups; g++) {
    const id = ASSET_GROUPS[(whole + g * 3) % ASSET_GROUPS.length]!.id;
    assetGroupIds.push(id);
  }
  const qgHostId = agent || chance(d, 0.3) ? uuid(d) : undefined;
  const serial = `VMware-${hex(d, 12)}`;
  const hardwareUuid = uuid(d);
  const clean = chance(d, 0.08);
  const slots = clean ? 0 : Math.floor((int(d, 2, 60) + int(d, 2, 60)) / 2);
  return {
    n,
    id: idOf(seed, n),
    assetId: assetIdOf(n),
    ip: `${address >>> 24}.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`,
    ipNumber: address,
    ipv6: chance(d, 0.08) ? `2001:db8:${hex(d, 4)}::${hex(d, 4)}` : undefined,
    trackingMethod,
    agent,
    network: NETWORKS[overlaps ? 1 : 0]!,
    os,
    hostname,
    domain,
    fqdn: hostname === undefined ? undefined : `${hostname}.${domain}`,
    netbios: hostname !== undefined && chance(d, 0.7) ? hostname.toUpperCase().slice(0, 15) : undefined,
    qgHostId,
    cloud: cloudOf(trackingMethod, agent, d),
    serial,
    hardwareUuid,
    assetGroupIds: assetGroupIds.sort((a, b) => a - b),
    criticality: int(d, 1, 5),
    truRisk: int(d, 0, 1000),
    compliance: chance(d, 0.4),
    authenticated: agent || chance(d, 0.6),
    owner: pick(d, ['quarry_sim', 'acme_ab1', 'acme_cd2']),
    comments: chance(d, 0.1) ? pick(d, ['Décommissionner en 2027 & archiver', 'see ticket <4711>', 'ok']) : undefined,
    slots: giantSlots ?? slots,
    padded: chance(d, 0.1),
    life,
  };
}

/** A host's tags at `t`: its own, and one that wanders. */
export function tagsOf(seed: number, host: Host, t: number): readonly Tag[] {
  const h = hash(seed, host.n * 2, 0x7a6);
  const tags: Tag[] = [];
  const count = h % 7;
  const step = 1 + ((h >>> 8) % (TAGS.length - 1));
  let at = h % TAGS.length;
  for (let i = 0; i < count; i++) {
    const tag = TAGS[at]!;
    if (!tags.includes(tag)) tags.push(tag);
    at = (at + step) % TAGS.length;
  }
  // A ninth of the hosts carries the wandering tag, another ninth each day.
  if ((Math.floor(t / DAY) + host.n * 2 + (h % 9)) % 9 < 1) tags.push(WANDERING_TAG);
  return tags.sort((a, b) => a.id - b.id);
}

export function tagByName(name: string): Tag | undefined {
  return ALL_TAGS.find((tag) => tag.name === name);
}

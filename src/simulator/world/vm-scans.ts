/**
 * Vulnerability scans by scanner appliances: when each is launched, how it goes, and what it finds. Scan n is a pure
 * function of (seed, n); how it stands is one of (scan, t).
 *
 * What a scan finds is what its hosts show at the moment it ends, so that results agree with the detections. Hosts of
 * the second network and the giant host are left out.
 */
import { ASSET_GROUPS } from './catalogue.ts';
import { type Detection, resultsOf } from './detection.ts';
import type { Host } from './host.ts';
import { someLogin } from './people.ts';
import { chance, type Dice, dice, hash, int, pick, uuid } from './random.ts';
import { DAY, HOUR, MINUTE, SECOND } from './time.ts';
import type { World } from './world.ts';

export type VmScanState = 'Queued' | 'Loading' | 'Running' | 'Paused' | 'Canceled' | 'Finished' | 'Error';

export interface VmScan {
  readonly n: number;
  /** `scan/1763596800.00042`: the second of its launch and a number. */
  readonly ref: string;
  readonly type: 'On-Demand' | 'Scheduled' | 'API';
  readonly scanType: string | undefined;
  readonly title: string;
  readonly login: string;
  readonly priority: string;
  readonly target: string;
  /** Titles of the asset groups it was launched on; none for one launched on addresses. */
  readonly assetGroups: readonly string[];
  readonly profile: { readonly title: string; readonly isDefault: boolean };
  /** Milliseconds since 1970, UTC, as all that follow. */
  readonly launched: number;
  readonly started: number;
  /** Undefined for a scan that never pauses. */
  readonly paused: { readonly from: number; readonly to: number } | undefined;
  readonly ended: number;
  readonly outcome: 'Finished' | 'Canceled' | 'Error';
  /** When what a finished scan found has been processed; undefined for the others. */
  readonly processed: number | undefined;
  /** The hosts aimed at: ordinals, both included; none for an empty part of the network. */
  readonly aim: { readonly first: number; readonly last: number } | undefined;
}

export interface VmScanStanding {
  readonly state: VmScanState;
  readonly subState: 'No_Host' | 'No_Vuln' | undefined;
  readonly processed: boolean;
  /** Milliseconds of work so far; undefined while it waits. */
  readonly duration: number | undefined;
}

/** One line of a scan's results. */
export interface VmScanResult {
  readonly ip: string;
  readonly dns: string;
  readonly netbios: string | undefined;
  readonly detection: Detection;
  readonly text: string;
}

/** Scans are remembered from so long before the epoch, so that a list without dates has all of them then. */
const MEMORY = 30 * DAY;
const TITLES = [
  'Weekly servers',
  'DMZ & perimeter',
  'Réseau Île-de-France',
  'Azure Scan Internal Test',
  'ad hoc <after patch>',
  '',
];
const PROFILES = ['Initial Options', 'Authenticated & full', 'Light – ports only'];

function startOf(world: World): number {
  return world.epoch - MEMORY;
}

/** Between two launches: three to twenty-four scans a day, by the size of the subscription. */
function gapOf(world: World): number {
  const daily = Math.min(24, 3 + Math.floor(Math.sqrt(world.hosts) / 40));
  return Math.floor(DAY / daily / SECOND) * SECOND;
}

/** Launched from `since` to `t`, both included, newest first. */
export function* vmScansAt(world: World, t: number, since = 0): Generator<VmScan> {
  for (let n = Math.floor((t - startOf(world)) / gapOf(world)); n >= 0; n--) {
    const scan = vmScan(world, n);
    if (scan.launched < since) return;
    if (scan.launched <= t) yield scan;
  }
}

/** The scan of this reference, if it has been launched by `t`. */
export function vmScanByRef(world: World, ref: string, t: number): VmScan | undefined {
  const launched = Number(/^scan\/(\d{1,12})\.\d{5}$/.exec(ref)?.[1]) * SECOND;
  const n = Math.floor((launched - startOf(world)) / gapOf(world));
  if (!(n >= 0 && launched <= t)) return undefined;
  const scan = vmScan(world, n);
  return scan.ref === ref ? scan : undefined;
}

function vmScan(world: World, n: number): VmScan {
  const d = dice(hash(world.seed, n, 0x5ca4));
  const gap = gapOf(world);
  const launched = startOf(world) + n * gap + int(d, 0, gap / SECOND - 1) * SECOND;
  const started = launched + int(d, 60, 1500) * SECOND;
  // Every eleventh works for days, some of the others for most of one.
  const work =
    n % 11 === 5 ? int(d, 3 * 24, 8 * 24) * HOUR : chance(d, 0.15) ? int(d, 8, 20) * HOUR : int(d, 10, 300) * MINUTE;
  const length = work + int(d, 0, 59) * SECOND;
  const pauses = chance(d, 0.08);
  const from = started + Math.floor(length / 2 / SECOND) * SECOND;
  const paused = pauses ? { from, to: from + int(d, 2, 30) * HOUR } : undefined;
  const wished = pick(d, ['Finished', 'Finished', 'Finished', 'Finished', 'Finished', 'Finished', 'Canceled', 'Error']);
  const outcome = n % 11 === 5 ? 'Finished' : (wished as VmScan['outcome']);
  const ended = started + length + (paused === undefined ? 0 : paused.to - paused.from);
  return {
    n,
    ref: `scan/${launched / SECOND}.${String((n * 7919) % 100_000).padStart(5, '0')}`,
    type: pick(d, ['Scheduled', 'Scheduled', 'Scheduled', 'On-Demand', 'API']),
    scanType: chance(d, 0.05) ? 'CertView' : undefined,
    title: pick(d, TITLES),
    login: someLogin(world, int(d, 0, 1_000_000)),
    priority: pick(d, ['0 - No Priority', '0 - No Priority', '2 - Ultimate', '5 - Standard']),
    assetGroups: chance(d, 0.4) ? [pick(d, ASSET_GROUPS).title, pick(d, ASSET_GROUPS).title] : [],
    profile: pick(
      d,
      PROFILES.map((title, p) => ({ title, isDefault: p === 0 })),
    ),
    launched,
    started,
    paused,
    ended,
    outcome,
    processed: outcome === 'Finished' ? ended + int(d, 3, 90) * MINUTE : undefined,
    ...aimOf(world, n, d),
  };
}

/** Every ninth scan finds nobody. */
function aimOf(world: World, n: number, d: Dice): Pick<VmScan, 'aim' | 'target'> {
  if (n % 9 === 4) return { aim: undefined, target: `192.168.${n % 250}.0-192.168.${n % 250}.255` };
  const most = Math.min(24, Math.max(2, Math.floor(world.hosts / 50)));
  const first = int(d, 1, world.hosts);
  const last = Math.min(world.hosts, first + int(d, 1, most) - 1);
  const named = [world.host(first).ip, world.host(last).ip];
  const form = int(d, 0, 9);
  const target =
    form < 6
      ? named.join('-')
      : form < 8
        ? `${named.join(', ')}, srv-${n}.corp.example.com`
        : Array.from({ length: form === 8 ? 3 : 60 }, () => uuid(d)).join(',');
  return { aim: { first, last }, target };
}

export function standingOf(world: World, scan: VmScan, t: number): VmScanStanding {
  const state = stateAt(scan, t);
  const processed = scan.processed !== undefined && t >= scan.processed;
  const until = Math.min(t, scan.ended);
  const rest = scan.paused === undefined ? 0 : Math.max(0, Math.min(until, scan.paused.to) - scan.paused.from);
  return {
    state,
    subState: state === 'Finished' ? subStateOf(world, scan) : undefined,
    processed,
    duration: t < scan.started ? undefined : until - scan.started - rest,
  };
}

function stateAt(scan: VmScan, t: number): VmScanState {
  if (t < scan.started - 30 * SECOND) return 'Queued';
  if (t < scan.started) return 'Loading';
  if (t >= scan.ended) return scan.outcome;
  return scan.paused !== undefined && t >= scan.paused.from && t < scan.paused.to ? 'Paused' : 'Running';
}

function subStateOf(world: World, scan: VmScan): 'No_Host' | 'No_Vuln' | undefined {
  let hosts = 0;
  for (const host of hostsOf(world, scan)) {
    hosts++;
    for (const one of world.detections(host, scan.ended)) if (one.status !== 'Fixed') return undefined;
  }
  return hosts === 0 ? 'No_Host' : 'No_Vuln';
}

function* hostsOf(world: World, { aim, ended }: VmScan): Generator<Host> {
  if (aim === undefined) return;
  for (let n = aim.first; n <= aim.last; n++) {
    if (n === world.giant || world.scanOf(n, ended) === undefined) continue;
    const host = world.host(n);
    if (host.network.id === 0) yield host;
  }
}

/** Whether results can be had: once finished and processed. */
export function hasResults(scan: VmScan, t: number): boolean {
  return scan.processed !== undefined && t >= scan.processed;
}

/** What a scan found, host by host; now and then a row comes twice, equal in every byte. */
export function* vmScanResults(world: World, scan: VmScan): Generator<VmScanResult> {
  for (const host of hostsOf(world, scan)) {
    for (const detection of world.detections(host, scan.ended)) {
      if (detection.status === 'Fixed') continue;
      const row: VmScanResult = {
        ip: host.ip,
        dns: host.fqdn ?? '',
        netbios: host.netbios,
        detection,
        text: hash(detection.resultsSeed, 3) % 19 === 0 ? '' : resultsOf(detection),
      };
      yield row;
      if (hash(detection.resultsSeed, scan.n, 0x2e2) % 37 === 0) yield row;
    }
  }
}

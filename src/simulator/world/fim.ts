/**
 * File integrity monitoring: what changed on hosts with an agent, as a pure function of time.
 *
 * Events come in minutes: how many one has, and each of them, follows from (seed, minute, index), so that any minute of
 * any year costs the same. An event is processed within its minute, ascending, and happened up to LAG before. Once a day
 * a burst is processed in one and the same millisecond. Monitoring was switched on HISTORY before the epoch, and events
 * are kept for RETENTION.
 *
 * Some events are ignored later; others join an incident when it is made. Both move no time of the event itself.
 */
import { isWindows } from './asset.ts';
import { incidentFor } from './fim-incident.ts';
import type { Host } from './host.ts';
import { isAgent } from './host.ts';
import { dice, hash, int, pick, roll } from './random.ts';
import { DAY, HOUR, MINUTE } from './time.ts';
import type { World } from './world.ts';

export interface FimEvent {
  /** Ordinal inside its minute. */
  readonly minute: number;
  readonly index: number;
  readonly id: string;
  /** Arrival at the platform, and the change itself; milliseconds since 1970, UTC. */
  readonly processed: number;
  readonly happened: number;
  /** Ordinal of the host. */
  readonly n: number;
  readonly seed: number;
  /** From when on it is ignored; never where undefined. */
  readonly ignoredFrom: number | undefined;
}

export interface FimFacts {
  readonly type: 'File' | 'Directory';
  readonly action: 'Create' | 'Delete' | 'Content' | 'Attributes' | 'Security';
  readonly name: string;
  readonly fullPath: string;
  readonly severity: number;
  readonly platform: 'WINDOWS' | 'LINUX';
  readonly process: string;
  readonly imagePath: string;
  readonly processId: number;
  readonly userName: string;
  readonly userId: string;
}

const HISTORY = 7 * DAY;
export const LAG = 30 * MINUTE;
/** Fifteen months. */
export const RETENTION = 456 * DAY;
/** Events per monitored host and hour. */
const RATE = 0.25;
/** Of the hosts with an agent, every second is monitored. */
const MONITORED = 2;
const AGENT_SHARE = 0.55;
const TRIES = 12;
/** Room for a million events a minute. */
const INDEXES = 2 ** 20;

export function fimStart(world: World): number {
  return world.epoch - HISTORY;
}

export function isMonitored(seed: number, n: number): boolean {
  return isAgent(seed, n) && hash(seed, n * 2, 0xf13) % MONITORED === 0;
}

/** Events processed in [from, to], ascending or descending; `undefined` now and then is a breath. */
export function* fimEvents(
  world: World,
  now: number,
  from: number,
  to: number,
  descending = false,
): Generator<FimEvent | undefined> {
  const first = Math.floor(Math.max(from, fimStart(world), now - RETENTION) / MINUTE);
  const last = Math.floor(Math.min(to, now) / MINUTE);
  for (let i = 0; first + i <= last; i++) {
    const events = eventsOfMinute(world, descending ? last - i : first + i);
    if (descending) events.reverse();
    for (const event of events) if (event.processed >= from && event.processed <= Math.min(to, now)) yield event;
    if (i % 1000 === 999 || events.length > 200) yield undefined;
  }
}

function eventsOfMinute(world: World, minute: number): FimEvent[] {
  const { seed } = world;
  const start = minute * MINUTE;
  const monitored = (world.lastOrdinal(start) * AGENT_SHARE) / MONITORED;
  const d = dice(hash(seed, minute, 0xf1a));
  const burst = start % DAY === 3 * HOUR;
  const count =
    Math.floor((monitored * RATE) / 60 + roll(d)) + (burst ? Math.ceil(Math.min(monitored * 2, 20_000)) : 0);
  const events: FimEvent[] = [];
  for (let index = 0; index < count; index++) {
    const own = hash(seed ^ 0xf1b, minute, index);
    const n = monitoredHost(world, own, start);
    if (n === undefined) continue;
    const e = dice(own);
    const processed = start + (burst ? 0 : Math.floor(((index + roll(e)) / count) * MINUTE));
    const lag = roll(e) < 0.9 ? int(e, 800, 15_000) : int(e, 15_000, LAG);
    events.push({
      minute,
      index,
      id: idOf(own, minute, index),
      processed,
      happened: processed - lag,
      n,
      seed: own,
      ignoredFrom: own % 17 === 0 ? processed + int(e, 2, 48) * HOUR : undefined,
    });
  }
  return events;
}

/** An id of the usual form that is nobody else's: its tail spells minute and index. */
function idOf(own: number, minute: number, index: number): string {
  const head = own.toString(16).padStart(8, '0');
  const tail = (minute * INDEXES + index).toString(16).padStart(12, '0');
  return `${head}-${tail.slice(8)}-4${head.slice(0, 3)}-8${head.slice(5)}-${tail}`;
}

/** The event with this id, if it was processed by `now`. */
export function fimEventById(world: World, now: number, id: string): FimEvent | undefined {
  const tail = Number.parseInt(/-([0-9a-f]{12})$/.exec(id)?.[1] ?? '', 16);
  if (Number.isNaN(tail)) return undefined;
  const minute = Math.floor(tail / INDEXES) * MINUTE;
  for (const event of fimEvents(world, now, minute, minute + MINUTE)) if (event?.id === id) return event;
  return undefined;
}

function monitoredHost(world: World, seed: number, t: number): number | undefined {
  const last = world.lastOrdinal(t);
  for (let i = 0; i < TRIES; i++) {
    const n = 1 + (hash(seed, i, 0xf1c) % last);
    if (isMonitored(world.seed, n) && world.scanOf(n, t) !== undefined) return n;
  }
  return undefined;
}

export function isIgnored(event: FimEvent, now: number): boolean {
  return event.ignoredFrom !== undefined && event.ignoredFrom <= now;
}

/** The incident an event belongs to at `now`. Ignored events belong to none. */
export function incidentOf(world: World, event: FimEvent, now: number): string | undefined {
  if (event.ignoredFrom !== undefined || event.seed % 9 !== 0) return undefined;
  const incident = incidentFor(world, event.processed);
  return incident.created <= now ? incident.id : undefined;
}

const WINDOWS_FILES = [
  'System32\\drivers\\etc\\hosts',
  'System32\\WaaSAssessment.dll',
  'System32\\wow64.dll',
  'Temp\\Größe & Maß.tmp',
] as const;
const LINUX_FILES = [
  '/etc/passwd',
  '/etc/ssh/sshd_config',
  '/usr/bin/sudo',
  '/opt/app/données/été.conf',
  '/etc/cron.d/バックアップ',
] as const;

/** What happened; made only when shown. */
export function fimFacts(event: FimEvent, host: Host): FimFacts {
  const d = dice(event.seed ^ 0xfac7);
  const windows = isWindows(host);
  const path = windows ? `C:\\Windows\\${pick(d, WINDOWS_FILES)}` : pick(d, LINUX_FILES);
  return {
    type: roll(d) < 0.92 ? 'File' : 'Directory',
    action: pick(d, ['Create', 'Delete', 'Content', 'Attributes', 'Security'] as const),
    name: path.split(/[\\/]/).at(-1) ?? path,
    fullPath: path,
    severity: int(d, 1, 5),
    platform: windows ? 'WINDOWS' : 'LINUX',
    process: windows ? 'poqexec.exe' : 'dpkg',
    imagePath: windows ? '\\Device\\HarddiskVolume2\\Windows\\System32\\poqexec.exe' : '/usr/bin/dpkg',
    processId: int(d, 300, 65_000),
    userName: windows ? 'NT AUTHORITY\\SYSTEM' : 'root',
    userId: windows ? 'S-1-5-18' : '0',
  };
}

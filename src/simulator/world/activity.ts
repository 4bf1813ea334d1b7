/**
 * What happened in the subscription, day by day: logins, scans launched and finished, hosts purged, other people's API
 * calls, settings changed. A day's events are a pure function of (seed, day); days are counted from the epoch.
 *
 * Other people's calls come in bursts of equal ones in one second, and settings hold what makes CSV readers stumble:
 * quotes, commas, line breaks, non-ASCII text, and every ten days a text of 100,000 characters.
 */
import { processedTime } from './life.ts';
import { loginOf, peopleAt } from './people.ts';
import { chance, dice, hash, int, pick } from './random.ts';
import { DAY, SECOND } from './time.ts';
import { vmScansAt } from './vm-scans.ts';
import type { World } from './world.ts';

/** The fields of a row of the activity log, in the order of its columns but for the date. */
export interface ActivityEvent {
  /** Milliseconds since 1970, UTC, whole seconds. */
  readonly at: number;
  readonly action: string;
  readonly module: string;
  readonly details: string;
  readonly user: string;
  readonly role: string;
  readonly ip: string;
}

/** The log begins so many days before the epoch. */
export const FIRST_DAY = -30;

export function dayOf(world: World, t: number): number {
  return Math.floor((t - world.epoch) / DAY);
}

/** Hosts purged in a day: ordinals and times. */
export type Purges = (day: number) => readonly { readonly n: number; readonly at: number }[];

/** The events of one whole day, unordered. */
export function eventsOf(world: World, day: number, purges: Purges): ActivityEvent[] {
  const from = world.epoch + day * DAY;
  const to = from + DAY - SECOND;
  const events: ActivityEvent[] = [];
  const roles = new Map<string, string>();
  const add = (at: number, user: string, action: string, module: string, details: string): void => {
    if (at < from || at > to) return;
    const ip = `203.0.113.${hash(world.seed, user.length, user.charCodeAt(user.length - 1)) % 250}`;
    events.push({ at, action, module, details, user, role: roles.get(user) ?? 'Manager', ip });
  };
  for (const person of peopleAt(world, to)) {
    roles.set(person.login, person.role);
    if (person.lastLogin !== undefined) add(person.lastLogin, person.login, 'login', 'auth', 'user_logged in');
  }
  // No scan takes longer than two weeks.
  for (const scan of vmScansAt(world, to, from - 14 * DAY)) {
    add(scan.launched, scan.login, 'launch', 'scan', `Scan ${scan.ref} launched: "${scan.title}", ${scan.target}`);
    const end = scan.outcome === 'Finished' ? 'finished' : scan.outcome === 'Canceled' ? 'cancel' : 'error';
    add(scan.ended, scan.login, end, 'scan', `Scan ${scan.ref} ${end}`);
  }
  for (const { n, at } of purges(day)) {
    add(at, loginOf(n % 3), 'purge', 'asset', `Purged host ${world.idOf(n)} (${world.host(n).ip})`);
  }
  for (const [at, user, action, module, details] of oddities(world, day)) add(at, user, action, module, details);
  return events;
}

type Oddity = readonly [at: number, user: string, action: string, module: string, details: string];

const ENDPOINTS = ['asset/host/index.php', 'asset/host/vm/detection/index.php', 'scan/index.php', 'session/index.php'];
const SETTINGS = [
  'Asset group "Paris & Lyon", "DMZ": renamed, was "Lyon"',
  'Scan option profile changed:\nports: full\r\nperformance: "High"\n',
  'Utilisateur modifié : Renée O’Neil, rôle « Gestionnaire »',
  '設定を変更しました；Настройки изменены 🔒',
  ' leading and trailing blanks \t',
  '',
  'Note:\n----END_RESPONSE_BODY_CSV\nstill the note',
  'one "" two """" three',
];

function* oddities(world: World, day: number): Generator<Oddity> {
  const d = dice(hash(world.seed, day, 0xac7));
  const when = (): number => world.epoch + day * DAY + int(d, 0, 86_399) * SECOND;
  for (let burst = int(d, 2, 4); burst > 0; burst--) {
    const at = when();
    const details = `API: /api/2.0/fo/${pick(d, ENDPOINTS)}`;
    const user = loginOf(int(d, 1, 2));
    for (let equal = int(d, 1, 5); equal > 0; equal--) yield [at, user, 'request', 'auth', details];
    if (chance(d, 0.5)) yield [at, user, 'request', 'auth', 'API: /msp/about.php'];
  }
  for (let settings = int(d, 1, 3); settings > 0; settings--) {
    yield [when(), loginOf(int(d, 0, 2)), 'set', 'setting', pick(d, SETTINGS)];
  }
  if (((day % 10) + 10) % 10 === 9) {
    const ips = Array.from({ length: 7000 }, (_, n) => `10.${day & 127}.${n >> 8}.${n & 255}`);
    yield [when(), loginOf(0), 'set', 'asset', `IPs added: ${ips.join(', ').slice(0, 100_000)}`];
  }
}

/** At most so many hosts are purged by hand; the others go by policy, which leaves no row. */
const BY_HAND = 20_000;

/** Remembers nothing but the purges of hosts that can appear in the log: at most BY_HAND and a few. */
export function purgeCalendar(world: World): Purges {
  const calendar = new Map<number, { n: number; at: number }[]>();
  const every = Math.ceil(world.hosts / BY_HAND);
  let n = every;
  return (day) => {
    const last = day < 0 ? 0 : world.lastOrdinal(world.epoch + (day + 1) * DAY);
    for (; n <= last; n += every) {
      const { life } = world.host(n);
      if (life.purge <= processedTime(life, 0) || n === world.giant) continue;
      const on = dayOf(world, life.purge);
      const list = calendar.get(on);
      if (list === undefined) calendar.set(on, [{ n, at: life.purge }]);
      else list.push({ n, at: life.purge });
    }
    return calendar.get(day) ?? [];
  };
}

/**
 * Users of the subscription: they join, log in day after day, some never do, some are switched off, some leave. User 0
 * is who calls, users 1 and 2 own hosts.
 */
import { chance, dice, hash, int, pick } from './random.ts';
import { DAY, HOUR, MINUTE } from './time.ts';
import type { World } from './world.ts';

export interface Person {
  readonly login: string;
  readonly id: number;
  readonly externalId: string | undefined;
  readonly firstName: string;
  readonly lastName: string;
  readonly title: string;
  readonly email: string;
  readonly phone: string;
  readonly city: string;
  readonly role: string;
  readonly businessUnit: string;
  readonly status: 'Active' | 'Inactive' | 'Pending Activation';
  /** Milliseconds since 1970, UTC. */
  readonly created: number;
  /** Undefined for somebody who never logged in. */
  readonly lastLogin: number | undefined;
}

const OWN_LOGINS = ['quarry_sim', 'acme_ab1', 'acme_cd2'];
const FIRST_NAMES = ['Renée', 'John', 'Zoë', 'Владимир', '太郎', 'Ana María', 'Müge', 'Sean', 'Ælfgifu', 'Li'];
const LAST_NAMES = ["O'Neil", 'Smith & Sons', 'Dvořák', 'Иванова', '山田', 'García <ext>', 'Yıldız', 'Nguyễn', 'Brown'];
const TITLES = ['Security Analyst', 'Responsable R&D', 'CISO', 'Systemadministrator', 'Auditor'];
const CITIES = ['Zürich', 'Paris', 'Madrid', 'Foster City', 'København', '東京'];
const ROLES = [
  'Scanner',
  'Reader',
  'Unit Manager',
  'Manager',
  'Auditor',
  'Remediation User',
  'Contact',
  'KnowledgeBase Only',
  'User Administrator',
];
const UNITS = ['Unassigned', 'EMEA', 'North America', 'Paiements & Crédit'];
const ID_BASE = 7_001_100;
/** After the epoch somebody joins this often. */
const JOINS = 8 * DAY;

/** Who has an account at `t`, in ascending id. */
export function* peopleAt(world: World, t: number): Generator<Person> {
  const first = peopleAtEpoch(world);
  const later = t < world.epoch ? 0 : Math.floor((t - world.epoch) / JOINS);
  for (let n = 0; n < first + later; n++) {
    const person = personAt(world, n, t);
    if (person !== undefined) yield person;
  }
}

/** The login of user `n`; `n` may be any whole number. */
export function loginOf(n: number): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  return OWN_LOGINS[n] ?? `acme_${letters[n % 26]}${letters[(n * 7) % 26]}${n}`;
}

/** Somebody who has been there all the time, by any number. */
export function someLogin(world: World, seed: number): string {
  const n = seed % peopleAtEpoch(world);
  return leaveOf(world, n) === undefined ? loginOf(n) : OWN_LOGINS[seed % OWN_LOGINS.length]!;
}

/** Undefined before user `n` joins and after they left. */
export function personAt(world: World, n: number, t: number): Person | undefined {
  const first = peopleAtEpoch(world);
  const d = dice(hash(world.seed, n, 0x9e0));
  const created = n < first ? world.epoch - int(d, 40, 900) * DAY : world.epoch + (n - first + 1) * JOINS;
  const leaves = leaveOf(world, n);
  if (created > t || (leaves !== undefined && leaves <= t)) return undefined;
  const firstName = pick(d, FIRST_NAMES);
  const lastName = pick(d, LAST_NAMES);
  const login = loginOf(n);
  const pending = n > 2 && chance(d, 0.08);
  const inactiveFrom = n > 2 && chance(d, 0.2) ? world.epoch + int(d, -100, 100) * DAY : Number.POSITIVE_INFINITY;
  const every = int(d, 1, 9) * DAY;
  const offset = int(d, 0, 23) * HOUR + int(d, 0, 59) * MINUTE;
  const until = Math.min(t, inactiveFrom);
  const login0 = created + offset;
  const lastLogin = login0 + Math.floor((until - login0) / every) * every;
  return {
    login,
    id: ID_BASE + n * 3,
    externalId: chance(d, 0.3) ? `EXT-${int(d, 1000, 9999)}` : undefined,
    firstName,
    lastName,
    title: pick(d, TITLES),
    email: `${login}@example.com`,
    phone: `+41 44 ${int(d, 100, 999)} ${int(d, 10, 99)} ${int(d, 10, 99)}`,
    city: pick(d, CITIES),
    role: n === 0 ? 'Manager' : pick(d, ROLES),
    businessUnit: n === 0 ? 'Unassigned' : pick(d, UNITS),
    status: pending ? 'Pending Activation' : t >= inactiveFrom ? 'Inactive' : 'Active',
    created,
    lastLogin: pending || lastLogin < login0 ? undefined : lastLogin,
  };
}

function peopleAtEpoch(world: World): number {
  return 12 + Math.floor(Math.sqrt(world.hosts));
}

/** Every ninth leaves within the first hundred days. */
function leaveOf(world: World, n: number): number | undefined {
  return n > 2 && n < peopleAtEpoch(world) && n % 9 === 4
    ? world.epoch + (1 + (hash(world.seed, n, 0x1ea) % 100)) * DAY
    : undefined;
}

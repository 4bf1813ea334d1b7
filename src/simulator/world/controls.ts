/** Compliance controls and the technologies they are checked on. Controls are added and revised as time passes. */
import { OPERATING_SYSTEMS } from './catalogue.ts';
import { chance, dice, hash, int, pick } from './random.ts';
import { DAY, HOUR } from './time.ts';
import type { World } from './world.ts';

export interface Technology {
  readonly id: number;
  readonly name: string;
}

/** One per operating system of the world, in its order. */
export const TECHNOLOGIES: readonly Technology[] = [
  'Windows Server 2019',
  'Windows Server 2022',
  'Windows 11',
  'Red Hat Enterprise Linux 8.x',
  'Red Hat Enterprise Linux 9.x',
  'Ubuntu 22.x',
  'Amazon Linux 2023',
  'macOS 14.x',
  'SUSE Linux Enterprise 15.x',
  'Cisco IOS XE 17.x',
].map((name, n) => ({ id: 201 + n * 7, name }));

export function technologyOf(os: string | undefined): Technology | undefined {
  return os === undefined ? undefined : TECHNOLOGIES[(OPERATING_SYSTEMS as readonly string[]).indexOf(os)];
}

export interface Control {
  /** Ordinal, from 0. */
  readonly n: number;
  readonly id: number;
  readonly category: string;
  readonly subCategory: string;
  readonly statement: string;
  readonly criticality: { readonly label: string; readonly value: number };
  /** Milliseconds since 1970, UTC, as all times here. */
  readonly created: number;
  readonly updated: number;
  readonly deprecated: number | undefined;
  /** Undefined for a control of Qualys's own. */
  readonly checkType: string | undefined;
  readonly comment: string | undefined;
  readonly technologies: readonly Technology[];
  readonly frameworks: readonly { readonly id: number; readonly name: string; readonly section: string }[];
  readonly active: boolean;
  /** Instances on one host: more than one for a service that runs several times. */
  readonly instances: number;
}

export const CONTROLS_AT_EPOCH = 1200;
const FIRST_ID = 1045;
const STEP = 4;
/** A new one this often after the epoch. */
const ADDED = 3 * DAY;

const CATEGORIES = [
  ['Access Control Requirements', 'Authentication/Passwords'],
  ['OS Security Settings', 'Permissions & Ownership'],
  ['Integrity and Availability', 'Auditing <kernel>'],
  ['Network Settings', 'Firewall'],
] as const;
const SUBJECTS = [
  "'Minimum Password Length' setting",
  '/etc/shadow permissions',
  'SSH “PermitRootLogin”',
  'NTP servers',
];
const CRITICALITIES = ['UNDEFINED', 'MINIMAL', 'MEDIUM', 'SERIOUS', 'CRITICAL', 'URGENT'];
const FRAMEWORKS = ['CIS', 'NIST 800-53', 'ISO 27001 & 27002', 'PCI DSS v4.0'];

/** Controls there are at `t`, in ascending id. */
export function* controlsAt(world: World, t: number, fromId = 0): Generator<Control> {
  const count = CONTROLS_AT_EPOCH + (t < world.epoch ? 0 : Math.floor((t - world.epoch) / ADDED));
  for (let n = Math.max(0, Math.floor((fromId - FIRST_ID) / STEP) - 1); n < count; n++) {
    const control = controlAt(world, n, t);
    if (control.id >= fromId) yield control;
  }
}

/** Control `n` as it is at `t`; one that is there. */
export function controlAt(world: World, n: number, t: number): Control {
  const d = dice(hash(world.seed, n, 0xc02));
  const [category, subCategory] = pick(d, CATEGORIES);
  const created =
    n < CONTROLS_AT_EPOCH ? world.epoch - int(d, 40, 3000) * DAY : world.epoch + (n - CONTROLS_AT_EPOCH + 1) * ADDED;
  const revised = int(d, 60, 400) * DAY;
  const checkType = chance(d, 0.1) ? pick(d, ['File Integrity Check', 'Registry Value Existence']) : undefined;
  const deprecated = chance(d, 0.05) ? created + int(d, 10, 35) * DAY + HOUR : undefined;
  const last = created + Math.floor((t - created) / revised) * revised;
  const level = int(d, 0, 5);
  const from = int(d, 0, TECHNOLOGIES.length - 1);
  const technologies = Array.from({ length: int(d, 1, 5) }, (_, i) => TECHNOLOGIES[(from + i) % TECHNOLOGIES.length]!);
  return {
    n,
    id: FIRST_ID + n * STEP + int(d, 0, STEP - 1),
    category,
    subCategory,
    statement: `Status of the ${pick(d, SUBJECTS)} (control ${n})`,
    criticality: { label: CRITICALITIES[level]!, value: level },
    created,
    updated: deprecated !== undefined && deprecated <= t ? Math.max(last, deprecated) : last,
    deprecated: deprecated !== undefined && deprecated <= t ? deprecated : undefined,
    checkType,
    comment: checkType === undefined ? undefined : 'Own control: see wiki <GRC> & ask',
    technologies: technologies.sort((a, b) => a.id - b.id),
    frameworks: FRAMEWORKS.slice(0, int(d, 0, 4)).map((name, i) => ({
      id: 20 + i * 9,
      name,
      section: `${int(d, 1, 12)}.${int(d, 1, 9)}`,
    })),
    active: !chance(d, 0.03),
    instances: chance(d, 0.1) ? 2 : 1,
  };
}

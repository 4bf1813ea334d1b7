/**
 * Compliance policies. The first ones are fixed: by technology, one never evaluated, one inactive, one that is deleted,
 * one that comes later; the others belong to one site each. An active policy is evaluated once a day.
 */
import { ASSET_GROUPS } from './catalogue.ts';
import { CONTROLS_AT_EPOCH, type Control, controlAt, TECHNOLOGIES, type Technology } from './controls.ts';
import { someLogin } from './people.ts';
import { dice, hash, int } from './random.ts';
import { DAY, MINUTE } from './time.ts';
import type { World } from './world.ts';

export interface Policy {
  /** Ordinal, from 0; below SITE_POLICY one of the first. */
  readonly n: number;
  readonly id: number;
  readonly title: string;
  /** Milliseconds since 1970, UTC, as all times here. */
  readonly created: number;
  readonly createdBy: string;
  readonly modified: number;
  readonly modifiedBy: string;
  /** When it was evaluated last, and first; undefined while it never was. */
  readonly evaluated: { readonly last: number; readonly first: number } | undefined;
  readonly active: boolean;
  readonly locked: boolean;
  readonly technologies: readonly Technology[];
  readonly assetGroupIds: readonly number[];
}

interface Plan {
  readonly title: string;
  /** Indexes of TECHNOLOGIES. */
  readonly on: readonly number[];
  readonly evaluated?: false;
  readonly active?: false;
  /** Days after the epoch. */
  readonly comes?: number;
  readonly goes?: number;
}

const PLANS: readonly Plan[] = [
  { title: 'CIS Benchmark for Windows & Windows Server', on: [0, 1, 2] },
  { title: 'CIS Benchmark for Linux', on: [3, 4, 5, 6, 8] },
  { title: 'macOS / Cisco <baseline>', on: [7, 9] },
  { title: 'Entwurf: noch nicht geprüft', on: [0, 3], evaluated: false },
  { title: 'PCI DSS v3.2.1 (retired)', on: [0, 1], active: false },
  { title: 'Project Äthiopien, temporary', on: [4, 5], goes: 20 },
  { title: 'DORA', on: [0, 1, 3, 4], comes: 10 },
];
/** Ordinal of the first policy of a site. */
export const SITE_POLICY = PLANS.length;

const FIRST_ID = 99_186;
const STEP = 11;
const CONTROLS_EACH = 24;

/** Policies of sites; host n belongs to the one of n modulo this, if to any. */
export function sitePolicies(world: World): number {
  return 1 + Math.floor(world.hosts / 400);
}

/** Policies there are at `t`, in ascending id. */
export function* policiesAt(world: World, t: number, fromId = 0): Generator<Policy> {
  const count = SITE_POLICY + sitePolicies(world);
  for (let n = Math.max(0, Math.ceil((fromId - FIRST_ID) / STEP)); n < count; n++) {
    const policy = policyAt(world, n, t);
    if (policy !== undefined) yield policy;
  }
}

export function policyById(world: World, id: number, t: number): Policy | undefined {
  const n = (id - FIRST_ID) / STEP;
  const known = Number.isInteger(n) && n >= 0 && n < SITE_POLICY + sitePolicies(world);
  return known ? policyAt(world, n, t) : undefined;
}

function policyAt(world: World, n: number, t: number): Policy | undefined {
  const plan: Plan = PLANS[n] ?? {
    title: `Site policy ${n - SITE_POLICY + 1} “minimum”`,
    on: TECHNOLOGIES.map((_, i) => i),
  };
  const d = dice(hash(world.seed, n, 0x901));
  const created = plan.comes === undefined ? world.epoch - int(d, 120, 900) * DAY : world.epoch + plan.comes * DAY;
  if (t < created || (plan.goes !== undefined && t >= world.epoch + plan.goes * DAY)) return undefined;
  const edits = int(d, 30, 200) * DAY;
  const first = created + DAY + int(d, 0, 1439) * MINUTE;
  // An inactive policy was evaluated once.
  const last = plan.active === false ? first : first + Math.floor((t - first) / DAY) * DAY;
  return {
    n,
    id: FIRST_ID + n * STEP,
    title: plan.title,
    created,
    createdBy: someLogin(world, int(d, 0, 9999)),
    modified: created + Math.floor((t - created) / edits) * edits,
    modifiedBy: someLogin(world, int(d, 0, 9999)),
    evaluated: plan.evaluated === false || t < first ? undefined : { last, first },
    active: plan.active !== false,
    locked: n % 5 === 1,
    technologies: plan.on.map((i) => TECHNOLOGIES[i]!),
    assetGroupIds: [...new Set([ASSET_GROUPS[n % 10]!.id, ASSET_GROUPS[(n * 3) % 10]!.id])].sort((a, b) => a - b),
  };
}

/** A policy's controls in ascending id: always the same ones, each for at least one of its technologies. */
export function controlsOf(world: World, policy: Policy, t: number): Control[] {
  const controls = new Map<number, Control>();
  for (let j = 0; controls.size < CONTROLS_EACH; j++) {
    const n = (policy.n * 37 + j * 11) % CONTROLS_AT_EPOCH;
    const control = controlAt(world, n, t);
    if (control.technologies.some((one) => policy.technologies.includes(one))) controls.set(n, control);
  }
  return [...controls.values()].sort((a, b) => a.id - b.id);
}

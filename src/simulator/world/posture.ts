/**
 * Compliance posture: what a policy's last evaluation said of each host, control and instance. A posture keeps its
 * status for a phase of some weeks; it changes with the first evaluation of the next phase and at no other time, so
 * POSTURE_MODIFIED_DATE moves with it. Only the evaluation date moves every day.
 */
import { type Control, type Technology, technologyOf } from './controls.ts';
import type { Host } from './host.ts';
import { processedTime } from './life.ts';
import { controlsOf, type Policy, SITE_POLICY, sitePolicies } from './policies.ts';
import { hash } from './random.ts';
import { DAY } from './time.ts';
import type { World } from './world.ts';

export type PostureStatus = 'Passed' | 'Failed' | 'Error';

export interface Posture {
  readonly id: number;
  readonly host: Host;
  readonly control: Control;
  readonly technology: Technology;
  /** Undefined where the control has no instances. */
  readonly instance: string | undefined;
  readonly status: PostureStatus;
  readonly previous: PostureStatus | undefined;
  /** Milliseconds since 1970, UTC. */
  readonly modified: number;
  readonly evaluated: number;
  /** What was found; changes with the status only. */
  readonly found: number;
  readonly excepted: boolean;
}

/** Room for controls and instances in a posture's id, and for the policies of one host. */
const CONTROLS = 64;
const INSTANCES = 2;
const POLICIES = SITE_POLICY + 1;
const PER_HOST = CONTROLS * INSTANCES * POLICIES;

/** A policy's postures in ascending id; `undefined` is a breath. None while it was never evaluated, or is inactive. */
export function* posturesAt(world: World, policy: Policy, t: number, fromId = 0): Generator<Posture | undefined> {
  const { evaluated } = policy;
  if (evaluated === undefined || !policy.active) return;
  const controls = controlsOf(world, policy, t);
  let passed = 0;
  for (const n of hostsOf(world, policy, t, Math.floor(fromId / PER_HOST / 2))) {
    if (++passed % 1000 === 0) yield undefined;
    if (world.scanOf(n, evaluated.last) === undefined) continue;
    const host = world.host(n);
    const technology = technologyOf(host.os);
    if (!host.compliance || technology === undefined || !policy.technologies.includes(technology)) continue;
    for (let c = 0; c < controls.length; c++) {
      const control = controls[c]!;
      if (!control.technologies.includes(technology)) continue;
      for (let instance = 0; instance < control.instances; instance++) {
        const id =
          (n * 2 * CONTROLS * INSTANCES + c * INSTANCES + instance) * POLICIES + Math.min(policy.n, SITE_POLICY);
        if (id >= fromId) yield { ...judged(world, policy, host, control, instance), id, host, control, technology };
      }
    }
  }
}

/** Listed hosts that may be in the policy, from an ordinal on. */
function* hostsOf(world: World, policy: Policy, t: number, from: number): Generator<number> {
  if (policy.n < SITE_POLICY) {
    yield* world.ordinals(t, world.idOf(Math.max(1, Math.floor(from))));
    return;
  }
  const step = sitePolicies(world);
  const site = policy.n - SITE_POLICY;
  let n = Math.floor(from / step) * step + site;
  for (const last = world.lastOrdinal(t); n <= last; n += step) {
    if (hash(world.seed, n, 0x517) % 2 === 0 && world.scanOf(n, t) !== undefined) yield n;
  }
}

type Judgement = Omit<Posture, 'id' | 'host' | 'control' | 'technology'>;

function judged(world: World, policy: Policy, host: Host, control: Control, instance: number): Judgement {
  const { first, last } = policy.evaluated!;
  const seed = hash(world.seed, host.n * 2 * CONTROLS + control.n, instance + policy.n * 2 + 0x9057);
  const phase = phaseAt(world, seed, last);
  const evaluationFrom = (time: number): number => first + Math.max(0, Math.ceil((time - first) / DAY)) * DAY;
  const known = evaluationFrom(processedTime(host.life, 0));
  const modified = Math.max(known, evaluationFrom(phase.start));
  return {
    instance:
      control.instances > 1 ? `Apache:/etc/httpd${instance}:${80 + instance}` : control.n % 4 === 0 ? undefined : 'os',
    status: statusOf(seed, phase.n),
    previous: modified > known ? statusOf(seed, phase.n - 1) : undefined,
    modified,
    evaluated: last,
    found: hash(seed, phase.n, 0xf0),
    excepted: (seed >>> 4) % 20 === 0,
  };
}

/** Phases take turns: even ones are passed, odd ones are not; three in ten postures stay in their first. */
function phaseAt(world: World, seed: number, t: number): { readonly n: number; readonly start: number } {
  const zero = world.epoch - 1000 * DAY + ((seed >>> 8) % 60) * DAY;
  if (seed % 10 < 3) return { n: 0, start: zero };
  const passed = (25 + (seed % 40)) * DAY;
  const both = passed + (15 + (seed % 20)) * DAY;
  const round = Math.floor((t - zero) / both);
  const start = zero + round * both;
  return t < start + passed ? { n: round * 2, start } : { n: round * 2 + 1, start: start + passed };
}

function statusOf(seed: number, phase: number): PostureStatus {
  return phase % 2 === 0 ? 'Passed' : hash(seed, phase, 0x57) % 6 === 0 ? 'Error' : 'Failed';
}

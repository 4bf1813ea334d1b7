/**
 * FIM incidents: every two hours of events make one, some minutes to hours after; most are reviewed and closed within
 * days, a few never. Pure functions of (seed, time).
 */
import { dice, hash, int, pick, roll, uuid } from './random.ts';
import { HOUR, MINUTE } from './time.ts';
import type { World } from './world.ts';

export interface FimIncident {
  readonly slot: number;
  readonly id: string;
  readonly name: string;
  readonly automated: boolean;
  /** Events processed from here … */
  readonly from: number;
  /** … to here, the end not included. */
  readonly to: number;
  readonly created: number;
  /** Undefined while open for ever. */
  readonly closed: number | undefined;
  readonly verdict: 'APPROVED' | 'POLICY_VIOLATION' | 'UNAPPROVED';
  readonly changeType: string;
  readonly disposition: string;
  readonly comment: string;
  readonly reviewers: readonly string[];
}

const SLOT = 2 * HOUR;

/** The incident that events processed at `t` may belong to, made or still to be made. */
export function incidentFor(world: World, t: number): FimIncident {
  return incident(world, Math.floor(t / SLOT));
}

/** Incidents there are at `now`, in the order they were made of. */
export function* fimIncidents(world: World, now: number, start: number): Generator<FimIncident> {
  for (let slot = Math.ceil(start / SLOT); slot * SLOT <= now; slot++) {
    const one = incident(world, slot);
    if (one.created <= now) yield one;
  }
}

function incident({ seed }: World, slot: number): FimIncident {
  const d = dice(hash(seed, slot, 0x1c1d));
  const from = slot * SLOT;
  const created = from + SLOT + int(d, 1, 180) * MINUTE + int(d, 0, 59_999);
  const automated = roll(d) < 0.6;
  return {
    slot,
    id: uuid(d),
    name: automated ? `Changes outside the window ${slot}` : `Prüfung ${slot} & Freigabe`,
    automated,
    from,
    to: from + SLOT,
    created,
    closed: roll(d) < 0.9 ? created + int(d, 2, 96) * HOUR + int(d, 0, 59) * MINUTE : undefined,
    verdict: pick(d, ['APPROVED', 'APPROVED', 'POLICY_VIOLATION', 'UNAPPROVED']),
    changeType: pick(d, ['MANUAL', 'AUTOMATED', 'COMPROMISE', 'OTHER']),
    disposition: pick(d, [
      'PATCHING',
      'CONFIGURATION_CHANGE',
      'HUMAN_ERROR',
      'CHANGE_CONTROL_VIOLATION',
      'FALSE_POSITIVE',
    ]),
    comment: pick(d, ['done', 'geprüft <ok>', "voir ticket 4711 & l'équipe"]),
    reviewers: pick(d, [['quarry_sim'], ['quarry_sim', 'reviewer@example.com'], []]),
  };
}

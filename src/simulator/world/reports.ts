/** Reports: one launched every few hours, made within minutes or hours, gone after a week. */
import { someLogin } from './people.ts';
import { chance, dice, hash, int, pick } from './random.ts';
import { DAY, HOUR, MINUTE, SECOND } from './time.ts';
import type { World } from './world.ts';

export type ReportState = 'Submitted' | 'Running' | 'Finished' | 'Canceled' | 'Errors';

export interface Report {
  readonly id: number;
  /** Undefined for a report launched without one. */
  readonly title: string | undefined;
  readonly type: string;
  readonly userLogin: string;
  /** Milliseconds since 1970, UTC, as the expiration. */
  readonly launched: number;
  readonly expires: number;
  readonly format: string;
  /** As Qualys prints it: `129.1 MB`. */
  readonly size: string;
  readonly state: ReportState;
  readonly message: string | undefined;
  /** While it runs. */
  readonly percent: number | undefined;
}

const EVERY = 3 * HOUR;
const KEPT = 7 * DAY;

/** Those not yet expired at `t`, newest first. */
export function* reportsAt(world: World, t: number): Generator<Report> {
  const start = world.epoch - 400 * DAY;
  const last = Math.floor((t - start) / EVERY);
  for (let k = last; k >= 0 && start + (k + 1) * EVERY > t - KEPT; k--) {
    const report = reportAt(world, k, start + k * EVERY, t);
    if (report !== undefined) yield report;
  }
}

function reportAt(world: World, k: number, slot: number, t: number): Report | undefined {
  const d = dice(hash(world.seed, k, 0x4e9));
  const launched = slot + int(d, 0, 2 * 3600) * SECOND;
  if (launched > t || launched + KEPT <= t) return undefined;
  const takes = int(d, 2, 180) * MINUTE;
  const end = pick(d, ['Finished', 'Finished', 'Finished', 'Finished', 'Finished', 'Canceled', 'Errors'] as const);
  const age = t - launched;
  const state = age < 30 * SECOND ? 'Submitted' : age < takes ? 'Running' : end;
  const size = int(d, 10, 20_000);
  return {
    id: 665_000 + k * 4 + int(d, 0, 3),
    title: chance(d, 0.9)
      ? pick(d, ['Executive & board', 'Patch <weekly>', 'Scorecard “Q4”', 'Rapport PCI'])
      : undefined,
    type: pick(d, ['Scan', 'Patch', 'Map', 'Remediation', 'Compliance', 'Policy']),
    userLogin: someLogin(world, hash(world.seed, k, 0x0e1)),
    launched,
    expires: launched + KEPT,
    format: pick(d, ['PDF', 'CSV', 'XML', 'HTML', 'Online', 'DOCX']),
    size: state !== 'Finished' ? '0 KB' : size < 1024 ? `${size} KB` : `${(size / 1024).toFixed(1)} MB`,
    state,
    message: state === 'Errors' ? 'The report could not be made: template <removed> & unknown' : undefined,
    percent: state === 'Running' ? Math.floor((age / takes) * 100) : undefined,
  };
}

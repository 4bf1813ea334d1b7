/** Compliance scans: one every eight hours; most take minutes or hours, every fortieth three days. */
import { addressesText } from './addresses.ts';
import { ASSET_GROUPS } from './catalogue.ts';
import { siteAddresses, sitesAt } from './groups.ts';
import { someLogin } from './people.ts';
import { chance, dice, hash, int, pick } from './random.ts';
import { DAY, HOUR, MINUTE, SECOND } from './time.ts';
import type { World } from './world.ts';

export type ComplianceScanState = 'Queued' | 'Loading' | 'Running' | 'Paused' | 'Finished' | 'Canceled' | 'Error';

export interface ComplianceScan {
  readonly id: number;
  readonly ref: string;
  readonly type: 'On-Demand' | 'Scheduled' | 'API';
  readonly title: string;
  readonly userLogin: string;
  /** Milliseconds since 1970, UTC. */
  readonly launched: number;
  /** Milliseconds so far. Undefined while queued. */
  readonly duration: number | undefined;
  readonly priority: string;
  readonly processed: boolean;
  readonly state: ComplianceScanState;
  readonly subState: string | undefined;
  readonly target: string;
  /** Empty for a scan launched on addresses. */
  readonly groupTitles: readonly string[];
}

const EVERY = 8 * HOUR;

/** Launched from `since` to `t`, newest first. */
export function* complianceScansAt(world: World, t: number, since: number): Generator<ComplianceScan> {
  const start = world.epoch - 400 * DAY;
  for (let k = Math.floor((t - start) / EVERY); k >= 0; k--) {
    const slot = start + k * EVERY;
    if (slot + EVERY <= since) return;
    const scan = scanAt(world, k, slot, t);
    if (scan !== undefined && scan.launched >= since) yield scan;
  }
}

function scanAt(world: World, k: number, slot: number, t: number): ComplianceScan | undefined {
  const d = dice(hash(world.seed, k, 0xc5c));
  const launched = slot + int(d, 0, 7 * 3600) * SECOND;
  if (launched > t) return undefined;
  const takes = k % 40 === 7 ? 3 * DAY : int(d, 20, 600) * MINUTE;
  const end = pick(d, [
    'Finished',
    'Finished',
    'Finished',
    'Finished',
    'Finished',
    'Finished',
    'Canceled',
    'Error',
  ] as const);
  const pauses = chance(d, 0.1);
  const age = t - launched;
  const id = 3_300_000 + k * 5;
  const site = siteAddresses(world, int(d, 0, sitesAt(world, launched) - 1));
  return {
    id,
    ref: `compliance/${launched / SECOND}.${id % 100_000}`,
    type: pick(d, ['Scheduled', 'Scheduled', 'On-Demand', 'API'] as const),
    title: pick(d, ['Weekly CIS & PCI', 'Windows <servers>', 'Contrôle mensuel', 'Linux baseline']),
    userLogin: someLogin(world, int(d, 0, 1_000_000)),
    launched,
    duration: age < 2 * MINUTE ? undefined : Math.min(age, takes),
    priority: pick(d, ['0 - No Priority', '1 - Emergency', '5 - Standard']),
    processed: end === 'Finished' && age >= takes + 10 * MINUTE,
    state: stateAt(age, takes, pauses, end),
    subState: end === 'Finished' && age >= takes && chance(d, 0.1) ? 'No_Host' : undefined,
    target: `${addressesText(site)}, 10.0.0.${int(d, 1, 20)}`,
    groupTitles: chance(d, 0.5) ? [pick(d, ASSET_GROUPS).title, 'All'] : [],
  };
}

function stateAt(age: number, takes: number, pauses: boolean, end: ComplianceScanState): ComplianceScanState {
  if (age < 2 * MINUTE) return 'Queued';
  if (age < 4 * MINUTE) return 'Loading';
  if (age >= takes) return end;
  return pauses && age > takes / 2 ? 'Paused' : 'Running';
}

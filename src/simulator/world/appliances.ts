/** Scanner appliances: one for some hundred hosts, a new one now and then; they scan, and some are offline for a day. */
import { chance, dice, hash, int, pick, uuid } from './random.ts';
import { DAY, HOUR, MINUTE } from './time.ts';
import type { World } from './world.ts';

export interface Appliance {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly networkId: number;
  readonly online: boolean;
  readonly softwareVersion: string;
  readonly runningSlices: number;
  readonly runningScans: number;
  readonly type: 'virtual' | 'physical' | 'containerized';
  readonly model: string;
  readonly serial: string;
  readonly activationCode: string;
  readonly address: string;
  readonly proxied: boolean;
  /** Runs at a cloud provider. */
  readonly ec2Region: string | undefined;
  readonly vlans: readonly number[];
  readonly upToDate: boolean;
  /** Milliseconds since 1970, UTC. */
  readonly lastUpdated: number;
  readonly heartbeatsMissed: number;
  readonly comments: string | undefined;
}

/** A new one is set up this often after the epoch. */
const SET_UP = 60 * DAY;

/** In ascending id. */
export function* appliancesAt(world: World, t: number): Generator<Appliance> {
  const later = t < world.epoch ? 0 : Math.floor((t - world.epoch) / SET_UP);
  const count = 3 + Math.min(300, Math.floor(world.hosts / 500)) + later;
  for (let n = 0; n < count; n++) yield makeAppliance(world, n, t);
}

function makeAppliance(world: World, n: number, t: number): Appliance {
  const d = dice(hash(world.seed, n, 0xa77));
  // The third is offline every fifth day, every seventh always.
  const online = n % 7 !== 6 && !(n % 3 === 2 && Math.floor(t / DAY + n) % 5 === 0);
  const busy = hash(world.seed, n, Math.floor(t / (2 * HOUR))) % 4;
  const inCloud = n % 4 === 1;
  const type = inCloud ? 'virtual' : pick(d, ['virtual', 'physical', 'containerized'] as const);
  return {
    id: 43_560 + n * 11,
    uuid: uuid(d),
    name: `${pick(d, ['scanner', 'ams-scan', 'R&D_scan', 'größe'])}_${n}`,
    networkId: n % 4 === 3 ? 2_458_227 : 0,
    online,
    softwareVersion: online ? `2.7.${20 + (Math.floor(t / (30 * DAY)) % 40)}-1` : '',
    runningSlices: online ? busy * 4 : 0,
    runningScans: online ? busy : 0,
    type,
    model: type === 'physical' ? 'QGSA-5120-A1' : type === 'virtual' ? 'qVSA' : 'qCSA',
    serial: `${int(d, 10_000_000, 99_999_999)}`,
    activationCode: `${int(d, 10_000_000_000_000, 99_999_999_999_999)}`,
    address: `10.${int(d, 200, 250)}.${int(d, 0, 255)}.${int(d, 2, 254)}`,
    proxied: chance(d, 0.3),
    ec2Region: inCloud ? pick(d, ['us-east-1', 'eu-central-1']) : undefined,
    vlans: chance(d, 0.3) ? [int(d, 2, 99), int(d, 100, 4000)] : [],
    upToDate: online && chance(d, 0.8),
    lastUpdated: Math.floor((t - n * MINUTE) / (4 * HOUR)) * 4 * HOUR + n * MINUTE,
    heartbeatsMissed: online ? 0 : 1 + (Math.floor(t / DAY) % 300),
    comments: chance(d, 0.3) ? 'Étage 3 & rack <B>' : undefined,
  };
}

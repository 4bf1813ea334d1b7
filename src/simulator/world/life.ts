/**
 * When things happen to a host: it is born, scanned again and again, and one day purged. Scans are periodic with a
 * jitter, so that "the last scan at time t" is arithmetic, not a replay.
 *
 * Invariants
 * - scan k of a host is taken at `scanTime(k)`, shown from `processedTime(k)` on (plus `lateness`, see below), and both
 *   ascend in k. Everything a list shows of a host's scans and detections changes only when a scan is processed.
 * - A host is listed from its first processed scan until its purge; ordinals and ids never come back.
 * - `lateness` (the `detections-late` fault) moves the moment a scan is shown, not the times it carries.
 */
import { dice, hash, int, roll } from './random.ts';
import { DAY, HOUR, MINUTE, SECOND } from './time.ts';

/** Later than any time of the world. */
export const NEVER = Number.MAX_SAFE_INTEGER;

export interface Life {
  /** Milliseconds since the epoch, UTC, whole seconds, as every time of the world. */
  readonly birth: number;
  readonly purge: number;
  /** Agents scan about once a day, appliances once a week or fortnight. */
  readonly interval: number;
  readonly firstScan: number;
  readonly delay: number;
  readonly seed: number;
}

export interface Pace {
  readonly seed: number;
  readonly epoch: number;
  /** Hosts there are at the epoch. */
  readonly hosts: number;
  /** Share of the hosts that is born, and about the share that is purged, each day. */
  readonly churn: number;
  /** Every scan of a day is processed in the same second (many records at one time stamp). */
  readonly sameSecond: boolean;
}

/** Time between two births after the epoch. */
export function birthGap(pace: Pace): number {
  return whole(Math.min(DAY / (pace.hosts * pace.churn * 1.2 + 1e-9), 5 * DAY));
}

export function lifeOf(pace: Pace, n: number, agent: boolean): Life {
  const seed = hash(pace.seed, n, 0x11fe);
  const d = dice(seed);
  const gap = birthGap(pace);
  const birth = n <= pace.hosts ? pace.epoch - whole((30 + roll(d) * 870) * DAY) : pace.epoch + (n - pace.hosts) * gap;
  const interval = agent ? DAY : int(d, 1, 2) * 7 * DAY;
  const draw = -Math.log(1 - roll(d));
  const purge = pace.churn === 0 ? NEVER : Math.max(birth, pace.epoch) + whole((draw / pace.churn) * DAY) + HOUR;
  const delay = int(d, 20, 900) * SECOND;
  const firstScan = birth + int(d, 1, 55) * MINUTE;
  if (!pace.sameSecond) return { birth, purge, interval, firstScan, delay, seed };
  const midnight = Math.ceil(firstScan / DAY) * DAY;
  return { birth, purge, interval, firstScan: midnight, delay: 10 * MINUTE, seed: 0 };
}

export function scanTime(life: Life, k: number): number {
  if (life.seed === 0) return life.firstScan + k * life.interval;
  const jitter = (hash(life.seed, k) % (life.interval / (16 * SECOND))) * SECOND;
  return life.firstScan + k * life.interval + jitter;
}

export function processedTime(life: Life, k: number): number {
  return scanTime(life, k) + life.delay;
}

/** The last scan shown at `t`; -1 when there is none yet. */
export function lastScan(life: Life, t: number, lateness = 0): number {
  const seen = t - lateness;
  let k = Math.floor((seen - life.firstScan - life.delay) / life.interval);
  while (k >= 0 && processedTime(life, k) > seen) k--;
  return Math.max(k, -1);
}

/** The first scan taken at or after `time`. */
export function scanFrom(life: Life, time: number): number {
  const k = Math.max(0, Math.floor((time - life.firstScan) / life.interval));
  return scanTime(life, k) >= time ? k : k + 1;
}

export function whole(ms: number): number {
  return Math.floor(ms / SECOND) * SECOND;
}

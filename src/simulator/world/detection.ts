/**
 * The detections of one host at one time, each a pure function of (seed, host, slot, scan).
 *
 * A slot is one vulnerability on one port of a host. It opens at the first scan after it appeared, may be fixed, may be
 * reopened, may be fixed again; its phases are counted in scans (`opened < fixed < reopened < fixedAgain`). All it
 * shows is a function of `seen`, the last scan that tested it: the current one while open, the fixing one once fixed.
 * So a detection's fields never change without its LAST_PROCESSED_DATETIME moving.
 */
import type { Host } from './host.ts';
import { type Life, lastScan, NEVER, processedTime, scanFrom, scanTime } from './life.ts';
import { dice, hash, int, roll } from './random.ts';
import { resultsText } from './results.ts';
import { DAY, SECOND } from './time.ts';
import type { Vulnerability } from './vulnerabilities.ts';

export type Status = 'New' | 'Active' | 'Re-Opened' | 'Fixed';

export interface Detection {
  readonly uniqueId: number;
  readonly vulnerability: Vulnerability;
  readonly port: number | undefined;
  readonly protocol: 'tcp' | 'udp' | undefined;
  readonly ssl: boolean;
  readonly fqdn: string | undefined;
  readonly instance: string | undefined;
  readonly status: Status;
  readonly firstFound: number;
  readonly lastFound: number;
  readonly lastTest: number;
  readonly lastUpdate: number;
  readonly lastProcessed: number;
  /** When the status last changed; equal to lastFound while it never did. */
  readonly statusChanged: number;
  readonly lastFixed: number | undefined;
  readonly reopened: { readonly first: number; readonly last: number; readonly times: number } | undefined;
  readonly timesFound: number;
  readonly ignored: boolean;
  readonly disabled: boolean;
  readonly qds: number | undefined;
  /** AFFECT_* of a vulnerability that concerns a kernel, service or configuration. */
  readonly affectsRunning: boolean;
  readonly resultsSeed: number;
}

/** Room for a million slots per host in UNIQUE_VULN_ID. */
const SLOTS = 1_000_000;
const TCP_PORTS = [443, 8443, 3389, 22, 445, 80, 8080, 25] as const;
const SSL_PORTS = new Set([443, 8443, 3389]);

export interface Ground {
  readonly seed: number;
  readonly epoch: number;
  readonly lateness: number;
  readonly vulnerabilities: readonly Vulnerability[];
}

/** The RESULTS of a detection, made only when asked for: by far the largest part. */
export function resultsOf(detection: Detection): string {
  const { results, qid } = detection.vulnerability;
  return resultsText(results, detection.resultsSeed, qid);
}

/** A host's detections in ascending UNIQUE_VULN_ID. `processedFrom` spares the work on older ones. */
export function* detectionsOf(ground: Ground, host: Host, t: number, processedFrom = 0): Generator<Detection> {
  const { life, n } = host;
  const current = lastScan(life, t, ground.lateness);
  if (current < 0 || processedTime(life, current) < processedFrom) return;
  const slots = host.slots;
  const arrivals = slots === 0 ? 0 : laterSlots(ground, host, t);
  const walk = dice(hash(ground.seed, n * 2, 0xde7));
  const count = ground.vulnerabilities.length;
  const start = int(walk, 0, count - 1);
  const stride = int(walk, 1, count - 1);
  let group = -1;
  let portIndex = 0;
  for (let d = 0; d < slots + arrivals; d++) {
    const seed = hash(ground.seed, n * 2, d + 0x5107);
    const same = d > 0 && isService(ground, start, stride, group) && seed % 5 < 2 && portIndex < 3 && d !== slots;
    if (same) portIndex++;
    else {
      group++;
      portIndex = 0;
    }
    const vulnerability = at(ground, start, stride, group);
    const appeared = d < slots ? earlyAppearance(ground, life, seed) : laterAppearance(ground, host, d - slots);
    const detection = slotAt(life, {
      n,
      d,
      seed,
      current,
      appeared,
      late: d >= slots,
      vulnerability,
      portIndex,
      round: Math.floor(group / count),
      host,
    });
    if (detection !== undefined && detection.lastProcessed >= processedFrom) yield detection;
  }
}

function at(ground: Ground, start: number, stride: number, group: number): Vulnerability {
  return ground.vulnerabilities[(start + group * stride) % ground.vulnerabilities.length]!;
}

function isService(ground: Ground, start: number, stride: number, group: number): boolean {
  return group >= 0 && at(ground, start, stride, group).service;
}

/** After the epoch a host gets a new slot every 6 to 20 days. */
function gapOf(host: Host): number {
  return (6 + ((host.life.birth / SECOND / 7) % 15)) * DAY;
}

function laterSlots(ground: Ground, host: Host, t: number): number {
  const since = t - Math.max(ground.epoch, host.life.birth);
  // Slot j appears half a gap before the (j + 1)th gap is over, and must be there from then on.
  return since <= 0 ? 0 : Math.floor(since / gapOf(host) + 0.5);
}

function laterAppearance(ground: Ground, host: Host, j: number): number {
  return Math.max(ground.epoch, host.life.birth) + Math.floor((j + 0.5) * gapOf(host));
}

/** Most of a host's slots were there at its first scan; the others came one by one. */
function earlyAppearance(ground: Ground, life: Life, seed: number): number {
  const u = (hash(seed, 1) % 10_000) / 10_000;
  if (u < 0.6) return life.birth;
  const last = Math.max(ground.epoch, life.birth + 60 * DAY);
  return life.birth + Math.floor(((u - 0.6) / 0.4) * (last - life.birth));
}

interface Slot {
  readonly n: number;
  readonly d: number;
  readonly seed: number;
  readonly current: number;
  readonly appeared: number;
  readonly late: boolean;
  readonly vulnerability: Vulnerability;
  readonly portIndex: number;
  readonly round: number;
  readonly host: Host;
}

function slotAt(life: Life, slot: Slot): Detection | undefined {
  const { seed, current, vulnerability } = slot;
  const opened = scanFrom(life, slot.appeared);
  if (opened > current) return undefined;
  const die = dice(seed);

  // Phases, in scans.
  const fixes = roll(die) < (slot.late ? 0.7 : 0.35);
  const fixedAfter = (slot.late ? 3 + roll(die) * 87 : 5 + roll(die) * 395) * DAY;
  const fixed = fixes ? Math.max(opened + 1, scanFrom(life, scanTime(life, opened) + fixedAfter)) : NEVER;
  const reopens = fixes && roll(die) < 0.2;
  const reopened = reopens
    ? Math.max(fixed + 1, scanFrom(life, scanTime(life, fixed) + (3 + roll(die) * 87) * DAY))
    : NEVER;
  const fixedAgain =
    reopens && roll(die) < 0.5
      ? Math.max(reopened + 1, scanFrom(life, scanTime(life, reopened) + (5 + roll(die) * 55) * DAY))
      : NEVER;

  const isFixed = current >= fixedAgain || (current >= fixed && current < reopened);
  const isReopened = current >= reopened;
  const seen = current >= fixedAgain ? fixedAgain : isFixed ? fixed : current;
  const lastOpen = isFixed ? seen - 1 : seen;
  const firstFound = scanTime(life, opened);
  const found = scanTime(life, lastOpen);
  const processed = processedTime(life, seen);
  const status = isFixed
    ? 'Fixed'
    : isReopened
      ? current < reopened + 1 + (seed % 5)
        ? 'Re-Opened'
        : 'Active'
      : current === opened
        ? 'New'
        : 'Active';
  // Real hosts show a first finding later than the last one; rare, and only once nothing moves any more.
  const lastFound = isFixed && seed % 211 === 0 ? firstFound - 3600 * SECOND : found;
  const ignoredFrom = seed % 31 === 0 ? opened + (seed % 7) : NEVER;
  const lastFixedScan = current >= fixedAgain ? fixedAgain : current >= fixed ? fixed : NEVER;
  const changed = isFixed ? seen : isReopened ? reopened : NEVER;
  return {
    uniqueId: slot.n * SLOTS + slot.d + 1,
    vulnerability,
    ...whereOf(slot),
    status,
    firstFound,
    lastFound,
    lastTest: scanTime(life, seen),
    lastUpdate: processed,
    lastProcessed: processed,
    statusChanged: changed === NEVER ? lastFound : scanTime(life, changed),
    lastFixed: lastFixedScan === NEVER ? undefined : scanTime(life, lastFixedScan),
    reopened: isReopened ? { first: scanTime(life, reopened), last: scanTime(life, reopened), times: 1 } : undefined,
    timesFound: Math.min(lastOpen, fixed - 1) - opened + 1 + (isReopened ? lastOpen - reopened + 1 : 0),
    ignored: seen >= ignoredFrom,
    disabled: vulnerability.disabled,
    qds: vulnerability.type === 'Info' ? undefined : Math.min(100, vulnerability.qds + (Math.floor(seen / 30) % 3)),
    affectsRunning: seed % 3 === 0,
    // What was read changes now and then, not with every scan.
    resultsSeed: hash(seed, Math.floor((seen + (seed % 40)) / 40), 0x2e5),
  };
}

function whereOf(slot: Slot): Pick<Detection, 'port' | 'protocol' | 'ssl' | 'fqdn' | 'instance'> {
  const { seed, vulnerability, round, host } = slot;
  const instance =
    round > 0 ? `instance-${round}` : !vulnerability.service && seed % 29 === 0 ? `ORA${seed % 5}` : undefined;
  if (!vulnerability.service) return { port: undefined, protocol: undefined, ssl: false, fqdn: undefined, instance };
  const port = TCP_PORTS[(vulnerability.qid + slot.portIndex) % TCP_PORTS.length]!;
  const ssl = SSL_PORTS.has(port);
  const fqdn = ssl && seed % 4 === 0 ? host.fqdn : undefined;
  return { port, protocol: seed % 23 === 0 ? 'udp' : 'tcp', ssl, fqdn, instance };
}

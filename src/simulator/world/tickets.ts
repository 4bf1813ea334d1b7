/**
 * Remediation tickets, numbered as they are opened. Ticket k is opened in the k-th stretch of time on a detection that
 * a host, drawn by k, has open then; what becomes of it follows from that detection and from what people do.
 *
 * A ticket's story is a list of steps, each at its time; state, status, assignee and the time of modification are what
 * the steps up to now leave. That the detection is found again is no step: it moves STATS, not the modification. Steps
 * that scans cause stand at the scan's processing time, when a list can show them.
 */
import type { Detection } from './detection.ts';
import type { Host } from './host.ts';
import { someLogin } from './people.ts';
import { dice, hash, int, roll } from './random.ts';
import { DAY, SECOND } from './time.ts';
import type { HostScan, World } from './world.ts';

export type TicketState = 'OPEN' | 'RESOLVED' | 'CLOSED' | 'IGNORED';

export interface TicketStep {
  /** Milliseconds since 1970, UTC, as every time here. */
  readonly at: number;
  readonly actor: string;
  readonly from: TicketState | undefined;
  readonly to: TicketState;
  readonly status: string;
  /** The new one, where it changed. */
  readonly assignee: string | undefined;
  /** Caused by a scan. */
  readonly byScan: boolean;
  readonly comment: string | undefined;
}

export interface Ticket {
  readonly number: number;
  readonly created: number;
  readonly due: number;
  readonly state: TicketState;
  readonly status: string;
  /** Its host is gone. */
  readonly invalid: boolean;
  readonly assignee: string;
  readonly modified: number;
  readonly host: Host;
  /** The last there was to see of the host. */
  readonly scan: HostScan;
  readonly detection: Detection;
  /** Oldest first. */
  readonly steps: readonly TicketStep[];
}

const FIRST_NUMBER = 4001;
const SPAN = 730 * DAY;
const TRIES = 6;
/** A host's detections looked at for a ticket; a giant host has far more. */
const LOOKED_AT = 60;

/** Tickets there are at `t`, in ascending number; `undefined` is a breath. */
export function* ticketsAt(world: World, t: number, fromNumber = 0): Generator<Ticket | undefined> {
  const start = world.epoch - SPAN;
  // One for every second host, fewer in a large subscription.
  const atEpoch = Math.max(4, Math.min(world.hosts / 2, 20_000 + world.hosts / 20));
  const gap = Math.floor(SPAN / atEpoch / SECOND) * SECOND;
  const last = Math.floor((t - start) / gap);
  let passed = 0;
  for (let k = Math.max(0, Math.floor((fromNumber - FIRST_NUMBER - 1) / 2)); k <= last; k++) {
    const number = FIRST_NUMBER + k * 2 + (hash(world.seed, k, 0x71c) % 2);
    const created = start + k * gap + (hash(world.seed, k, 0x71d) % (gap / SECOND)) * SECOND;
    if (number < fromNumber || created > t) continue;
    const ticket = makeTicket(world, k, number, created, t);
    if (ticket !== undefined) yield ticket;
    else if (++passed % 100 === 0) yield undefined;
  }
}

function makeTicket(world: World, k: number, number: number, created: number, t: number): Ticket | undefined {
  const found = subject(world, k, created);
  if (found === undefined) return undefined;
  const { host } = found;
  const seen = Math.min(t, host.life.purge - 1);
  const detection = detectionOf(world, host, found.detection.uniqueId, seen) ?? found.detection;
  const scan = world.scanOf(host.n, seen);
  if (scan === undefined) return undefined;
  const steps = stepsOf(world, { host, detection, created, k }, seen);
  const last = steps.at(-1)!;
  return {
    number,
    created,
    due: created + (6 - detection.vulnerability.severity) * 14 * DAY,
    state: last.to,
    status: last.status,
    invalid: t >= host.life.purge,
    assignee: steps.findLast((step) => step.assignee !== undefined)!.assignee!,
    modified: last.at,
    host,
    scan,
    detection,
    steps,
  };
}

/** The host and the open detection a ticket is opened for; a few draws may find none. */
function subject(world: World, k: number, at: number): { host: Host; detection: Detection } | undefined {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const h = hash(world.seed, k, 0x750 + attempt);
    const n = 1 + (h % world.hosts);
    if (world.scanOf(n, at) === undefined) continue;
    const host = world.host(n);
    const open: Detection[] = [];
    let looked = 0;
    for (const detection of world.detections(host, at)) {
      const { type, severity } = detection.vulnerability;
      if (type !== 'Info' && severity >= 3 && detection.status !== 'Fixed' && !detection.disabled) open.push(detection);
      if (++looked === LOOKED_AT) break;
    }
    const detection = open[(h >>> 8) % Math.max(1, open.length)];
    if (detection !== undefined) return { host, detection };
  }
  return undefined;
}

function detectionOf(world: World, host: Host, uniqueId: number, t: number): Detection | undefined {
  for (const detection of world.detections(host, t)) if (detection.uniqueId === uniqueId) return detection;
  return undefined;
}

interface Subject {
  readonly host: Host;
  readonly detection: Detection;
  readonly created: number;
  readonly k: number;
}

/** A step that happens only where the ticket is in one of the states `from`; `to` is absent when it changes hands. */
interface Chance {
  readonly at: number;
  readonly from: readonly TicketState[];
  readonly to?: TicketState;
  readonly status?: string;
  readonly byScan?: boolean;
}

const ANY: readonly TicketState[] = ['OPEN', 'RESOLVED', 'CLOSED'];

function stepsOf(world: World, subject: Subject, t: number): TicketStep[] {
  const first = someLogin(world, hash(world.seed, subject.k, 0xa55));
  const other = someLogin(world, hash(world.seed, subject.k, 0xa56));
  let state: TicketState = 'OPEN';
  let status = 'NEW';
  const opened = { at: subject.created, actor: 'Policy: severity <3 to 5>', from: undefined, to: state, status };
  const steps: TicketStep[] = [{ ...opened, assignee: first, byScan: false, comment: undefined }];
  const chances = [...turns(world, subject), ...decisions(world, subject)].sort((a, b) => a.at - b.at);
  for (const { at, from, byScan = false, ...next } of chances) {
    if (at > t) break;
    if (!from.includes(state)) continue;
    const to: TicketState = next.to ?? state;
    const assignee = to === state ? other : undefined;
    status = next.status ?? status;
    const comment = to === 'IGNORED' ? 'Risk accepted & signed <CISO>' : undefined;
    steps.push({ at, actor: byScan ? 'scanner' : first, from: state, to, status, assignee, byScan, comment });
    state = to;
  }
  return steps;
}

/** What people decide: to hand it on, to call it resolved, to ignore it; what was not resolved comes back. */
function decisions(world: World, { created, k }: Subject): Chance[] {
  const d = dice(hash(world.seed, k, 0x57e));
  const chances: Chance[] = [];
  if (roll(d) < 0.2) chances.push({ at: created + int(d, 1, 30) * DAY, from: ANY });
  if (roll(d) < 0.06) {
    chances.push({ at: created + int(d, 1, 40) * DAY, from: ANY, to: 'IGNORED', status: 'IGNORED' });
  }
  if (roll(d) < 0.3) {
    const at = created + int(d, 2, 60) * DAY;
    chances.push({ at, from: ['OPEN'], to: 'RESOLVED', status: 'RESOLVED' });
    const back = at + int(d, 3, 20) * DAY;
    chances.push({ at: back, from: ['RESOLVED'], to: 'OPEN', status: 'REOPENED', byScan: true });
  }
  return chances;
}

/** When scans showed the detection fixed and open again, after the ticket had been opened. */
function turns(world: World, { host, detection, created }: Subject): Chance[] {
  const { delay } = host.life;
  const chances: Chance[] = [];
  const fixed = (at: number | undefined): void => {
    if (at !== undefined) {
      chances.push({ at: at + delay, from: ['OPEN', 'RESOLVED'], to: 'CLOSED', status: 'FIXED', byScan: true });
    }
  };
  const reopened = detection.reopened?.first;
  if (reopened !== undefined) {
    // When it was fixed before that only an earlier look at the host still tells.
    fixed(detectionOf(world, host, detection.uniqueId, reopened)?.lastFixed);
    chances.push({ at: reopened + delay, from: ['CLOSED'], to: 'OPEN', status: 'REOPENED', byScan: true });
  }
  if (detection.status === 'Fixed') fixed(detection.lastFixed);
  return chances.filter(({ at }) => at > created);
}

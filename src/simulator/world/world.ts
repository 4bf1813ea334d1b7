/**
 * A subscription's facts, made from a seed. No host is held: host n, its scans and detections at time t are pure
 * functions of (seed, n, t), so a world of a million hosts costs what its vulnerability list costs.
 *
 * Mutable are three things only, all set by faults: hosts inserted between others, the lateness of processing, and how
 * much of it the user sees.
 */
import { type Detection, detectionsOf } from './detection.ts';
import {
  assetIdOf,
  type Host,
  idOf,
  insertionAt,
  lifeOfHost,
  makeHost,
  ordinalFrom,
  ordinalFromAsset,
  ordinalOf,
} from './host.ts';
import { birthGap, type Life, lastScan, NEVER, type Pace, processedTime, scanTime } from './life.ts';
import { createHandovers } from './machine.ts';
import { hash } from './random.ts';
import { makeVulnerabilities, type Vulnerability } from './vulnerabilities.ts';

/** 2026-11-20T00:00:00Z: when the world has the number of hosts asked for; before and after it lives. */
export const DEFAULT_EPOCH = Date.UTC(2026, 10, 20);

const MAX_EXTRA_QIDS = 200_000;

export interface WorldOptions {
  /** Hosts at the epoch, 1 to 1,000,000 and beyond. */
  readonly hosts: number;
  readonly seed?: number;
  /** Milliseconds since 1970, UTC; the default is DEFAULT_EPOCH. */
  readonly epoch?: number;
  /** Share of hosts purged, and a little more born, per day; 0.0015 by default. */
  readonly churn?: number;
  /** Detections the middle host starts with; up to a million. Without it no host is out of the ordinary. */
  readonly giant?: number;
  /** All scans of a day are processed in one second. */
  readonly sameSecond?: boolean;
  /** QIDs that hosts can have, a prime up to 4,999, which is the default. */
  readonly hostQids?: number;
  /** QIDs in the KnowledgeBase that no host has, up to 200,000; 500 by default. */
  readonly extraQids?: number;
  /** Hosts born after the epoch take over addresses, machines and images of earlier ones; for small worlds. */
  readonly handovers?: boolean;
}

/** What scanning says about a host at one time; all milliseconds since 1970, UTC. */
export interface HostScan {
  readonly scan: number;
  readonly scanned: number;
  readonly processed: number;
  readonly firstFound: number;
}

export interface World {
  readonly seed: number;
  readonly epoch: number;
  readonly hosts: number;
  /** Ordinal of the host with very many detections. */
  readonly giant: number | undefined;
  readonly vulnerabilities: readonly Vulnerability[];
  readonly extraQids: number;
  /** Ordinals in ascending order, listed hosts only, from an id on. */
  ordinals(t: number, fromId?: number): Generator<number>;
  /** The highest whole ordinal a host can have at `t`, listed or not. */
  lastOrdinal(t: number): number;
  /** Ordinals in ascending order, listed hosts only, from an asset id on. */
  ordinalsFromAsset(t: number, assetId: number): Generator<number>;
  idOf(n: number): number;
  ordinalOf(id: number): number | undefined;
  /** Undefined while the host is not listed: not yet scanned, purged, or never inserted. */
  scanOf(n: number, t: number): HostScan | undefined;
  host(n: number): Host;
  detections(host: Host, t: number, processedFrom?: number): Generator<Detection>;
  /** Puts a new host close before or after host `n`. */
  insertNear(n: number, side: 'before' | 'after'): void;
  /** Milliseconds between the processing time a scan carries and the moment lists show it. */
  setLateness(ms: number): void;
  /** Lets the user see so many hosts of a hundred, always the same ones. */
  setSight(percent: number): void;
  /** The machine a host is, named by the ordinal of its first host. */
  machineOf(n: number): number;
}

export function createWorld(options: WorldOptions): World {
  const pace: Pace = {
    seed: options.seed ?? 1,
    epoch: options.epoch ?? DEFAULT_EPOCH,
    hosts: options.hosts,
    churn: options.churn ?? 0.0015,
    sameSecond: options.sameSecond ?? false,
  };
  const extraQids = options.extraQids ?? 500;
  if (!(Number.isInteger(extraQids) && extraQids >= 0 && extraQids <= MAX_EXTRA_QIDS)) {
    throw new RangeError(`extraQids: ${extraQids}`);
  }
  const vulnerabilities = makeVulnerabilities(pace.seed, options.hostQids);
  const ground = { seed: pace.seed, epoch: pace.epoch, lateness: 0, vulnerabilities };
  let sight = 100;
  const giant = options.giant === undefined ? undefined : Math.ceil(pace.hosts / 2);
  const inserted = new Set<number>();

  const lifeFor = (n: number): Life => {
    const life = lifeOfHost(pace, Math.floor(n));
    return n === giant ? { ...life, purge: NEVER } : life;
  };
  const lastOrdinal = (t: number): number =>
    pace.hosts + (t < pace.epoch || pace.churn === 0 ? 0 : Math.floor((t - pace.epoch) / birthGap(pace)));

  const scanOf = (n: number, t: number): HostScan | undefined => {
    if (n !== Math.floor(n) && !inserted.has(n)) return undefined;
    if (n < 0.5 || n >= lastOrdinal(t) + 1) return undefined;
    if (sight < 100 && hash(pace.seed, Math.floor(n), 0x5ee) % 100 >= sight) return undefined;
    const life = lifeFor(n);
    if (t < life.birth || t >= life.purge) return undefined;
    const scan = lastScan(life, t, ground.lateness);
    if (scan < 0) return undefined;
    return {
      scan,
      scanned: scanTime(life, scan),
      processed: processedTime(life, scan),
      firstFound: scanTime(life, 0),
    };
  };

  function* ordinals(t: number, fromId = 0): Generator<number> {
    const last = lastOrdinal(t);
    const first = ordinalFrom(pace.seed, fromId);
    // A host inserted before the first whole one may still lie behind `fromId`.
    if (inserted.has(first - 0.5) && idOf(pace.seed, first - 0.5) >= fromId && scanOf(first - 0.5, t))
      yield first - 0.5;
    for (let n = first; n <= last; n++) {
      if (scanOf(n, t) !== undefined) yield n;
      if (inserted.size > 0 && inserted.has(n + 0.5) && scanOf(n + 0.5, t)) yield n + 0.5;
    }
  }

  function* ordinalsFromAsset(t: number, assetId: number): Generator<number> {
    // A host inserted before the first whole one has an asset id between theirs.
    const before = Math.max(0, ordinalFromAsset(assetId) - 1);
    for (const n of ordinals(t, before === 0 ? 0 : idOf(pace.seed, before))) if (assetIdOf(n) >= assetId) yield n;
  }

  const alone = (n: number): Host => makeHost(pace.seed, n, lifeFor(n), n === giant ? options.giant : undefined);
  const handovers = options.handovers === true ? createHandovers(pace.seed, pace.hosts, alone) : undefined;
  const machineOf = (n: number): number => {
    const handover = handovers?.of(n);
    return handover?.kind === 'again' || handover?.kind === 'second' ? handover.from : n;
  };

  return {
    seed: pace.seed,
    epoch: pace.epoch,
    hosts: pace.hosts,
    giant,
    vulnerabilities,
    extraQids,
    ordinals,
    ordinalsFromAsset,
    lastOrdinal,
    idOf: (n) => idOf(pace.seed, n),
    ordinalOf: (id) => ordinalOf(pace.seed, id),
    scanOf,
    host: handovers === undefined ? alone : (n) => handovers.apply(alone(n), alone),
    detections: (host, t, processedFrom) => detectionsOf(ground, host, t, processedFrom),
    insertNear: (n, side) => {
      inserted.add(insertionAt(n, side));
    },
    setLateness: (ms) => {
      ground.lateness = ms;
    },
    setSight: (percent) => {
      sight = percent;
    },
    machineOf,
  };
}

/**
 * The kill harness: a simulator and a collector, each a process of its own; the collector is killed with SIGKILL again and
 * again, started again on the same data directory, and in the end let finish. Then its sink is held against the truth.
 *
 * Where it is killed. The collector's observer announces every phase on a pipe and marks it in a file. For most kills the
 * parent chooses the phase hit least so far, waits for it to be announced a few times, waits a random part of a few milliseconds more, and
 * sends the signal; the others come at a random time after the start. The mark left in the file says where the kill hit;
 * a mark older than `IDLE_MS` counts as idle, no mark as starting. Nothing in the child knows of the kill.
 *
 * Between kills the world lives: time passes at the simulator, in mid-pull too, so hosts are scanned, purged and born;
 * the collector's schedule runs fast, so incremental pulls, sweeps of ids, full sweeps and clean-ups all happen.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phase } from '../../../src/collector/observer.ts';
import { datasets } from '../../../src/datasets/registry.gen.ts';
import { DEFAULT_EPOCH } from '../../../src/simulator/index.ts';
import { CASES } from '../../contracts/cases.ts';
import { type CollectorChild, type SimulatorChild, startCollectorChild, startSimulatorChild } from './children.ts';
import { readSink } from './events.ts';
import { type CollectorEnd, type CollectorSettings, PHASE_CODES, PHASES, phaseOf } from './protocol.ts';
import { type Expected, isClean, judge, keysOf, outOf, type Verdict } from './verdict.ts';

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  readonly hosts: number;
  /** QIDs that hosts can have, a prime. */
  readonly hostQids?: number;
  /** Phases to aim at, the one hit least so far first. */
  readonly aims: readonly Phase[];
  /** Killing goes on until each of them was hit so often, for up to twice as many kills. */
  readonly hitsEach?: number;
  /** Share of the kills that are not aimed: any moment after the start. */
  readonly unaimed: number;
  /** Schedule and page sizes of the data sets; what `CASES` says of them is added. */
  readonly datasets: Readonly<Record<string, object>>;
  /** The world's time moves between kills, by up to this (milliseconds). */
  readonly advanceUpTo: number;
  /** Modules loaded into the collector before its own. */
  readonly preload?: readonly string[];
  /** Done to the folder before each start. */
  readonly beforeStart?: (dir: string) => Promise<void>;
  /** How long a phase that was aimed at is waited for after the start, milliseconds. */
  readonly patience?: number;
  /** Sinks beside the files. */
  readonly sinks?: Readonly<Record<string, object>>;
  /** Looks at the files, and at what the other sinks hold, at the end. */
  readonly inspect?: (out: string) => Promise<void>;
  /** How long what is settled is kept, milliseconds; not at all where absent. */
  readonly retention?: number;
  /** Looks at the data directory at the end. */
  readonly inspectData?: (dir: string) => Promise<void>;
  /** Also bring the world to rest with full sweeps and hold the content against an uninterrupted run. */
  readonly thorough: boolean;
}

export type Hit = Phase | 'idle' | 'starting';

export interface KillReport {
  readonly seed: number;
  readonly hits: Readonly<Record<Hit, number>>;
  /** After everything due was pulled and delivered: nothing may be lost, whatever later sweeps would heal. */
  readonly first: Verdict;
  /** After full sweeps, against an uninterrupted run. */
  readonly last: Verdict | undefined;
  /** Errors the collector logged, and ends it came to by itself. */
  readonly errors: readonly string[];
  readonly events: number;
  /** What exists at the end, by data set. */
  readonly truth: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** The data directory; gone when nothing was wrong. */
  readonly dir: string;
}

/** Collector's minutes per real second, in the schedule's time. */
const SPEED = 1200;
const IDLE_MS = 50;
/** Usual patience with a phase that was aimed at, once the collector has started. */
const PATIENCE_MS = 2000;
/** A start takes a second, or many on a busy machine. */
const START_MS = 60_000;
/** A kill comes up to this long after its phase was announced: about as long as the phase lasts. */
const SPREAD_MS: Readonly<Record<Phase, number>> = {
  download: 15,
  stage: 3,
  commit: 5,
  send: 3,
  settle: 3,
  'clean-up': 3,
};
const CONNECTION = 'kill';
const DAY = 86_400_000;

export async function killAgainAndAgain(options: KillOptions): Promise<KillReport> {
  const began = performance.now();
  const random = randomFrom(options.seed);
  const dir = await mkdtemp(join(tmpdir(), 'quarry-kill-'));
  const world = { hosts: options.hosts, ...(options.hostQids === undefined ? {} : { hostQids: options.hostQids }) };
  const simulator = await startSimulatorChild({ ...world, seed: options.seed, churn: 0.01, frozen: true });
  // Never behind the world: what lies ahead of a collector's clock is not asked for in windows.
  const start = DEFAULT_EPOCH + options.kills * options.advanceUpTo + DAY;
  const schedule = { start, since: Date.now() };
  const hits = Object.fromEntries([...PHASES, 'idle', 'starting'].map((hit) => [hit, 0])) as Record<Hit, number>;
  const errors: string[] = [];
  let good = false;
  const wanted = Object.fromEntries(
    Object.entries(options.datasets).map(([name, one]) => [name, { ...CASES[name]?.options, ...one }]),
  );

  const settingsFor = (folder: string, run: CollectorSettings['run']): CollectorSettings => {
    const now = Date.now();
    const speed = run === 'forever' ? SPEED : 1;
    const clock = { start: schedule.start + (now - schedule.since) * SPEED, since: now, speed };
    return {
      config: configText(simulator, folder, wanted, folder === dir ? options.sinks : undefined),
      clock,
      marks: join(folder, 'phase'),
      run,
      ...(options.retention === undefined ? {} : { retention: options.retention }),
    };
  };

  async function finish(folder: string, run: 'once' | 'sweep'): Promise<CollectorEnd> {
    const child = startCollectorChild(settingsFor(folder, run), options.preload);
    child.announcements.resume();
    const { code, end } = await child.ended;
    errors.push(...errorsOf(child));
    if (code !== 0 || end === undefined)
      throw new Error(`the collector ended with ${code}:\n${child.log().join('\n')}`);
    errors.push(...end.imbalances, ...end.stopped, ...end.failedPulls);
    return end;
  }

  try {
    const isMissed = (): boolean => options.aims.some((aim) => hits[aim] < (options.hitsEach ?? 0));
    for (let kill = 0; kill < options.kills || (kill < options.kills * 2 && isMissed()); kill++) {
      await options.beforeStart?.(dir);
      const least = [...options.aims].sort((a, b) => hits[a] - hits[b])[0];
      const aim = random() < options.unaimed ? undefined : least;
      const child = startCollectorChild(settingsFor(dir, 'forever'), options.preload);
      if (kill === 0) await limitsKnown(simulator, child, Object.keys(wanted));
      const patience = kill === 0 ? 30_000 : (options.patience ?? PATIENCE_MS);
      const killedAt = await killAt(child, aim, patience, Object.keys(wanted).length, random);
      errors.push(...errorsOf(child));
      if (killedAt === undefined) throw new Error(`kill ${kill}: it had ended by itself:\n${child.log().join('\n')}`);
      hits[await whereHit(join(dir, 'phase'), killedAt)]++;
      await rm(join(dir, 'phase'), { force: true });
      if (kill < options.kills && options.advanceUpTo > 0 && random() < 0.8)
        await simulator.advance(Math.floor(random() * options.advanceUpTo));
    }
    await options.beforeStart?.(dir);
    await finish(dir, 'once');
    // What a pull had read before the world moved on is as old as that pull: one that begins now reads the rest.
    if (options.advanceUpTo > 0) await finish(dir, 'once');
    const collected = (await simulator.truth()).filter(({ dataset }) => dataset in wanted);
    const keys = keysOf(collected, simulator.username);
    const truth = Object.fromEntries(Object.keys(wanted).map((name) => [name, keys.get(name)?.size ?? 0]));
    const first = await judge(dir, outOf(dir), CONNECTION, { keys, mayHaveExtra: true });
    const last = options.thorough ? await settleDown(keys) : undefined;
    const streams = await readSink(outOf(dir), CONNECTION);
    await options.inspect?.(join(outOf(dir), CONNECTION));
    await options.inspectData?.(dir);
    const events = [...streams.values()].reduce((sum, { lines }) => sum + lines, 0);
    const seconds = (performance.now() - began) / 1000;
    good = errors.length === 0 && isClean(first) && (last === undefined || isClean(last));
    return { seed: options.seed, hits, first, last, errors, events, truth, seconds, dir };
  } finally {
    await simulator.close();
    if (good) await rm(dir, { recursive: true, force: true });
  }

  /** Full sweeps until none is held, then the same world read once by a collector that nobody kills. */
  async function settleDown(keys: Expected['keys']): Promise<Verdict> {
    for (let sweep = 0; sweep < 3; sweep++) if ((await finish(dir, 'sweep')).held === 0) break;
    const fresh = join(dir, 'uninterrupted');
    await mkdir(fresh);
    await finish(fresh, 'once');
    const reference = await readSink(outOf(fresh), CONNECTION);
    return judge(dir, outOf(dir), CONNECTION, { keys, mayHaveExtra: false, reference });
  }
}

/**
 * Waits until as many endpoints have answered as the data sets ask: a first call cut short holds the only place there is
 * until a minute has passed.
 */
async function limitsKnown(simulator: SimulatorChild, child: CollectorChild, names: readonly string[]): Promise<void> {
  const commits = announced(child, 'commit', 8, 30_000);
  const asked = new Set(names.map((name) => endpointOf(name)));
  for (const until = Date.now() + 30_000; Date.now() < until && child.process.exitCode === null; await sleep(10)) {
    const { byEndpoint } = await simulator.counters();
    if (Object.values(byEndpoint).filter((answers) => (answers['200'] ?? 0) > 0).length >= asked.size) break;
  }
  await commits;
}

/** The path of a data set's call, without its version. */
function endpointOf(name: string): string {
  const facts = datasets.get(name)!;
  const { path } = facts.records(facts.options.parse({}) as never, { pageSize: 1 });
  return path.replace(/\/(\{version\}|\d\.\d)(?=\/)/, '');
}

/** Kills a child where it was aimed at; resolves with when, or undefined where it had ended before. */
async function killAt(
  child: CollectorChild,
  aim: Phase | undefined,
  patience: number,
  streams: number,
  random: () => number,
): Promise<number | undefined> {
  if (aim === undefined) await Promise.race([sleep(random() * 1000), child.ended]);
  else {
    // With many streams the quick ones would always be first, and the slow ones never get through.
    const times = aim === 'clean-up' ? 1 : 1 + Math.floor(random() * 2 * streams);
    await announced(child, aim, times, patience);
    spin(random() * SPREAD_MS[aim]);
  }
  if (child.process.exitCode !== null) return undefined;
  const at = performance.timeOrigin + performance.now();
  child.process.kill('SIGKILL');
  child.announcements.resume();
  await child.ended;
  return child.process.signalCode === 'SIGKILL' ? at : undefined;
}

/**
 * Resolves when the child has announced a phase so many times, has ended, or the patience is over. That begins with the
 * first thing announced, and lasts longer where the start took long: what is killed while it starts hits no phase.
 */
async function announced(child: CollectorChild, phase: Phase, times: number, patience: number): Promise<void> {
  let left = times;
  const began = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, START_MS);
    child.announcements.once('data', () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, Math.max(patience, 2 * (performance.now() - began)));
    });
    child.announcements.on('data', (codes: Buffer) => {
      for (const code of codes) if (code === PHASE_CODES[phase]) left--;
      if (left <= 0) resolve();
    });
  });
  await Promise.race([enough, child.ended]);
  clearTimeout(timer);
  child.announcements.removeAllListeners('data').resume();
}

async function whereHit(marks: string, killedAt: number): Promise<Hit> {
  const mark = await readFile(marks).catch(() => Buffer.alloc(0));
  const phase = mark.length === 0 ? undefined : phaseOf(mark[0]!);
  if (phase === undefined) return 'starting';
  return killedAt - mark.readDoubleLE(1) > IDLE_MS ? 'idle' : phase;
}

const errorsOf = (child: CollectorChild): string[] => child.log().filter((line) => !line.startsWith('{"level":"warn"'));

function configText(
  simulator: SimulatorChild,
  dir: string,
  datasets: KillOptions['datasets'],
  sinks: KillOptions['sinks'] = {},
): string {
  return JSON.stringify({
    data_dir: dir,
    server: false,
    connections: {
      [CONNECTION]: {
        api_url: simulator.url,
        username: simulator.username,
        password: simulator.password.replaceAll('$', '$$$$'),
        datasets,
      },
    },
    sinks: { archive: { type: 'file', path: outOf(dir), rotate: 2_000_000 }, ...sinks },
  });
}

/** Waits on the processor: timers are too coarse for the inside of a phase. */
function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

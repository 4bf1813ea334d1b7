import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunOptions, type RunSummary, runCollector } from '../../src/collector/collector.ts';
import { type Observer, silentObserver } from '../../src/collector/observer.ts';
import { listQuarantined, listStreams, openOutbox, type StreamState } from '../../src/collector/port.ts';
import { wire } from '../../src/collector/wire.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Log } from '../../src/core/log.ts';
import { presets } from '../../src/datasets/presets.ts';
import { datasets } from '../../src/datasets/registry.gen.ts';
import type { Timeouts } from '../../src/qualys/call-timer.ts';
import { type Simulator, type SimulatorOptions, startSimulator, truthLines } from '../../src/simulator/index.ts';
import { sinks } from '../../src/sinks/registry.gen.ts';
import { scaled } from './scale.ts';
import { type TestClock, testClock } from './test-clock.ts';

/** How long delivery may take, in the rig's own fast time: minutes of a busy machine's. It ends when nothing waits. */
const DELIVERY_MS = 12 * 3_600_000;

/** For worlds whose KnowledgeBase is read beside other things: thousands of entries take long and say no more. */
export const hostQids = scaled('QIDs of a KnowledgeBase', { quick: 499, full: 4999 });

/** A line of the file sink. */
export interface Line {
  readonly id: string;
  readonly seq: number;
  readonly dataset: string;
  readonly tenant: string;
  readonly connection: string;
  readonly pulling_id: string;
  readonly time?: string;
  readonly change: 'new' | 'updated' | 'removed';
  readonly reason?: string;
  readonly flags?: readonly string[];
  readonly key: readonly string[];
  readonly record: Record<string, unknown>;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Rig {
  readonly dir: string;
  readonly simulator: Simulator;
  readonly clock: TestClock;
  /** Log lines of all runs so far. */
  readonly logged: LogLine[];
  /** The configuration as an object; change it between runs. */
  config: Record<string, unknown>;
  /** Runs the collector with `once`, in this process, over the configuration as it is now. */
  run(options?: Partial<RunOptions> & RunExtras): Promise<RunSummary>;
  /** What the file sink holds, in order. */
  lines(dataset: string, connection?: string): Promise<Line[]>;
  /** Keys of what the simulator holds now, from its generator. */
  truth(dataset: string): Set<string>;
  state(dataset?: string, connection?: string): Promise<StreamState>;
  quarantined(): Promise<Awaited<ReturnType<typeof listQuarantined>>>;
  /** A day, or so many milliseconds, for the world and for the collector. */
  pass(ms?: number): void;
  close(): Promise<void>;
}

interface RunExtras {
  readonly timeouts?: Partial<Timeouts>;
  readonly only?: readonly string[];
  readonly observer?: Observer;
}

export interface RigOptions extends Partial<SimulatorOptions> {
  readonly speed?: number;
  /** Options of the one connection `acme`. */
  readonly connection?: Record<string, unknown>;
  /** Data sets with their options; host list detection alone when not given. */
  readonly datasets?: Record<string, unknown>;
  /** Limits run by the collector's clock, not by the machine's. */
  readonly sharedClock?: boolean;
}

export const DAY = 86_400_000;

/** A simulator and a collector over a temporary folder. Close it. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { speed = 500, connection = {}, datasets: wanted, sharedClock, ...world } = options;
  const dir = await mkdtemp(join(tmpdir(), 'quarry-rig-'));
  const clock = testClock(speed);
  const simulator = await startSimulator({ hosts: 20, ...world, ...(sharedClock === true ? { clock } : {}) });
  const logged: LogLine[] = [];
  const rig: Rig = {
    dir,
    simulator,
    clock,
    logged,
    config: {
      data_dir: join(dir, 'data'),
      server: false,
      connections: { acme: connectionTo(simulator, wanted ?? { host_list_detection: {} }, connection) },
      sinks: { archive: { type: 'file', path: join(dir, 'out') } },
    },
    run: async ({ timeouts, only, observer = silentObserver, ...run } = {}) => {
      const config = loadConfig({ text: JSON.stringify(rig.config), env: {}, cwd: dir, datasets, sinks, presets });
      const log = recordingLog(logged);
      const wired = await wire({ config, clock, log, observer, version: 'test', timeouts, only });
      try {
        const never = new AbortController().signal;
        const usual = { once: true, sweep: false, timeout: DELIVERY_MS, finish: never, now: never };
        return await runCollector(wired.parts, { ...usual, ...run });
      } finally {
        await wired.close();
      }
    },
    lines: (dataset, id = 'acme') => readLines(join(dir, 'out', id, dataset)),
    truth: (dataset) => {
      const keys = new Set<string>();
      for (const text of truthLines(simulator.world, simulator.now(), simulator.activity, new Set([dataset])))
        keys.add(keyText((JSON.parse(text) as { key: string[] }).key));
      return keys;
    },
    state: async (dataset = 'host_list_detection', id = 'acme') => {
      const outbox = await openOutbox({ dataDir: join(dir, 'data'), readOnly: true }, Date.now());
      try {
        return (await listStreams(outbox.store)).find((one) => one.dataset === dataset && one.connection === id)!;
      } finally {
        await outbox.close();
      }
    },
    quarantined: async () => {
      const outbox = await openOutbox({ dataDir: join(dir, 'data'), readOnly: true }, Date.now());
      try {
        return await listQuarantined(outbox);
      } finally {
        await outbox.close();
      }
    },
    pass: (ms = DAY) => {
      simulator.advance(ms);
      clock.advance(ms);
    },
    close: async () => {
      await simulator.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return rig;
}

export const connectionTo = (
  { url, username, password }: Pick<Simulator, 'url' | 'username' | 'password'>,
  wanted: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Record<string, unknown> => ({
  api_url: url,
  username,
  password: password.replaceAll('$', '$$$$'),
  datasets: wanted,
  ...more,
});

export const keyText = (key: readonly string[]): string => key.join('|');

/** The lines of a data set's files; throws on a line that is not whole. */
export async function readLines(folder: string): Promise<Line[]> {
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.ndjson')).sort();
  const lines: Line[] = [];
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8');
    if (text !== '' && !text.endsWith('\n')) throw new Error(`${file} ends in the middle of a line`);
    for (const line of text.split('\n').slice(0, -1)) lines.push(JSON.parse(line) as Line);
  }
  return lines;
}

/** The newest event of each key that is not removed, by `seq`. */
export function newest(lines: readonly Line[]): Map<string, Line> {
  const last = new Map<string, Line>();
  for (const line of lines) {
    const before = last.get(keyText(line.key));
    if (before === undefined || before.seq < line.seq) last.set(keyText(line.key), line);
  }
  for (const [key, line] of last) if (line.change === 'removed') last.delete(key);
  return last;
}

/** Ids that came more than once. */
export function repeated(lines: readonly Line[]): string[] {
  const times = new Map<string, number>();
  for (const { id } of lines) times.set(id, (times.get(id) ?? 0) + 1);
  return [...times].flatMap(([id, n]) => (n > 1 ? [id] : []));
}

/** A difference of two sets of keys, for messages a person can read. */
export function difference(have: Iterable<string>, want: Iterable<string>): { missing: string[]; extra: string[] } {
  const has = new Set(have);
  const wants = new Set(want);
  return {
    missing: [...wants].filter((key) => !has.has(key)),
    extra: [...has].filter((key) => !wants.has(key)),
  };
}
export const SAME = { missing: [], extra: [] };

/** A log that keeps its lines. */
export function recordingLog(lines: LogLine[], shared: Record<string, unknown> = {}): Log {
  const at =
    (level: string) =>
    (msg: string, fields: Record<string, unknown> = {}): void => {
      lines.push({ level, msg, ...shared, ...fields });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLog(lines, { ...shared, ...fields }),
  };
}

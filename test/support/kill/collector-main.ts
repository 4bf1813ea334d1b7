/**
 * A real collector in a process of its own, to be killed: `collector-main.ts SETTINGS-AS-JSON`. It is wired as
 * `quarry run` wires it; only its observer is the test's (it marks the phase in a file and announces it on a pipe), the
 * clock of its schedule runs fast, and nothing settled is kept unless the settings say so, so that there is something to clean up.
 */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { runCollector } from '../../../src/collector/collector.ts';
import type { Observer } from '../../../src/collector/observer.ts';
import { datasets, presets, sinks } from '../../../src/collector/port.ts';
import { wire } from '../../../src/collector/wire.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { type Clock, fastClock, systemClock } from '../../../src/core/clock.ts';
import type { Log } from '../../../src/core/log.ts';
import {
  ANNOUNCE_FD,
  type CollectorEnd,
  type CollectorSettings,
  MARK_BYTES,
  PHASE_CODES,
  type VirtualTime,
} from './protocol.ts';

// What is killed cannot keep its compiled modules when it ends.
flushCompileCache();

const settings = JSON.parse(process.argv[2] ?? '{}') as CollectorSettings;
const marks = openSync(settings.marks, 'w');
const mark = Buffer.alloc(MARK_BYTES);

const observer: Observer = {
  phase: (phase) => {
    mark[0] = PHASE_CODES[phase];
    mark.writeDoubleLE(performance.timeOrigin + performance.now(), 1);
    writeSync(marks, mark, 0, MARK_BYTES, 0);
    writeSync(ANNOUNCE_FD, mark, 0, 1);
  },
  progress: () => {},
};

/** Warnings and errors go to standard error, where the parent reads them. */
const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (msg, fields) => process.stderr.write(`${JSON.stringify({ level: 'warn', msg, ...fields })}\n`),
  error: (msg, fields) => process.stderr.write(`${JSON.stringify({ level: 'error', msg, ...fields })}\n`),
  child: () => log,
};

/** For a schedule: long waits go by at the clock's speed; short ones (looking again, trying again) take real time. */
function clockOf({ start, since, speed }: VirtualTime): Clock {
  const fast = fastClock(speed, start + (Date.now() - since) * speed);
  if (settings.allByClock === true) return fast;
  return { ...fast, sleep: (ms, signal) => (ms <= 2000 ? systemClock : fast).sleep(ms, signal) };
}

const clock = clockOf(settings.clock);
const { parts, close } = await wire({
  config: loadConfig({ text: settings.config, env: {}, cwd: process.cwd(), datasets, sinks, presets }),
  clock: settings.allByClock === true ? clock : systemClock,
  log,
  observer,
  version: 'test',
  ...(settings.worker === undefined ? {} : { worker: { name: settings.worker.name }, leaseTtl: settings.worker.ttl }),
});
const never = new AbortController().signal;
const finish = new AbortController();
process.once('SIGTERM', () => finish.abort());
const summary = await runCollector(
  { ...parts, clock, retention: settings.retention ?? 0 },
  {
    once: settings.run !== 'forever',
    sweep: settings.run === 'sweep',
    timeout: 120_000 * settings.clock.speed,
    finish: finish.signal,
    now: never,
  },
);
await close();
const end: CollectorEnd = {
  imbalances: summary.imbalances.map(({ what, left, right }) => `${what}: ${left} ≠ ${right}`),
  stopped: [...summary.stopped].map(([stream, error]) => `${stream}: ${error.code} ${error.message}`),
  held: summary.reports.filter(({ heldSweep }) => heldSweep !== undefined).length,
  failedPulls: summary.reports.flatMap(({ stream, error }) =>
    error === undefined ? [] : [`${stream}: ${error.code} ${error.message}`],
  ),
  hwmMb: peakMemory(),
};
process.stdout.write(`${JSON.stringify(end)}\n`);

/** The most memory the process ever had resident, in MiB: VmHWM where there is /proc. */
function peakMemory(): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

/**
 * Sync time: how much longer a first full reading takes than Qualys's limits demand. A simulated subscription and the
 * whole collector, each a process of its own, on clocks that run fast; the simulator's record of calls is the figure.
 *
 * The least time N calls can take is arithmetic: a call starts when a slot is free and when the call `limit` places
 * before it has left the window. Work between calls that leaves a slot idle, a wait nobody demanded, an unused call at
 * the end of a window: all of it shows as a longer time. Real milliseconds of the machine count `speed` times, so the
 * figure is a lower bound of what happens at Qualys, where a second lasts a second.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCollectorChild, startSimulatorChild } from '../test/support/kill/children.ts';

export interface SyncTimeOptions {
  readonly dataset: 'host_list' | 'host_list_detection';
  readonly hosts: number;
  readonly pageSize: number;
  readonly limits: { readonly limit: number; readonly windowSec: number; readonly concurrency: number };
  /** How long Qualys works on a call, virtual milliseconds. */
  readonly serviceMs: number;
  readonly speed: number;
}

export interface SyncTime {
  readonly calls: number;
  /** Virtual milliseconds from the first call's start to the last one's end. */
  readonly tookMs: number;
  readonly leastMs: number;
  /** leastMs / tookMs: 1 is perfect. */
  readonly share: number;
  /** Refused calls: foretold by headers, all of them, since nobody else calls. */
  readonly refused: number;
  readonly maxRunning: number;
  readonly maxInWindow: number;
  /** Calls per virtual hour since the first. */
  readonly perHour: readonly number[];
  readonly errors: readonly string[];
}

const ENDPOINTS = { host_list: '/api/fo/asset/host/', host_list_detection: '/api/fo/asset/host/vm/detection/' };
const HOUR = 3_600_000;

export async function syncTime(options: SyncTimeOptions): Promise<SyncTime> {
  const { dataset, hosts, pageSize, limits, serviceMs, speed } = options;
  const dir = await mkdtemp(join(tmpdir(), 'quarry-sync-'));
  const time = { start: Date.UTC(2026, 10, 20), since: Date.now(), speed };
  const simulator = await startSimulatorChild({ hosts, limits, serviceMs, frozen: true, time });
  try {
    const { url, username, password } = simulator;
    const datasets = { [dataset]: { page_size: pageSize, every: '30d' } };
    const config = {
      data_dir: dir,
      server: false,
      connections: { acme: { api_url: url, username, password: password.replaceAll('$', '$$$$'), datasets } },
      sinks: { archive: { type: 'file', path: join(dir, 'out') } },
    };
    const child = startCollectorChild({
      config: JSON.stringify(config),
      clock: time,
      allByClock: true,
      marks: join(dir, 'phase'),
      run: 'once',
    });
    child.announcements.resume();
    const { end } = await child.ended;
    const { refused, recent, extremes } = await simulator.counters();
    const starts = recent.filter(({ endpoint }) => endpoint === ENDPOINTS[dataset]).map(({ at }) => at);
    starts.sort((a, b) => a - b);
    const first = starts[0] ?? Number.NaN;
    const tookMs = (starts.at(-1) ?? Number.NaN) + serviceMs - first;
    const leastMs = leastTime(starts.length, options);
    const perHour: number[] = [];
    for (const at of starts) {
      const hour = Math.floor((at - first) / HOUR);
      perHour[hour] = (perHour[hour] ?? 0) + 1;
    }
    const most = Object.entries(extremes).find(([key]) => key.endsWith(` ${ENDPOINTS[dataset]}`))?.[1];
    return {
      calls: starts.length,
      tookMs,
      leastMs,
      share: leastMs / tookMs,
      refused: Object.values(refused).reduce((sum, n) => sum + n, 0),
      maxRunning: most?.maxRunning ?? 0,
      maxInWindow: most?.maxInWindow ?? 0,
      perHour,
      errors: [...child.log(), ...(end === undefined ? ['the collector did not end well'] : end.stopped)],
    };
  } finally {
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** The least time so many calls can take under the limits, milliseconds. */
export function leastTime(calls: number, { limits, serviceMs }: Pick<SyncTimeOptions, 'limits' | 'serviceMs'>): number {
  const starts: number[] = [];
  for (let call = 0; call < calls; call++) {
    const slot = (starts[call - limits.concurrency] ?? -serviceMs) + serviceMs;
    const window = (starts[call - limits.limit] ?? -limits.windowSec * 1000) + limits.windowSec * 1000;
    starts.push(Math.max(slot, window, 0));
  }
  return (starts.at(-1) ?? 0) + serviceMs;
}

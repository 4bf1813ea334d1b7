import type { Happening, Sums } from '../../collector/happening.ts';
import type { PullReport } from '../../collector/report.ts';
import type { Clock } from '../../core/clock.ts';

/** One pull with the delivery of its events. */
interface Cycle {
  readonly pull: number;
  /** When it was begun: wall clock, and a clock that is never set. */
  readonly at: number;
  readonly began: number;
  sums: Sums;
  /** By output. */
  readonly delivered: Map<string, number>;
  readonly settled: Map<string, number>;
  report: PullReport | undefined;
}

export interface Cycles {
  began(pull: number): void;
  page(happening: Extract<Happening, { kind: 'page' }>): void;
  ended(report: PullReport): void;
  settled(happening: Extract<Happening, { kind: 'settled' }>): void;
  /** A write is over: says what it has brought. */
  wrote(): void;
}

/** Cycles that wait for their delivery; older ones are given up, and their statistics with them. */
const MOST = 1000;

interface Counted {
  /** Undefined where none of the outputs is Devo's. */
  readonly service: string | undefined;
  /** Sinks that what was sent is counted at. */
  readonly outputs: readonly string[];
}

/** The statistics of one stream: what was sent is what all outputs are known to have. */
export function createCycles(
  { service, outputs }: Counted,
  say: (message: string) => void,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): Cycles {
  const open = new Map<number, Cycle>();
  const total = new Map<string, number>();
  /** Cycles that deliveries were counted for since something was said. */
  const touched = new Set<Cycle>();
  let said = 0;
  const least = (counts: ReadonlyMap<string, number>): number =>
    outputs.length === 0 ? 0 : Math.min(...outputs.map((output) => counts.get(output) ?? 0));

  function statistics(cycle: Cycle, partial: boolean): void {
    const { requests, received, unchanged } = cycle.report ?? cycle.sums;
    const sent = least(cycle.delivered);
    const seconds = Math.max(0.001, (clock.monotonic() - cycle.began) / 1000);
    say(
      `${partial ? '(Partial) ' : ''}Statistics for this pull cycle (@devo_pulling_id=${cycle.pull}):` +
        `Number of requests made: ${requests}; Number of events received: ${received}; ` +
        `Number of duplicated events filtered out: ${unchanged}; Number of events generated and sent: ${sent}; ` +
        `Average of events per second: ${(sent / seconds).toFixed(3)}.`,
    );
  }

  function endIfDone(cycle: Cycle): void {
    const { report } = cycle;
    if (report === undefined) return;
    if (outputs.length > 0 && least(cycle.settled) < report.emitted + report.removed) return;
    statistics(cycle, false);
    say('The data is up to date!');
    open.delete(cycle.pull);
  }

  function wrote(): void {
    const now = least(total);
    if (now > said) {
      if (service !== undefined) say(`Sent ${now - said} ${service} events to Devo.`);
      for (const cycle of touched) if (least(cycle.delivered) > 0) statistics(cycle, true);
    }
    said = now;
    for (const cycle of touched) endIfDone(cycle);
    touched.clear();
  }

  return {
    began: (pull) => {
      const sums = { requests: 0, received: 0, unchanged: 0, emitted: 0 };
      const times = { at: clock.now(), began: clock.monotonic() };
      open.set(pull, { pull, ...times, sums, delivered: new Map(), settled: new Map(), report: undefined });
      const [oldest] = open.keys();
      if (open.size > MOST && oldest !== undefined) open.delete(oldest);
    },
    page: ({ pull, requests, received, unchanged, emitted }) => {
      const cycle = open.get(pull);
      if (cycle !== undefined) cycle.sums = { requests, received, unchanged, emitted };
    },
    ended: (report) => {
      const cycle = open.get(report.pull);
      if (cycle === undefined) return;
      if (report.outcome !== 'complete') {
        // It goes on with the next pull, under the same number: what comes of it now is said and not counted.
        open.delete(report.pull);
        return;
      }
      cycle.report = report;
      endIfDone(cycle);
    },
    settled: ({ sink, pull, appended, delivered, settled }) => {
      if (!outputs.includes(sink)) return;
      add(total, sink, delivered);
      const cycle = open.get(pull);
      // What an earlier process has appended under this number is no part of what this one counts.
      const own = cycle !== undefined && appended >= cycle.at ? cycle : undefined;
      if (own !== undefined) {
        add(own.delivered, sink, delivered);
        add(own.settled, sink, settled);
      }
      if (own !== undefined) touched.add(own);
      // What no route lets is settled without a write.
      if (delivered === 0) wrote();
    },
    wrote,
  };
}

const add = (counts: Map<string, number>, name: string, count: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + count);
};

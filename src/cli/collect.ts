import { type RunSummary, runCollector } from '../collector/collector.ts';
import { wire } from '../collector/wire.ts';
import type { Config } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { progressLines } from './progress.ts';
import { stopping } from './stopping.ts';
import { reportFields } from './summary.ts';
import { version } from './version.ts';

export interface CollectOptions {
  readonly once: boolean;
  readonly sweep: boolean;
  readonly only?: readonly string[] | undefined;
  readonly timeout: number;
  readonly grace: number;
}

export interface Collected {
  readonly summary: RunSummary;
  /** The exit code a signal asks for. */
  readonly signalled: number | undefined;
}

/** Runs the collector of a configuration in this process, with progress, reports and clean stopping. */
export async function collect(config: Config, log: Log, options: CollectOptions): Promise<Collected> {
  let waits = (): readonly string[] => [];
  const progress = progressLines(
    (line) => log.info(line),
    () => waits(),
  );
  const stop = stopping(options.grace, (line) => log.warn(line));
  try {
    const wired = await wire({
      config,
      clock: systemClock,
      log,
      observer: progress.observer,
      version: version(),
      only: options.only,
    });
    waits = () =>
      [...wired.governors].flatMap(([subscription, governor]) =>
        Object.entries(governor.status()).flatMap(([api, { waiting, until, because }]) =>
          waiting === 0 || because === undefined
            ? []
            : [
                `${subscription} ${api}  waiting${until === undefined ? '' : ` until ${new Date(until).toTimeString().slice(0, 5)}`}, because ${because}`,
              ],
        ),
      );
    try {
      const summary = await runCollector(wired.parts, {
        ...options,
        finish: stop.finish,
        now: stop.now,
        onReport: (report) =>
          log[report.error === undefined ? 'info' : 'error'](`pull ${report.outcome}`, reportFields(report)),
      });
      return { summary, signalled: stop.code() };
    } finally {
      await wired.close();
    }
  } finally {
    progress.end();
    stop.end();
  }
}

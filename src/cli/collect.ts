import { type RunSummary, runCollector } from '../collector/collector.ts';
import { createControls } from '../collector/controls.ts';
import type { Observer } from '../collector/observer.ts';
import { listSinks } from '../collector/port.ts';
import { createRecent, keepingLog, type LogLine } from '../collector/recent.ts';
import { type Budget, createService, type Service, type ServiceFeed } from '../collector/service.ts';
import { type ApiStatus, type Wired, wire } from '../collector/wire.ts';
import { workTogether } from '../collector/work/together.ts';
import type { Config, LogFormat } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { createDevoLog, type DevoLog, SAID_OTHERWISE } from './devo-log/devo-log.ts';
import { placeOf } from './devo-log/names.ts';
import { createLog, logDefaults } from './log.ts';
import { type ProgressLines, progressLines } from './progress.ts';
import { hangups, type Reloads, reloading } from './reloading.ts';
import { type Stopping, stopping } from './stopping.ts';
import { reportFields } from './summary.ts';
import { version } from './version.ts';

/** Log lines kept for who looks at them over HTTP. */
const KEPT_LINES = 5000;

export interface CollectOptions {
  readonly once: boolean;
  readonly sweep: boolean;
  readonly only?: readonly string[] | undefined;
  readonly timeout: number;
  readonly grace: number;
  /** Reads the configuration again, for SIGHUP; without it the signal ends the process as it always does. */
  readonly reload?: (() => Config | Promise<Config>) | undefined;
  /** False: pulls and delivers nothing, where others do. */
  readonly work?: boolean;
  /** What this process is called among the workers of its database. */
  readonly worker?: { readonly name?: string; readonly labels?: readonly string[] } | undefined;
  /** Signals, where they are listened to already. */
  readonly stop?: Stopping;
  /** Called before the collector begins; what it answers is called when it ends. */
  readonly serve?: ((service: Service, log: Log) => Promise<() => Promise<void>>) | undefined;
}

export interface Collected {
  readonly summary: RunSummary;
  /** The exit code a signal asks for. */
  readonly signalled: number | undefined;
}

/** Where a command that collects speaks: log lines and progress that do not overwrite each other. */
export interface Console {
  readonly log: Log;
  readonly progress: ProgressLines;
  /** Log lines of Devo's collectors, where that is the format. */
  readonly devo?: DevoLog;
}

/** `chosen` is what the command line says; then the environment, then what goes with the layout, or suits the terminal. */
export function openConsole(config: Config, chosen?: LogFormat): Console {
  const { format: usual, color } = logDefaults(process.env, process.stderr.isTTY === true);
  const format = chosen ?? config.logFormat ?? (config.devo === undefined ? usual : 'devo');
  const progress = progressLines();
  const log = createLog({
    format,
    level: config.devo?.debug === true ? 'debug' : 'info',
    color,
    stream: progress.stream,
    devo: { place: (fields) => placeOf(config, fields), said: SAID_OTHERWISE },
  });
  if (format !== 'devo') {
    progress.sayTo((line) => log.info(line));
    return { log, progress };
  }
  const devo = createDevoLog(config, (line) => progress.stream.write(line));
  return { log, progress, devo };
}

/** Runs the collector of a configuration in this process, with progress, reports and clean stopping. */
export async function collect(config: Config, speak: Console, options: CollectOptions): Promise<Collected> {
  const { progress } = speak;
  const logs = createRecent<LogLine>(KEPT_LINES);
  const log = keepingLog(speak.log, logs, systemClock.now);
  const controls = createControls();
  let feed: ServiceFeed | undefined;
  const observer: Observer = {
    phase: progress.observer.phase,
    progress: (now) => {
      progress.observer.progress(now);
      feed?.progress(now);
    },
    called: (call) => feed?.called(call),
    wrote: (write) => {
      feed?.wrote(write);
      speak.devo?.observer.wrote(write);
    },
    ...(speak.devo === undefined ? {} : { happening: speak.devo.observer.happening }),
  };
  const stop = options.stop ?? stopping(options.grace, (line) => log.warn(line));
  const heard = options.reload === undefined ? undefined : hangups();
  try {
    const wired = await wire({
      config,
      clock: systemClock,
      log,
      observer,
      version: version(),
      only: options.only,
      work: options.work,
      worker: options.worker,
    });
    progress.show(() =>
      [...wired.governors].flatMap(([subscription, governor]) =>
        Object.entries(governor.status()).flatMap(([api, status]) => budgetText(subscription, api, status)),
      ),
    );
    speak.devo?.started(() => listSinks(wired.parts.outbox.store));
    let reloads: Reloads | undefined;
    // The server answers before the collector runs: what is changed by then is read when it does.
    const began = Promise.withResolvers<void>();
    if (options.reload === undefined) began.resolve();
    let stopServing: (() => Promise<void>) | undefined;
    const inForce = (): Config => reloads?.inForce() ?? config;
    const together = options.once ? undefined : workTogether(wired.parts, controls, inForce);
    try {
      if (options.serve !== undefined) {
        const made = createService({
          ...{ outbox: wired.parts.outbox, version: version(), clock: systemClock, controls, logs },
          ...{ config: inForce, asks: together?.asks, stateOf: together?.stateOf },
          budgets: () => budgetsOf(wired),
          reload: async () => {
            await began.promise;
            await reloads?.apply();
          },
          reloadWorked: () => reloads?.worked() ?? true,
        });
        feed = made.feed;
        stopServing = await options.serve(made.service, log);
      }
      const summary = await runCollector(wired.parts, {
        ...options,
        controls,
        stay: options.serve !== undefined || options.work === false,
        finish: stop.finish,
        now: stop.now,
        onReport: (report) => {
          log[report.error === undefined ? 'info' : 'error'](`pull ${report.outcome}`, reportFields(report));
          feed?.report(report);
        },
        onRunning: (running) => {
          if (options.reload !== undefined) {
            reloads = reloading({ load: options.reload, config, wired, running, log });
            heard?.to(reloads.now);
            together?.begin(reloads);
            began.resolve();
          }
        },
      });
      return { summary, signalled: stop.code() };
    } finally {
      began.resolve();
      await stopServing?.();
      await together?.end();
      await reloads?.end();
      await wired.close();
    }
  } finally {
    speak.devo?.end();
    progress.end();
    heard?.end();
    stop.end();
  }
}

/** Every budget there is, by subscription and API. */
const budgetsOf = ({ governors }: Wired): Budget[] =>
  [...governors].flatMap(([subscription, governor]) =>
    Object.entries(governor.status()).map(([api, status]) => ({ subscription, api, ...status })),
  );

/** `acme asset/host  297 of 300 calls left; waiting until 14:05, because …`; nothing while no call of the API runs or waits. */
function budgetText(
  subscription: string,
  api: string,
  { running, waiting, remaining, limit, until, because }: ApiStatus,
): string[] {
  if (running === 0 && waiting === 0) return [];
  const budget =
    limit === undefined || remaining === undefined ? 'limits not known yet' : `${remaining} of ${limit} calls left`;
  const time = until === undefined ? '' : ` until ${new Date(until).toTimeString().slice(0, 5)}`;
  return [
    `${subscription} ${api}  ${budget}${waiting > 0 && because !== undefined ? `; waiting${time}, because ${because}` : ''}`,
  ];
}

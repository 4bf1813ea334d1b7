/**
 * A collector at work, as the API sees it: what is configured, what every stream and budget is at, what happened lately,
 * and the few things people may ask for. It decides nothing: asking a stream wakes its loop, in this process or in the
 * one that pulls it (decision 0019), changing connections reads the configuration again (decision 0012), and everything
 * durable stays in the outbox.
 */
import type { Config, ConnectionConfig } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { QuarryError } from '../core/errors.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { type Checked, checkConnection } from './check/check.ts';
import { savedBudgets } from './check/plan-state.ts';
import type { Controls, LiveState, Wanted } from './controls.ts';
import { type Asked, localAsks } from './local-asks.ts';
import type { CallSeen, Progress, WriteSeen } from './observer.ts';
import { createRecent, type LogLine, type Recent } from './recent.ts';
import type { PullReport } from './report.ts';
import type { ApiStatus } from './wire.ts';
import type { Asks } from './work/asks.ts';

/** What happens while people look. Times are epoch ms. */
export type LiveEvent =
  | { readonly kind: 'state'; readonly stream: string; readonly state: LiveState; readonly at: number }
  | { readonly kind: 'progress'; readonly progress: Progress; readonly at: number }
  | { readonly kind: 'report'; readonly report: PullReport; readonly at: number };

export interface LiveStream {
  readonly connection: string;
  readonly dataset: string;
  /** Undefined before its loop has begun. */
  readonly state: LiveState | undefined;
  /** Of the pull under way. */
  readonly progress: Progress | undefined;
  readonly lastReport: PullReport | undefined;
}

export interface Budget extends ApiStatus {
  readonly subscription: string;
  readonly api: string;
}

export interface Service {
  readonly outbox: Outbox;
  readonly version: string;
  /** Epoch ms. */
  readonly started: number;
  readonly clock: Clock;
  readonly logs: Recent<LogLine>;
  readonly events: Recent<LiveEvent>;
  /** Nothing of these is kept: they are for who counts from the start. */
  readonly calls: Recent<CallSeen>;
  readonly writes: Recent<WriteSeen>;
  config(): Config;
  streams(): readonly LiveStream[];
  budgets(): readonly Budget[];
  /** Wakes these streams of a connection, all enabled ones without a list; answers their names. Throws QRY6003. */
  ask(connection: string, datasets: readonly string[] | undefined, what: Wanted): Promise<readonly string[]>;
  /** Ends pulls under way; answers the streams that had one. */
  terminate(connection: string, dataset?: string): Promise<readonly string[]>;
  /** Forgets keys and cursors of a stream: at once where it has stopped, else between two pulls. Throws QRY6003. */
  reset(connection: string, dataset: string): Promise<void>;
  /** The cause may be mended: streams that failed try now, those that stopped begin again. */
  wake(connection: string): Promise<void>;
  /** Reads the configuration again and applies it. Rejects with what is wrong with it; the one in force then goes on. */
  reload(): Promise<void>;
  /** Whether the last reading of the configuration was taken over. */
  reloadWorked(): boolean;
  /** Tries a connection step by step; one trial at a time. Throws QRY6011 while another is under way. */
  check(connection: ConnectionConfig, signal: AbortSignal, reachOnly?: boolean): AsyncGenerator<Checked>;
  readonly checking: boolean;
}

export interface ServiceOptions {
  readonly outbox: Outbox;
  readonly version: string;
  readonly clock: Clock;
  readonly controls: Controls;
  readonly logs: Recent<LogLine>;
  readonly config: () => Config;
  readonly budgets: () => readonly Budget[];
  readonly reload: () => Promise<void>;
  readonly reloadWorked: () => boolean;
  /** Where several workers share a database: asks go to whoever pulls the stream. */
  readonly asks?: Asks | undefined;
  /** What a stream is at, wherever it is pulled; where absent, all are pulled here. */
  readonly stateOf?: ((stream: string) => LiveState | undefined) | undefined;
}

/** What the collector tells the service as it goes. */
export interface ServiceFeed {
  progress(progress: Progress): void;
  report(report: PullReport): void;
  called(call: CallSeen): void;
  wrote(write: WriteSeen): void;
}

const KEPT_EVENTS = 2000;
/** A page that follows a pull needs no more. */
const PROGRESS_EVERY_MS = 500;

export function createService(options: ServiceOptions): { service: Service; feed: ServiceFeed } {
  const { outbox, version, clock, controls, logs, config, budgets, reloadWorked, asks } = options;
  const stateOf = options.stateOf ?? controls.state;
  const reload = async (): Promise<void> => {
    await options.reload();
    await asks?.changed();
  };
  const local = localAsks(outbox, controls, reload);
  const events = createRecent<LiveEvent>(KEPT_EVENTS);
  const calls = createRecent<CallSeen>(0);
  const writes = createRecent<WriteSeen>(0);
  const progress = new Map<string, Progress>();
  const told = new Map<string, number>();
  const reports = new Map<string, PullReport>();
  let checking = false;
  controls.onState((stream, state) => events.add({ kind: 'state', stream, state, at: clock.now() }));

  const enabled = (connection: string): string[] =>
    [...(config().connections.get(connection)?.datasets.values() ?? [])]
      .filter((one) => one.enabled)
      .map(({ name }) => name);

  /** Names of these streams, of all enabled ones without a list. Throws QRY6003. */
  const known = (connection: string, datasets: readonly string[] | undefined): string[] => {
    const own = enabled(connection);
    const wrong = (datasets ?? []).find((name) => !own.includes(name));
    if (!config().connections.has(connection) || wrong !== undefined) {
      const what =
        wrong === undefined ? `There is no connection ${connection}.` : `${connection} does not collect ${wrong}.`;
      throw new QuarryError('QRY6003', { what });
    }
    return (datasets ?? own).map((dataset) => `${connection}/${dataset}`);
  };

  async function put(streams: readonly string[], what: Asked): Promise<void> {
    if (asks !== undefined) return asks.put(streams, what);
    for (const stream of streams) await local.ask(stream, what);
  }

  async function* check(connection: ConnectionConfig, signal: AbortSignal, reachOnly = false): AsyncGenerator<Checked> {
    if (checking) throw new QuarryError('QRY6011', { what: 'Another connection is being tested.' });
    checking = true;
    try {
      const saved = (await savedBudgets(outbox)).get(connection.subscription);
      yield* checkConnection(connection, { config: config(), version, signal, saved, reachOnly });
    } finally {
      checking = false;
    }
  }
  const service: Service = {
    outbox,
    version,
    started: clock.now(),
    clock,
    logs,
    events,
    calls,
    writes,
    config,
    budgets,
    reload,
    reloadWorked,
    check,
    get checking() {
      return checking;
    },
    streams: () =>
      [...config().connections.keys()].flatMap((connection) =>
        enabled(connection).map((dataset) => {
          const name = `${connection}/${dataset}`;
          const state = stateOf(name);
          const now = state?.kind === 'pulling' ? progress.get(name) : undefined;
          return { connection, dataset, state, progress: now, lastReport: reports.get(name) };
        }),
      ),
    ask: async (connection, datasets, what) => {
      const names = known(connection, datasets);
      await put(names, what);
      return names;
    },
    reset: (connection, dataset) => put(known(connection, [dataset]), 'reset'),
    wake: (connection) => put(known(connection, undefined), 'wake'),
    terminate: async (connection, dataset) => {
      const names = (dataset === undefined ? enabled(connection) : [dataset]).map((name) => `${connection}/${name}`);
      const pulling = names.filter((name) => stateOf(name)?.kind === 'pulling');
      await put(pulling, 'terminate');
      return pulling;
    },
  };
  return {
    service,
    feed: {
      progress: (now) => {
        progress.set(now.stream, now);
        const at = clock.now();
        if (!now.ended && at - (told.get(now.stream) ?? 0) < PROGRESS_EVERY_MS) return;
        told.set(now.stream, at);
        events.add({ kind: 'progress', progress: now, at });
      },
      report: (report) => {
        reports.set(report.stream, report);
        events.add({ kind: 'report', report, at: clock.now() });
      },
      called: calls.add,
      wrote: writes.add,
    },
  };
}

/**
 * The collector: claims its streams, keeps each on schedule, delivers to every sink, and stops cleanly.
 *
 * One loop per stream (pull, then sleep until the next is due), one per sink (deliver, then wait for more), one for
 * clean-up. They share the outbox and nothing else; a stream that stops leaves the others alone, and so does a sink.
 *
 * Stopping has two steps. `finish`: no page is begun any more, pages under way are finished. `now`: what is under way is
 * abandoned; its pages were never visible. Either way the checkpoint says exactly what is left.
 */
import { asQuarryError, type QuarryError } from '../core/errors.ts';
import { cleanUp as cleanUpOutbox } from '../outbox/clean-up.ts';
import { registerSink } from '../outbox/delivery.ts';
import { listSinks, type SinkState } from '../outbox/sink-state.ts';
import type { ClaimedStream } from '../outbox/streams.ts';
import { type Imbalance, imbalances } from './balance.ts';
import { bell } from './bell.ts';
import { deliveryLoop } from './deliver.ts';
import type { CollectorParts, RunOptions } from './parts.ts';
import { pressure } from './pressure.ts';
import type { PullReport } from './report.ts';
import { nameOf, type Stream, type Workshop } from './stream.ts';
import { claimOrRestart, keepPulling } from './stream-loop.ts';

export type { CollectorParts, RunOptions } from './parts.ts';

export interface RunSummary {
  /** All streams there are to pull, as connection/dataset. */
  readonly streams: readonly string[];
  readonly reports: readonly PullReport[];
  /** Streams that stopped, with why. */
  readonly stopped: ReadonlyMap<string, QuarryError>;
  readonly sinks: readonly SinkState[];
  readonly imbalances: readonly Imbalance[];
  readonly interrupted: boolean;
}

const CLEAN_UP_EVERY_MS = 600_000;
const DRAIN_LOOK_MS = 50;

export async function runCollector(parts: CollectorParts, options: RunOptions): Promise<RunSummary> {
  const { outbox, clock, log } = parts;
  const appended = bell();
  for (const sink of parts.sinks) await registerSink(outbox.store, sink.name, sink.takes, clock.now());
  // All streams are claimed before one is pulled: a sweep must know who else is at work on its keys.
  const claims = new Map<Stream, ClaimedStream>();
  for (const stream of parts.streams) claims.set(stream, await claimOrRestart(parts, stream));
  const workshop: Workshop = {
    outbox,
    clock,
    log,
    observer: parts.observer,
    mayPull: pressure(outbox, parts.dataDir, parts.limits, clock, log),
    appended: appended.ring,
    neighbours: ({ keyspace, stream }) =>
      [...claims.values()]
        .filter((other) => other.keyspace === keyspace && other.stream !== stream)
        .map((other) => other.stream),
  };

  const reports: PullReport[] = [];
  const stopped = new Map<string, QuarryError>();
  // A fault of the installation in one loop ends the run; the others are told to stop.
  const fault = new AbortController();
  const now = AbortSignal.any([options.now, fault.signal]);
  const delivering = new AbortController();
  const stopDelivery = AbortSignal.any([delivering.signal, now]);
  const deliveries = parts.sinks.map((sink) => deliveryLoop(workshop, sink, appended, stopDelivery));
  const cleaning = cleanUp(parts, stopDelivery);
  const onReport = (report: PullReport): void => {
    reports.push(report);
    options.onReport?.(report);
  };
  const loops = [...claims].map(async ([stream, claim]) => {
    const error = await keepPulling(parts, workshop, stream, claim, { ...options, now }, onReport);
    if (error === undefined) return;
    stopped.set(nameOf(stream), error);
    if (error.next === 'stop_process') fault.abort(error);
  });
  const watched = Promise.all(deliveries).catch((error: unknown) => {
    fault.abort(error);
    throw error;
  });
  try {
    await Promise.race([Promise.all(loops), watched.then(() => new Promise(() => {}))]);
    if (!now.aborted && (options.once || options.finish.aborted)) await drained(parts, options);
  } finally {
    fault.abort();
    delivering.abort();
    await Promise.allSettled([...loops, ...deliveries, cleaning]);
  }
  const configured = new Set(parts.sinks.map(({ name }) => name));
  return {
    streams: parts.streams.map(nameOf),
    reports,
    stopped,
    sinks: (await listSinks(outbox.store)).filter(({ sink }) => configured.has(sink)),
    imbalances: await imbalances(outbox),
    interrupted: options.finish.aborted || options.now.aborted,
  };
}

/**
 * Waits until nothing is pending at any sink, or the time-out, or the word to stop now. Once the word to finish has come,
 * a sink that cannot be reached is not waited for.
 */
async function drained(parts: CollectorParts, options: RunOptions): Promise<void> {
  const { clock, outbox } = parts;
  const configured = new Set(parts.sinks.map(({ name }) => name));
  const until = clock.monotonic() + options.timeout;
  while (!options.now.aborted && clock.monotonic() < until) {
    const waiting = (await listSinks(outbox.store)).filter(
      ({ sink, pending, reason }) =>
        pending > 0 && configured.has(sink) && !(options.finish.aborted && reason !== null),
    );
    if (waiting.length === 0) return;
    await clock.sleep(DRAIN_LOOK_MS, options.now).catch(() => {});
  }
}

/** Once at the start, so that runs with `--once` clean up as well, then every ten minutes. */
async function cleanUp(parts: CollectorParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    parts.observer.phase('clean-up');
    await cleanUpOutbox(parts.outbox, parts.retention, parts.clock.now()).catch((error: unknown) => {
      parts.log.warn('clean-up failed', { what: asQuarryError(error).message });
    });
    await parts.clock.sleep(CLEAN_UP_EVERY_MS, signal).catch(() => {});
  }
}

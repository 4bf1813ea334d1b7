/**
 * The collector: claims its streams, keeps each on schedule, delivers to every sink, and stops cleanly.
 *
 * One loop per stream (pull, then sleep until the next is due), one per sink (deliver, then wait for more), one for
 * clean-up. They share the outbox and nothing else; a stream that stops leaves the others alone, and so does a sink.
 *
 * Stopping has two steps. `finish`: no page is begun any more, pages under way are finished. `now`: what is under way is
 * abandoned; its pages were never visible. Either way the checkpoint says exactly what is left.
 */
import type { PullMode } from '../core/checkpoint.ts';
import type { Clock } from '../core/clock.ts';
import { asQuarryError, type QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { StreamIdentity } from '../core/words.ts';
import { registerSink } from '../outbox/delivery.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { expire } from '../outbox/retention.ts';
import { listSinks, type SinkState } from '../outbox/sink-state.ts';
import { type ClaimedStream, changeCheckpoint, claimStream, resetStream } from '../outbox/streams.ts';
import { type Imbalance, imbalances } from './balance.ts';
import { bell } from './bell.ts';
import { deliveryLoop, type RunningSink } from './deliver.ts';
import type { Observer } from './observer.ts';
import { nextDue } from './plan.ts';
import { type PressureLimits, pressure } from './pressure.ts';
import { runPull, type Slots } from './puller.ts';
import type { PullReport } from './report.ts';
import { nameOf, type Stream, type Workshop } from './stream.ts';

export interface CollectorParts {
  readonly outbox: Outbox;
  readonly dataDir: string;
  readonly streams: readonly Stream[];
  /** Calls a stream may have running at once now, as its governor knows. */
  readonly slots: (stream: Stream) => Slots;
  readonly sinks: readonly (RunningSink & { readonly takes: (stream: StreamIdentity) => boolean })[];
  readonly limits: PressureLimits;
  /** How long settled batches that are not current any more are kept, milliseconds. */
  readonly retention: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
}

export interface RunOptions {
  /** Every stream up to date and delivered once, then done; without it, until stopped. */
  readonly once: boolean;
  /** Full readings now. */
  readonly sweep: boolean;
  /** With `once`: how long delivery may take after the last pull, milliseconds. */
  readonly timeout: number;
  /** Begin no more pages. */
  readonly finish: AbortSignal;
  /** Abandon what is under way. */
  readonly now: AbortSignal;
  readonly onReport?: (report: PullReport) => void;
}

export interface RunSummary {
  readonly reports: readonly PullReport[];
  /** Streams that stopped, with why. */
  readonly stopped: ReadonlyMap<string, QuarryError>;
  readonly sinks: readonly SinkState[];
  readonly imbalances: readonly Imbalance[];
  readonly interrupted: boolean;
}

const CLEAN_UP_EVERY_MS = 600_000;

export async function runCollector(parts: CollectorParts, options: RunOptions): Promise<RunSummary> {
  const { outbox, clock, log } = parts;
  const appended = bell();
  const workshop: Workshop = {
    outbox,
    clock,
    log,
    observer: parts.observer,
    mayPull: pressure(outbox, parts.dataDir, parts.limits, clock, log),
    appended: appended.ring,
  };
  for (const sink of parts.sinks) await registerSink(outbox.store, sink.name, sink.takes, clock.now());

  const reports: PullReport[] = [];
  const stopped = new Map<string, QuarryError>();
  const delivering = new AbortController();
  const stopDelivery = AbortSignal.any([delivering.signal, options.now]);
  const deliveries = parts.sinks.map((sink) => deliveryLoop(workshop, sink, appended.wait, stopDelivery));
  const cleaning = cleanUp(parts, stopDelivery);

  // A defect or a storage fault in one loop ends the run; the others are told to stop.
  const defect = new AbortController();
  const loops = parts.streams.map((stream) =>
    keepPulling(
      parts,
      workshop,
      stream,
      { ...options, now: AbortSignal.any([options.now, defect.signal]) },
      (report) => {
        reports.push(report);
        options.onReport?.(report);
      },
    ).then((error) => {
      if (error !== undefined) stopped.set(nameOf(stream), error);
    }),
  );
  const watched = Promise.all(deliveries).catch((error: unknown) => {
    defect.abort(error);
    throw error;
  });
  try {
    await Promise.race([Promise.all(loops), watched.then(() => new Promise(() => {}))]);
    if (!options.now.aborted) {
      if (options.once || options.finish.aborted) await drained(parts, options);
    }
  } finally {
    defect.abort();
    delivering.abort();
    await Promise.allSettled([...loops, ...deliveries, cleaning]);
  }
  return {
    reports,
    stopped,
    sinks: await listSinks(outbox.store),
    imbalances: await imbalances(outbox),
    interrupted: options.finish.aborted || options.now.aborted,
  };
}

/** Pulls one stream whenever something is due; resolves with the error that stopped it, if any. */
async function keepPulling(
  parts: CollectorParts,
  workshop: Workshop,
  stream: Stream,
  options: RunOptions,
  onReport: (report: PullReport) => void,
): Promise<QuarryError | undefined> {
  const { outbox, clock, log } = parts;
  let pulls = 0;
  let failures = 0;
  let swept = false;
  try {
    let claim = await claimAndMayRestart(parts, stream);
    while (!options.finish.aborted && !options.now.aborted) {
      const { checkpoint } = claim;
      const lastPull = options.once && pulls === 0 ? undefined : await lastPullOf(outbox, claim.stream);
      const due = nextDue(stream, checkpoint, lastPull, clock.now());
      let mode: PullMode = due.mode;
      if (options.sweep && !swept && checkpoint.pull === undefined) mode = 'full';
      else if (due.at > clock.now()) {
        if (options.once) return undefined;
        await clock
          .sleep(Math.min(due.at - clock.now(), 60_000), AbortSignal.any([options.finish, options.now]))
          .catch(() => {});
        claim = { ...claim, checkpoint: await checkpointOf(outbox, claim) };
        continue;
      }
      log.info('pull begins', { stream: nameOf(stream), mode, because: due.because });
      const report = await runPull(
        stream,
        workshop,
        claim,
        checkpoint,
        mode,
        parts.slots(stream),
        options.now,
        options.finish,
      );
      onReport(report);
      pulls++;
      claim = { ...claim, checkpoint: await checkpointOf(outbox, claim) };
      for (const { what, left, right } of await imbalances(outbox))
        log.error('a balance does not hold', { what, left, right });
      if (report.outcome === 'complete') {
        failures = 0;
        if (report.mode === 'full') swept = true;
      }
      if (report.outcome !== 'failed') continue;
      const { error } = report;
      if (
        error === undefined ||
        error.next === 'stop_stream' ||
        error.next === 'stop_connection' ||
        error.next === 'stop_process'
      )
        return error;
      if (options.once && ++failures >= 3) return error;
      await clock
        .sleep(Math.min(30_000 * 2 ** failures, 900_000), AbortSignal.any([options.finish, options.now]))
        .catch(() => {});
    }
    return undefined;
  } catch (thrown) {
    return options.now.aborted ? undefined : asQuarryError(thrown);
  }
}

/** Claims a stream; a changed start time restarts it: its keys and cursors are forgotten. */
async function claimAndMayRestart(parts: CollectorParts, stream: Stream): Promise<ClaimedStream> {
  const { store } = parts.outbox;
  const claim = await claimStream(store, stream);
  const start = stream.startTime ?? '';
  if (claim.checkpoint.start === undefined) {
    const checkpoint = await changeCheckpoint(store, claim, (before) => ({ ...before, start }));
    return { ...claim, checkpoint: checkpoint ?? claim.checkpoint };
  }
  if (claim.checkpoint.start === start) return claim;
  parts.log.warn('start time changed: the stream restarts', {
    stream: nameOf(stream),
    from: claim.checkpoint.start,
    to: start,
  });
  await resetStream(store, stream.connection, stream.dataset, { start });
  return claimStream(store, stream);
}

async function checkpointOf(outbox: Outbox, claim: ClaimedStream) {
  const row = await outbox.store.db
    .selectFrom('stream')
    .select('checkpoint')
    .where('id', '=', claim.stream)
    .executeTakeFirstOrThrow();
  return JSON.parse(row.checkpoint) as ClaimedStream['checkpoint'];
}

async function lastPullOf(outbox: Outbox, stream: number): Promise<number | undefined> {
  const row = await outbox.store.db
    .selectFrom('pull')
    .select(({ fn }) => fn.max('started').as('started'))
    .where('stream', '=', stream)
    .where('outcome', '=', 'complete')
    .executeTakeFirst();
  return row?.started == null ? undefined : Number(row.started);
}

/** Waits until nothing is pending at any sink, or the time-out, or the word to stop now. */
async function drained(parts: CollectorParts, options: RunOptions): Promise<void> {
  const { clock, outbox } = parts;
  const until = clock.monotonic() + options.timeout;
  while (!options.now.aborted && clock.monotonic() < until) {
    if (
      (await listSinks(outbox.store)).every(
        ({ sink, pending }) => pending === 0 || !parts.sinks.some(({ name }) => name === sink),
      )
    )
      return;
    await clock.sleep(50, options.now).catch(() => {});
  }
}

async function cleanUp(parts: CollectorParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await parts.clock.sleep(CLEAN_UP_EVERY_MS, signal).catch(() => {});
    if (signal.aborted) return;
    parts.observer.phase('clean-up');
    await expire(parts.outbox, parts.clock.now() - parts.retention).catch((error: unknown) => {
      parts.log.warn('clean-up failed', { what: asQuarryError(error).message });
    });
  }
}

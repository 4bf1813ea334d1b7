import type { Checkpoint, PullMode } from '../../core/checkpoint.ts';
import { dueAfter } from '../../core/cron.ts';
import { asQuarryError, type QuarryError } from '../../core/errors.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { type ClaimedStream, changeCheckpoint, claimStream, resetStream } from '../../outbox/streams.ts';
import { imbalances } from '../balance.ts';
import { createControls } from '../controls.ts';
import type { Persisted } from '../happening.ts';
import type { CollectorParts, RunOptions } from '../parts.ts';
import type { PullReport } from '../report.ts';
import { nameOf, type Stream, type Workshop } from '../stream.ts';
import { isPatient } from './patience.ts';
import { nextDue } from './plan.ts';
import { runPull } from './puller.ts';

/** Failed pulls before `once` gives a stream up. */
const ONCE_FAILURES = 3;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 900_000;
/** The wall clock may be set while we sleep, so it is looked at again. */
const LOOK_AGAIN_MS = 60_000;

/**
 * Pulls one stream whenever something is due, until told to stop (or, with `once`, until it is up to date). Resolves
 * with the error that stopped it, if any.
 */
export async function keepPulling(
  parts: CollectorParts,
  workshop: Workshop,
  stream: Stream,
  claimed: ClaimedStream,
  options: RunOptions,
  onReport: (report: PullReport) => void,
): Promise<QuarryError | undefined> {
  const { outbox, clock, log } = parts;
  const stop = AbortSignal.any([options.finish, options.now]);
  const controls = (options.controls ?? createControls()).of(nameOf(stream));
  /** Sleeps until then, or until somebody asks for a pull. */
  const rest = async (until: number): Promise<void> => {
    const woken = new AbortController();
    const signal = AbortSignal.any([stop, woken.signal]);
    const ms = Math.min(until - clock.now(), LOOK_AGAIN_MS);
    await Promise.race([clock.sleep(ms, signal).catch(() => {}), controls.asked(signal)]);
    woken.abort();
  };
  /** Sleeps so long, whatever becomes of the wall clock, or until somebody asks for a pull. */
  const restFor = async (ms: number): Promise<void> => {
    const end = clock.monotonic() + ms;
    while (!stop.aborted && !controls.pending() && clock.monotonic() < end)
      await rest(clock.now() + end - clock.monotonic());
  };
  const { tenant, subscription, connection, dataset } = stream;
  parts.observer.happening?.({
    kind: 'stream_began',
    stream: { tenant, subscription, connection, dataset },
    every: stream.schedule.every,
    ways: stream.facts.signIn,
  });
  let failures = 0;
  let swept = false;
  let upToDate = false;
  let claim = claimed;
  try {
    while (!stop.aborted) {
      const { checkpoint } = claim;
      // With `once`, what counts is a pull that was begun in this run.
      const lastPull = options.once && !upToDate ? undefined : await lastPullOf(outbox, claim.stream);
      const due = nextDue(stream, checkpoint, lastPull, clock.now());
      const asked = controls.take();
      if (asked === 'reset') {
        const { start, obfuscated } = checkpoint;
        const began = {
          ...(start === undefined ? {} : { start }),
          ...(obfuscated === undefined ? {} : { obfuscated }),
        };
        await resetStream(outbox.store, stream.connection, stream.dataset, began);
        claim = await claimStream(outbox.store, stream);
        log.info('the stream was reset', { stream: nameOf(stream) });
        continue;
      }
      const sweepWanted = (options.sweep && !swept) || asked === 'sweep';
      const sweepNow = sweepWanted && checkpoint.pull === undefined && stream.facts.kind === 'entity';
      if (!sweepNow && asked === undefined && due.at > clock.now()) {
        if (options.once) return undefined;
        controls.now({ kind: 'waiting', until: due.at, mode: due.mode, because: due.because });
        await rest(due.at);
        claim = { ...claim, checkpoint: await checkpointOf(outbox, claim) };
        continue;
      }
      const early = !sweepNow && due.at > clock.now();
      const mode: PullMode = sweepNow ? 'full' : early ? changesOf(stream) : due.mode;
      const because = sweepNow ? 'a sweep was asked for' : early ? 'it was asked for' : due.because;
      log.info('pull begins', { stream: nameOf(stream), mode, because });
      controls.now({ kind: 'pulling', since: clock.now(), mode, because });
      const now = AbortSignal.any([options.now, controls.begin()]);
      const { finish } = options;
      const report = await runPull(stream, workshop, claim, checkpoint, mode, parts.slots(stream), now, finish);
      const terminated = controls.ended();
      onReport(report);
      claim = { ...claim, checkpoint: await checkpointOf(outbox, claim) };
      for (const { what, left, right } of await imbalances(outbox))
        log.error('a balance does not hold', { what, left, right });
      if (report.outcome === 'complete') {
        failures = 0;
        if (report.mode === 'full') swept = true;
        if (report.mode !== 'ids' && report.mode !== 'backfill' && checkpoint.pull === undefined) upToDate = true;
      }
      if (terminated && !stop.aborted) {
        // Whoever ended it does not want it to begin again at once.
        const until = dueAfter(stream.schedule.every, clock.now());
        controls.now({ kind: 'waiting', until, mode, because: 'it was terminated' });
        await restFor(until - clock.now());
      }
      if (report.outcome !== 'failed') continue;
      const { error } = report;
      if (error === undefined || error.next.startsWith('stop_')) return error;
      if (!isPatient(error)) failures++;
      if (options.once && failures >= ONCE_FAILURES) return error;
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
      controls.now({ kind: 'failed', until: clock.now() + pause, error });
      await restFor(pause);
    }
    return undefined;
  } catch (thrown) {
    return options.now.aborted ? undefined : asQuarryError(thrown);
  }
}

/** How a stream reads what has changed, where Qualys can be asked for it. */
const changesOf = ({ facts }: Stream): PullMode => (facts.incremental || facts.kind === 'log' ? 'incremental' : 'full');

/**
 * Claims a stream; a changed start time, and a changed obfuscation, restart it: its keys and cursors are forgotten, so that
 * everything is read and emitted as it is to be from now on.
 */
export async function claimOrRestart(parts: CollectorParts, stream: Stream): Promise<ClaimedStream> {
  const { store } = parts.outbox;
  const claim = await claimStream(store, stream);
  const start = stream.startTime ?? '';
  const mark = stream.obfuscation?.mark ?? '';
  const began = { start, ...(mark === '' ? {} : { obfuscated: mark }) };
  const { checkpoint } = claim;
  const before = checkpoint.start === undefined ? undefined : persisted(checkpoint);
  const tell = (after: ClaimedStream, restarted: boolean): ClaimedStream => {
    const { tenant, subscription, connection, dataset } = stream;
    const identity = { tenant, subscription, connection, dataset };
    const now = persisted(after.checkpoint);
    parts.observer.happening?.({ kind: 'claimed', stream: identity, before, after: now, restarted });
    return after;
  };
  if (checkpoint.start === undefined) {
    const changed = await changeCheckpoint(store, claim, (before) => ({ ...before, ...began }));
    return tell({ ...claim, checkpoint: changed ?? checkpoint }, false);
  }
  const moved = checkpoint.start !== start;
  if (!moved && (checkpoint.obfuscated ?? '') === mark) return tell(claim, false);
  parts.log.warn(`${moved ? 'start time' : 'obfuscation'} changed: the stream restarts`, {
    stream: nameOf(stream),
    ...(moved ? { from: checkpoint.start, to: start } : {}),
  });
  await resetStream(store, stream.connection, stream.dataset, began);
  return tell(await claimStream(store, stream), moved);
}

const persisted = ({ start, watermark }: Checkpoint): Persisted => ({ start: start || undefined, watermark });

async function checkpointOf(outbox: Outbox, claim: ClaimedStream) {
  const row = await outbox.store.db
    .selectFrom('stream')
    .select('checkpoint')
    .where('id', '=', claim.stream)
    .executeTakeFirstOrThrow();
  return JSON.parse(row.checkpoint) as ClaimedStream['checkpoint'];
}

/** When the last pull of records that was completed began, epoch ms. A sweep of ids and history read no changes. */
async function lastPullOf(outbox: Outbox, stream: number): Promise<number | undefined> {
  const rows = await outbox.store.db
    .selectFrom('pull')
    .select(['started', 'report'])
    .where('stream', '=', stream)
    .where('outcome', '=', 'complete')
    // Pieces of history may be many, and say nothing of when changes were read.
    .where('report', 'not like', '%"mode":"backfill"%')
    .orderBy('id', 'desc')
    .limit(20)
    .execute();
  return rows.find(({ report }) => (JSON.parse(report) as Partial<PullReport>).mode !== 'ids')?.started;
}

import type { PullMode } from '../core/checkpoint.ts';
import { asQuarryError, type QuarryError } from '../core/errors.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { type ClaimedStream, changeCheckpoint, claimStream, resetStream } from '../outbox/streams.ts';
import { imbalances } from './balance.ts';
import type { CollectorParts, RunOptions } from './parts.ts';
import { isPatient } from './patience.ts';
import { nextDue } from './plan.ts';
import { runPull } from './puller.ts';
import type { PullReport } from './report.ts';
import { nameOf, type Stream, type Workshop } from './stream.ts';

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
      const sweepNow = options.sweep && !swept && checkpoint.pull === undefined && stream.facts.kind === 'entity';
      if (!sweepNow && due.at > clock.now()) {
        if (options.once) return undefined;
        await clock.sleep(Math.min(due.at - clock.now(), LOOK_AGAIN_MS), stop).catch(() => {});
        claim = { ...claim, checkpoint: await checkpointOf(outbox, claim) };
        continue;
      }
      const mode: PullMode = sweepNow ? 'full' : due.mode;
      const because = sweepNow ? 'a sweep was asked for' : due.because;
      log.info('pull begins', { stream: nameOf(stream), mode, because });
      const { now, finish } = options;
      const report = await runPull(stream, workshop, claim, checkpoint, mode, parts.slots(stream), now, finish);
      onReport(report);
      claim = { ...claim, checkpoint: await checkpointOf(outbox, claim) };
      for (const { what, left, right } of await imbalances(outbox))
        log.error('a balance does not hold', { what, left, right });
      if (report.outcome === 'complete') {
        failures = 0;
        if (report.mode === 'full') swept = true;
        if (report.mode !== 'ids' && report.mode !== 'backfill' && checkpoint.pull === undefined) upToDate = true;
      }
      if (report.outcome !== 'failed') continue;
      const { error } = report;
      if (error === undefined || error.next.startsWith('stop_')) return error;
      if (!isPatient(error)) failures++;
      if (options.once && failures >= ONCE_FAILURES) return error;
      await clock.sleep(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS), stop).catch(() => {});
    }
    return undefined;
  } catch (thrown) {
    return options.now.aborted ? undefined : asQuarryError(thrown);
  }
}

/** Claims a stream; a changed start time restarts it: its keys and cursors are forgotten. */
export async function claimOrRestart(parts: CollectorParts, stream: Stream): Promise<ClaimedStream> {
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

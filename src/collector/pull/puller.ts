import type { Checkpoint, OpenPull, PullMode } from '../../core/checkpoint.ts';
import { asQuarryError, type QuarryError } from '../../core/errors.ts';
import { forgetOlder } from '../../outbox/forget.ts';

import { type ClaimedStream, changeCheckpoint, dropSweeps } from '../../outbox/streams.ts';
import { openSweep } from '../../outbox/sweep.ts';
import { readWanted } from '../fold/wanted.ts';
import type { Happening } from '../happening.ts';
import { newTally, type Outcome, type PullReport } from '../report.ts';
import { nameOf, type Stream, scopeOf, type Workshop } from '../stream.ts';
import { asking } from './asking.ts';
import { withPiece } from './backfill.ts';
import { againstCount } from './completeness.ts';
import { conclude } from './conclude.ts';
import { epochs } from './epochs.ts';
import { fetchIds } from './ids.ts';
import { listParts } from './listing.ts';
import type { PullContext } from './page.ts';
import { patiently } from './patience.ts';
import { ALL, cutByIds, ended, pullId, sinceOf, withoutIds } from './plan.ts';
import { quarantinedIds, retryQuarantined } from './quarantined.ts';
import { readRanges } from './ranges.ts';
import { readSteps } from './steps.ts';
import { without } from './unread.ts';

/** Tries of a call for ids; limits and a full disk do not count. */
const ID_TRIES = 4;

/** How many calls of a data set may run at once now. */
export type Slots = () => number;

/**
 * Runs one pull of a stream: opens it (or goes on with the one under way), reads its ranges, concludes its sweep, and
 * moves the watermark. Whatever happens, the report says how far it came; nothing is thrown.
 */
export async function runPull(
  given: Stream,
  workshop: Workshop,
  claim: ClaimedStream,
  checkpoint: Checkpoint,
  mode: PullMode,
  slots: Slots,
  signal: AbortSignal,
  finish: AbortSignal,
): Promise<PullReport> {
  const started = workshop.clock.monotonic();
  const stop = AbortSignal.any([signal, finish]);
  const { stream, asked } = asking(given, mode, finish);
  const tally = newTally();
  let pull: OpenPull | undefined;
  let heldSweep: PullReport['heldSweep'];
  let counted: PullReport['counted'];
  let outcome: Outcome = 'complete';
  let error: QuarryError | undefined;
  let endProgress = (): void => {};
  const { tenant, subscription, connection, dataset } = given;
  const identity = { tenant, subscription, connection, dataset };
  const tell = (happening: Happening): void => workshop.observer.happening?.(happening);
  // What is done is done: old keys that could not be forgotten now are with the next pull.
  const forgetLater = (thrown: unknown): void => {
    const { code, message } = asQuarryError(thrown);
    workshop.log.warn('old keys could not be forgotten', { stream: nameOf(stream), code, what: message });
  };
  try {
    pull = await openPull(stream, workshop, claim, checkpoint, mode, signal, stop);
    const began = pull;
    tell({ kind: 'pull_began', stream: identity, pull: began.id, mode: began.mode });
    const live = { records: 0, bytes: 0, onChunk: () => showProgress(false) };
    let left = (pull.steps ?? pull.resume).length;
    const showProgress = (ended: boolean): void =>
      workshop.observer.progress({
        stream: nameOf(stream),
        records: tally.received + live.records,
        bytes: tally.bytes + live.bytes,
        pages: tally.pages,
        left,
        elapsedMs: workshop.clock.monotonic() - started,
        ended,
      });
    endProgress = () => showProgress(true);
    const context: PullContext = {
      stream,
      workshop,
      claim,
      pull,
      epochs: epochs(stream.facts, claim.unknownFields),
      signal,
      finish,
      live,
    };
    let unread: readonly string[] = [];
    const { paging } = stream.facts;
    const listedByTime = paging.by === 'step' && paging.parts?.once === true;
    if (pull.mode !== 'ids') {
      const reading = {
        pageSize: { wanted: stream.pageSize, start: pull.pageSize ?? stream.pageSize },
        slots,
        tally,
        onPage: (now: number) => {
          left = now;
          showProgress(false);
          const { received, unchanged, emitted } = tally;
          const { requests } = asked;
          tell({ kind: 'page', stream: identity, pull: began.id, requests, received, unchanged, emitted });
        },
        highest: () => highestId(workshop, claim.keyspace),
      };
      await retryQuarantined(context, stop, tally);
      await readWanted(context, stop, tally);
      if (pull.steps !== undefined) unread = await readSteps(context, pull.steps, stop, reading);
      else await readRanges(context, pull.resume, stop, reading);
      tally.quarantined += unread.length;
    }
    if (finish.aborted) throw finish.reason;
    counted = await againstCount(context, stop);
    const sweep = counted?.short === true ? undefined : await conclude(context, stop, unread);
    counted ??= sweep?.counted;
    tally.removed += sweep?.removed ?? 0;
    if (sweep?.state === 'held') heldSweep = { absent: sweep.absent, known: sweep.known };
    await changeCheckpoint(workshop.outbox.store, claim, (before) => {
      const over = before.pull ?? pull!;
      if ((over.mode === 'incremental' || over.mode === 'full') && over.serverStart === undefined)
        workshop.log.warn('no answer named a time: this machine’s clock is taken', { stream: nameOf(stream) });
      return ended(before, without(over, unread, listedByTime), workshop.clock.now());
    });
    if (stream.facts.order === 'time') await forgetOld(workshop, claim, stream).catch(forgetLater);
  } catch (thrown) {
    const interrupted = signal.aborted || finish.aborted;
    outcome = interrupted ? 'interrupted' : 'failed';
    if (!interrupted) error = asQuarryError(thrown);
  }
  endProgress();
  const report: PullReport = {
    stream: nameOf(stream),
    pull: pull?.id ?? 0,
    mode: pull?.mode ?? mode,
    outcome,
    ...asked,
    ...tally,
    elapsedMs: workshop.clock.monotonic() - started,
    ...(heldSweep === undefined ? {} : { heldSweep }),
    ...(counted === undefined ? {} : { counted }),
    ...(error === undefined ? {} : { error }),
  };
  if (pull !== undefined) await keepReport(workshop, claim, report).catch(() => {});
  tell({ kind: 'pull_ended', stream: identity, report });
  return report;
}

async function openPull(
  stream: Stream,
  workshop: Workshop,
  claim: ClaimedStream,
  checkpoint: Checkpoint,
  mode: PullMode,
  signal: AbortSignal,
  stop: AbortSignal,
): Promise<OpenPull> {
  const scope = scopeOf(stream);
  if (checkpoint.pull !== undefined && checkpoint.pull.scope === scope) return checkpoint.pull;
  const { store } = workshop.outbox;
  if (checkpoint.pull !== undefined) await store.transaction(({ db }) => dropSweeps(db, claim.stream));
  const last = await store.db
    .selectFrom('pull')
    .select(({ fn }) => fn.max('id').as('id'))
    .where('stream', '=', claim.stream)
    .executeTakeFirst();
  const id = pullId(workshop.clock.now(), Number(last?.id ?? 0));
  const { facts } = stream;
  let pull: OpenPull = { id, mode, scope, resume: mode === 'ids' ? [] : [ALL] };
  if (mode === 'incremental') {
    const since = sinceOf(stream, checkpoint);
    if (since !== undefined) pull = { ...pull, since };
  }
  if (mode === 'backfill') pull = withPiece(facts, stream.options, pull, checkpoint.backfill!);
  else if (facts.paging.by === 'step') pull = await withSteps(stream, workshop, checkpoint, pull, signal, stop);
  if (mode === 'full' && facts.paging.by === 'id' && facts.ids !== undefined) {
    const ids = await patiently(workshop, stream, stop, ID_TRIES, () => fetchIds(stream, signal));
    const serverStart = ids.serverTime === undefined ? {} : { serverStart: new Date(ids.serverTime).toISOString() };
    pull = { ...pull, ...serverStart, listed: ids.count, resume: cutByIds(ids.first, ids.last, stream.pageSize) };
  }
  if (facts.paging.by === 'id')
    pull = { ...pull, resume: withoutIds(pull.resume, await quarantinedIds(workshop.outbox, claim)) };
  const started = workshop.clock.now();
  await store.transaction(async ({ db }) => {
    await db
      .updateTable('pull')
      .set({ outcome: 'abandoned', ended: started })
      .where('stream', '=', claim.stream)
      .where('outcome', '=', 'running')
      .execute();
    await db
      .insertInto('pull')
      .values({ id, stream: claim.stream, started, ended: null, outcome: 'running', report: '{}' })
      .execute();
  });
  if ((mode === 'full' || mode === 'ids') && facts.kind === 'entity')
    pull = { ...pull, sweep: await openSweep(workshop.outbox, claim, mode, id, scope) };
  await changeCheckpoint(store, claim, (before) => ({ ...before, pull }));
  return pull;
}

/** The steps a pull begins with: windows, or the objects that a listing finds. */
async function withSteps(
  stream: Stream,
  workshop: Workshop,
  checkpoint: Checkpoint,
  pull: OpenPull,
  signal: AbortSignal,
  stop: AbortSignal,
): Promise<OpenPull> {
  const { facts, options } = stream;
  if (facts.paging.by !== 'step') return pull;
  const { parts: listed } = facts.paging;
  if (listed !== undefined) {
    const list = () => listParts(stream, listed, checkpoint, pull, signal);
    const { steps, parts, unfinished, serverTime } = await patiently(workshop, stream, stop, ID_TRIES, list);
    return {
      ...pull,
      resume: [],
      steps,
      parts,
      ...(unfinished === undefined ? {} : { unfinished }),
      ...(serverTime === undefined ? {} : { serverStart: new Date(serverTime).toISOString() }),
    };
  }
  const now = new Date(workshop.clock.now() - (facts.settleMs ?? 0)).toISOString();
  const steps = facts.paging.begin(options, { since: pull.since, now });
  // Without a window nothing was asked for: the watermark stays.
  const until = steps.length === 0 ? pull.since : latest(steps.map(({ to }) => to));
  return { ...pull, resume: [], steps, ...(until === undefined ? {} : { until }) };
}

/** The latest of some times; undefined where one of them is open. */
const latest = (times: readonly (string | undefined)[]): string | undefined =>
  times.includes(undefined) ? undefined : times.toSorted().at(-1);

/** How far behind what is read again the keys of a log are kept: a consumer may set its clock, or a watermark, back by a day. */
const KEPT_MS = 86_400_000;

/** Keys of a log that no pull can meet again are forgotten. */
async function forgetOld(workshop: Workshop, claim: ClaimedStream, stream: Stream): Promise<void> {
  const { checkpoint } = await workshop.outbox.store.db
    .selectFrom('stream')
    .select('checkpoint')
    .where('id', '=', claim.stream)
    .executeTakeFirstOrThrow();
  const since = sinceOf(stream, JSON.parse(checkpoint) as Checkpoint);
  if (since === undefined) return;
  await forgetOlder(workshop.outbox, claim, Math.floor((Date.parse(since) - KEPT_MS) / 1000));
}

async function highestId(workshop: Workshop, keyspace: number): Promise<number> {
  const row = await workshop.outbox.store.db
    .selectFrom('known_key')
    .select('lead')
    .where('keyspace', '=', keyspace)
    .orderBy('lead', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.lead ?? 0;
}

async function keepReport(workshop: Workshop, claim: ClaimedStream, report: PullReport): Promise<void> {
  const { error, ...facts } = report;
  const said =
    error === undefined
      ? {}
      : { error: { code: error.code, what: error.message, where: error.where, fix: error.fix, qualys: error.qualys } };
  await workshop.outbox.store.transaction(({ db }) =>
    db
      .updateTable('pull')
      .set({ ended: workshop.clock.now(), outcome: report.outcome, report: JSON.stringify({ ...facts, ...said }) })
      .where('stream', '=', claim.stream)
      .where('id', '=', report.pull)
      .execute(),
  );
}

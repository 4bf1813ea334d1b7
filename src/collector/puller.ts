import type { Checkpoint, OpenPull, PullMode } from '../core/checkpoint.ts';
import { asQuarryError, type QuarryError } from '../core/errors.ts';
import { idMaker } from '../outbox/identity.ts';
import { dueAgain, release, setAside } from '../outbox/quarantine.ts';
import { type ClaimedStream, changeCheckpoint, dropSweeps } from '../outbox/streams.ts';
import { concludeSweep, noteAbsentIds, openSweep } from '../outbox/sweep.ts';
import { keyParts, keyRecord } from '../pipeline/key.ts';
import { epochs } from './epochs.ts';
import { fetchIds } from './ids.ts';
import { type PullContext, readPage } from './page.ts';
import { ALL, cutByIds, ended, pullId, sinceOf } from './plan.ts';
import { readRanges } from './ranges.ts';
import { newTally, type Outcome, type PullReport, type Tally } from './report.ts';
import { nameOf, type Stream, scopeOf, type Workshop } from './stream.ts';

/** How many calls of a data set may run at once now. */
export type Slots = () => number;

/**
 * Runs one pull of a stream: opens it (or goes on with the one under way), reads its ranges, concludes its sweep, and
 * moves the watermark. Whatever happens, the report says how far it came; nothing is thrown.
 */
export async function runPull(
  stream: Stream,
  workshop: Workshop,
  claim: ClaimedStream,
  checkpoint: Checkpoint,
  mode: PullMode,
  slots: Slots,
  signal: AbortSignal,
  finish: AbortSignal,
): Promise<PullReport> {
  const started = workshop.clock.monotonic();
  const tally = newTally();
  let pull: OpenPull | undefined;
  let heldSweep: PullReport['heldSweep'];
  let outcome: Outcome = 'complete';
  let error: QuarryError | undefined;
  let endProgress = (): void => {};
  try {
    pull = await openPull(stream, workshop, claim, checkpoint, mode, signal);
    const live = { records: 0, bytes: 0, onChunk: () => showProgress(false) };
    let left = pull.resume.length;
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
    await retryQuarantined(context, tally);
    if (pull.mode !== 'ids') {
      await readRanges(context, pull.pageSize ?? stream.pageSize, pull.resume, {
        slots,
        tally,
        onPage: (now) => {
          left = now;
          showProgress(false);
        },
        highest: () => highestId(workshop, claim.keyspace),
      });
    }
    if (finish.aborted) throw finish.reason;
    const sweep = await conclude(context, tally);
    if (sweep?.state === 'held') heldSweep = { absent: sweep.absent, known: sweep.known };
    await changeCheckpoint(workshop.outbox.store, claim, (before) =>
      ended(before, before.pull ?? pull!, workshop.clock.now()),
    );
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
    ...tally,
    elapsedMs: workshop.clock.monotonic() - started,
    ...(heldSweep === undefined ? {} : { heldSweep }),
    ...(error === undefined ? {} : { error }),
  };
  if (pull !== undefined) await keepReport(workshop, claim, report).catch(() => {});
  return report;
}

async function openPull(
  stream: Stream,
  workshop: Workshop,
  claim: ClaimedStream,
  checkpoint: Checkpoint,
  mode: PullMode,
  signal: AbortSignal,
): Promise<OpenPull> {
  const scope = scopeOf(stream);
  if (checkpoint.pull !== undefined && checkpoint.pull.scope === scope) return checkpoint.pull;
  const { store } = workshop.outbox;
  if (checkpoint.pull !== undefined) await dropSweeps(store.db, claim.stream);
  const last = await store.db
    .selectFrom('pull')
    .select(({ fn }) => fn.max('id').as('id'))
    .where('stream', '=', claim.stream)
    .executeTakeFirst();
  const id = pullId(workshop.clock.now(), Number(last?.id ?? 0));
  await store.db
    .insertInto('pull')
    .values({ id, stream: claim.stream, started: workshop.clock.now(), ended: null, outcome: 'running', report: '{}' })
    .execute();
  let pull: OpenPull = { id, mode, scope, resume: mode === 'ids' ? [] : [ALL] };
  if (mode === 'incremental') {
    const since = sinceOf(stream, checkpoint);
    if (since !== undefined) pull = { ...pull, since };
  } else {
    const sweep = await openSweep(workshop.outbox, claim, mode, id, scope);
    pull = { ...pull, sweep };
    if (mode === 'full' && stream.facts.ids !== undefined) {
      const ids = await fetchIds(stream, signal);
      const serverStart = ids.serverTime === undefined ? {} : { serverStart: new Date(ids.serverTime).toISOString() };
      pull = { ...pull, ...serverStart, resume: cutByIds(ids.first, ids.last, stream.pageSize) };
    }
  }
  await changeCheckpoint(store, claim, (before) => ({ ...before, pull }));
  return pull;
}

/** Quarantined objects that are due are read again first, whole and alone. */
async function retryQuarantined(context: PullContext, tally: Tally): Promise<void> {
  const { workshop, claim, stream } = context;
  for (const { first, last } of await dueAgain(workshop.outbox, claim.stream, workshop.clock.now())) {
    try {
      const result = await readPage(context, { range: { first, last }, pageSize: stream.pageSize, everything: true });
      await release(workshop.outbox, claim.stream, { first, last });
      tally.received += result.received;
      tally.emitted += result.emitted;
      tally.unchanged += result.unchanged;
      tally.pages++;
    } catch (thrown) {
      if (context.signal.aborted) throw thrown;
      const error = asQuarryError(thrown);
      if (error.next === 'stop_connection' || error.next === 'stop_stream') throw error;
      await setAside(workshop.outbox, claim.stream, { first, last }, error.code, error.message, workshop.clock.now());
    }
  }
}

async function conclude(context: PullContext, tally: Tally) {
  const { stream, workshop, claim, pull, signal } = context;
  if (pull.sweep === undefined) return undefined;
  if (pull.mode === 'ids')
    await noteAbsentIds(workshop.outbox, claim, pull.sweep, pull.id, await fetchIds(stream, signal));
  const { facts } = stream;
  workshop.observer.phase('commit');
  const result = await concludeSweep(
    workshop.outbox,
    {
      claim,
      pull: pull.id,
      id: idMaker(stream.tenant, stream.subscription, stream.dataset),
      keyParts: (lead, key) => keyParts(facts, { lead, key }),
      keyRecord: (parts) => keyRecord(facts, parts),
      sinks: stream.sinks,
      now: () => workshop.clock.now(),
    },
    pull.sweep,
    claim.checkpoint.scope === undefined || claim.checkpoint.scope === pull.scope ? 'purged' : 'out_of_scope',
  );
  tally.removed += result.removed;
  if (result.removed > 0) workshop.appended();
  return result;
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
  await workshop.outbox.store.db
    .updateTable('pull')
    .set({ ended: workshop.clock.now(), outcome: report.outcome, report: JSON.stringify({ ...facts, ...said }) })
    .where('stream', '=', claim.stream)
    .where('id', '=', report.pull)
    .execute();
}

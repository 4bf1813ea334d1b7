/**
 * The collector: claims its streams, keeps each on schedule, delivers to every sink, and stops cleanly.
 *
 * One loop per stream (pull, then sleep until the next is due), one per sink (deliver, then wait for more), one for
 * clean-up. They share the outbox and nothing else; a stream that stops leaves the others alone, and so does a sink.
 *
 * Stopping has two steps. `finish`: no page is begun any more, pages under way are finished. `now`: what is under way is
 * abandoned; its pages were never visible. Either way the checkpoint says exactly what is left.
 *
 * A change of the configuration is both at once, loop by loop: streams and sinks are told apart by identity, so what the
 * new parts do not hold finishes its page or its write and leaves, and what they hold and nobody runs begins where its
 * checkpoint stands. Sinks are registered before a stream is claimed that feeds them, as at the start. A sink that left
 * is closed before another of its name is opened. A stream that had stopped begins again.
 */
import { asQuarryError, type QuarryError } from '../core/errors.ts';
import { registerSink } from '../outbox/delivery.ts';
import { listSinks, type SinkState } from '../outbox/sink-state.ts';
import type { ClaimedStream } from '../outbox/streams.ts';
import { guarded, LEASE_TTL_MS, type Use } from '../store/leases.ts';
import { type Imbalance, imbalances } from './balance.ts';
import { bell } from './bell.ts';
import { deliveryLoop, type RunningSink } from './deliver/deliver.ts';
import { pressure } from './deliver/pressure.ts';
import { resendAll } from './deliver/resend.ts';
import { outlivedBy } from './fold/outlived.ts';
import { holdHeap } from './heap.ts';
import type { CollectorParts, RunOptions } from './parts.ts';
import { claimOrRestart, keepPulling } from './pull/stream-loop.ts';
import type { PullReport } from './report.ts';
import { nameOf, type Stream, type Workshop } from './stream.ts';
import { cleanUp, houseIsOurs, keepMerging, keepResending } from './work/housekeeping.ts';
import { keepSharing, type SharingHooks, subscriptionsIn, takeAll } from './work/sharing.ts';
import { pullOf, takeTurn } from './work/turn.ts';

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

const DRAIN_LOOK_MS = 50;

export async function runCollector(parts: CollectorParts, options: RunOptions): Promise<RunSummary> {
  holdHeap();
  const { outbox, clock, log } = parts;
  const appended = bell();
  const reports: PullReport[] = [];
  const stopped = new Map<string, QuarryError>();
  const claims = new Map<Stream, ClaimedStream>();
  const pulls = new Map<Stream, Loop>();
  const deliveries = new Map<RunningSink, Loop>();
  const again = new Set<Stream>();
  let current = parts;
  const { shared } = parts;
  /** Subscriptions whose pulling is ours, where others may do it. */
  const pulling = new Map<string, Use>();
  /** Those that are being given back. */
  const leaving = new Set<string>();
  const mine = ({ subscription }: Stream): boolean =>
    shared === undefined || (pulling.has(subscription) && !leaving.has(subscription));
  const workshop: Workshop = {
    ...(shared === undefined ? {} : { turn: (sink: string) => takeTurn(outbox, shared.leases, sink) }),
    outbox,
    clock,
    log,
    observer: parts.observer,
    mayPull: pressure(outbox, parts.dataDir, parts.limits, clock, log),
    appended: appended.ring,
    // All streams of a subscription are pulled by one worker, so its keys have no neighbours elsewhere.
    neighbours: ({ keyspace, stream }) =>
      [...claims.values()]
        .filter((other) => other.keyspace === keyspace && other.stream !== stream)
        .map((other) => other.stream),
  };
  // A fault of the installation in one loop ends the run; the others are told to stop.
  const fault = new AbortController();
  const now = AbortSignal.any([options.now, fault.signal]);
  const delivering = new AbortController();
  const stopDelivery = AbortSignal.any([delivering.signal, now]);
  let fail = (_error: unknown): void => {};
  const failed = new Promise<never>((_, reject) => {
    fail = (error) => {
      fault.abort(error);
      reject(error);
    };
  });
  failed.catch(() => {});
  const onReport = (report: PullReport): void => {
    reports.push(report);
    options.onReport?.(report);
  };

  function startDelivery(sink: RunningSink): void {
    const leave = new AbortController();
    const signal = AbortSignal.any([leave.signal, stopDelivery]);
    // A write under way is finished and settled, so that whoever follows does not send it again.
    const done = deliveryLoop(workshop, sink, appended, signal, stopDelivery).catch(fail);
    deliveries.set(sink, loopOf(leave, done));
  }
  function startPulling(stream: Stream, claim: ClaimedStream): void {
    const leave = new AbortController();
    const finish = AbortSignal.any([leave.signal, options.finish]);
    const use = pulling.get(stream.subscription);
    const own = use === undefined ? outbox : { ...outbox, store: guarded(outbox.store, use.guard) };
    const running = { ...options, finish, now: use === undefined ? now : AbortSignal.any([now, use.lost]) };
    const at = { ...workshop, outbox: own };
    const done = keepPulling({ ...current, outbox: own }, at, stream, claim, running, onReport).then((error) => {
      if (error === undefined || use?.lost.aborted === true) return;
      // Its state was reset by hand: where workers share the work, whoever holds it claims it again.
      if (use !== undefined && error.code === 'QRY4010') return void again.add(stream);
      stopped.set(nameOf(stream), error);
      options.controls?.of(nameOf(stream)).now({ kind: 'stopped', since: clock.now(), error });
      if (error.next === 'stop_process') fault.abort(error);
    });
    pulls.set(stream, loopOf(leave, done));
  }
  /** All are claimed before one is pulled: a sweep must know who else is at work on its keys. */
  async function begin(streams: readonly Stream[], sinks: CollectorParts['sinks']): Promise<void> {
    const outlived = outlivedBy(clock.now() - parts.retention);
    for (const sink of sinks) await registerSink(outbox.store, sink.name, sink.takes, clock.now(), outlived);
    for (const stream of streams) {
      const use = pulling.get(stream.subscription);
      const store = use === undefined ? outbox.store : guarded(outbox.store, use.guard);
      claims.set(stream, await claimOrRestart({ ...parts, outbox: { ...outbox, store } }, stream));
    }
    if (parts.observer.happening !== undefined) {
      const states = new Map((await listSinks(outbox.store)).map((state) => [state.sink, state]));
      for (const { name: sink } of sinks)
        parts.observer.happening({ kind: 'sink_began', sink, pending: states.get(sink)?.pending ?? 0 });
    }
    for (const sink of sinks) startDelivery(sink);
    for (const stream of streams) startPulling(stream, claims.get(stream)!);
  }
  /** What is not in `next` finishes its page or write and leaves; what is new begins; the rest never notices. */
  async function change(next: CollectorParts): Promise<void> {
    const leavingStreams = [...pulls].filter(([stream, { ended }]) => ended() || !next.streams.includes(stream));
    await leaveAll(leavingStreams.map(([, loop]) => loop));
    for (const [stream] of leavingStreams) {
      pulls.delete(stream);
      claims.delete(stream);
      stopped.delete(nameOf(stream));
    }
    const names = new Set(next.sinks.map(({ name }) => name));
    const leavingSinks = [...deliveries].filter(([sink]) => !next.sinks.some((one) => one === sink));
    await leaveAll(leavingSinks.map(([, loop]) => loop));
    for (const [sink] of leavingSinks) {
      deliveries.delete(sink);
      await sink.open.close().catch((error: unknown) => {
        log.warn('closing failed', { sink: sink.name, what: asQuarryError(error).message });
      });
      if (!names.has(sink.name)) log.info('sink left; what waits for it is kept', { sink: sink.name });
    }
    current = next;
    await begin(
      next.streams.filter((stream) => mine(stream) && !pulls.has(stream)),
      next.sinks.filter((sink) => !deliveries.has(sink)),
    );
  }
  let changing: Promise<void> = Promise.resolve();
  const loopsOf = (subscriptions: readonly string[]): (readonly [Stream, Loop])[] =>
    [...pulls].filter(([{ subscription }]) => subscriptions.includes(subscription));
  /** Waits for pulls of these subscriptions to be over, and forgets them. */
  async function forget(subscriptions: readonly string[]): Promise<void> {
    const ending = loopsOf(subscriptions);
    await leaveAll(ending.map(([, loop]) => loop));
    for (const [stream] of ending) {
      pulls.delete(stream);
      claims.delete(stream);
      stopped.delete(nameOf(stream));
      again.delete(stream);
    }
    for (const subscription of subscriptions) {
      pulling.get(subscription)?.end();
      pulling.delete(subscription);
      leaving.delete(subscription);
    }
  }
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const after = changing.then(work);
    changing = after.catch(() => {});
    return after;
  };
  const sharing: SharingHooks = {
    parts: () => current,
    // A page may take long: other work begins meanwhile, none of theirs.
    leave: async (subscriptions) => {
      for (const subscription of subscriptions) leaving.add(subscription);
      await leaveAll(loopsOf(subscriptions).map(([, loop]) => loop));
      await inTurn(() => forget(subscriptions));
    },
    began: (subscriptions) =>
      inTurn(async () => {
        const lost = [...pulling].filter(([, use]) => use.lost.aborted).map(([subscription]) => subscription);
        await forget(lost);
        for (const subscription of subscriptions) {
          if (pulling.has(subscription)) continue;
          const use = shared!.leases.use([pullOf(subscription)]);
          // Lost since it was taken: whoever has it now pulls.
          if (use.lost.aborted) {
            use.end();
            continue;
          }
          await shared!.openGovernor(subscription, use.guard).catch((error: unknown) => {
            use.end();
            throw error;
          });
          pulling.set(subscription, use);
        }
        for (const stream of again) pulls.delete(stream);
        again.clear();
        if (options.finish.aborted || now.aborted) return;
        await begin(
          current.streams.filter((stream) => mine(stream) && !pulls.has(stream)),
          [],
        );
      }),
  };
  /** With `once`: a lease was lost, and it has not been seen yet whether it can be had again. */
  const interrupted = (): boolean =>
    options.once && !options.finish.aborted && !now.aborted && [...pulling.values()].some((use) => use.lost.aborted);
  /** A change may end some loops and begin others: the pulls are over when none runs and no change is under way. */
  async function pullsEnded(): Promise<void> {
    if (options.stay === true || (shared !== undefined && !options.once))
      await told(AbortSignal.any([options.finish, now]));
    do {
      await Promise.all([...pulls.values()].map(({ done }) => done));
      await changing;
      if (interrupted()) await clock.sleep(DRAIN_LOOK_MS, now).catch(() => {});
    } while (interrupted() || [...pulls.values()].some(({ ended }) => !ended()));
  }

  let left = 0;
  if (shared !== undefined && options.once) {
    left = await takeAll(shared.leases, sharing, LEASE_TTL_MS * 1.2, AbortSignal.any([options.finish, now]));
    if (left > 0) log.warn('another worker holds part of the work, and does it', { pieces: left });
  }
  await begin(shared === undefined ? parts.streams : [], parts.sinks);
  if (shared !== undefined && options.once) await sharing.began(subscriptionsIn(shared.leases.holding()));
  const sharingEnded =
    shared === undefined
      ? undefined
      : keepSharing(
          shared.leases,
          sharing,
          log,
          AbortSignal.any([options.finish, now, delivering.signal]),
          options.once,
        );
  const cleaning = cleanUp(parts, stopDelivery);
  const resending = keepResending(() => current, stopDelivery);
  const merging = shared === undefined ? undefined : keepMerging(parts, stopDelivery);
  options.onRunning?.({
    stopped,
    change: (next) => {
      const after = inTurn(() => change(next));
      after.catch(fail);
      return after;
    },
  });
  try {
    await Promise.race([pullsEnded(), failed]);
    if (!now.aborted && options.once && houseIsOurs(current)) await resendAll(current, options.timeout, now);
    const alone = shared === undefined || options.once || (await shared.leases.others().catch(() => [0])).length === 0;
    if (!now.aborted && alone && (options.once || options.finish.aborted)) await drained(current, options);
  } finally {
    fault.abort();
    delivering.abort();
    await changing;
    await Promise.allSettled([
      ...[...pulls.values(), ...deliveries.values()].map(({ done }) => done),
      cleaning,
      resending,
      merging,
      sharingEnded,
    ]);
    for (const use of pulling.values()) use.end();
  }
  const configured = new Set(current.sinks.map(({ name }) => name));
  return {
    streams: current.streams.map(nameOf),
    reports,
    stopped,
    sinks: (await listSinks(outbox.store)).filter(({ sink }) => configured.has(sink)),
    imbalances: await imbalances(outbox),
    interrupted: options.finish.aborted || options.now.aborted,
  };
}

/** A loop under way that can be asked to leave. */
interface Loop {
  readonly leave: AbortController;
  readonly done: Promise<void>;
  ended(): boolean;
}

function loopOf(leave: AbortController, work: Promise<void>): Loop {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  return { leave, done, ended: () => over };
}

const told = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function leaveAll(loops: readonly Loop[]): Promise<void> {
  for (const { leave } of loops) leave.abort(new Error('the configuration changed'));
  await Promise.all(loops.map(({ done }) => done));
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
      ({ sink, pending, suspended, reason }) =>
        (pending > 0 || suspended) && configured.has(sink) && !(options.finish.aborted && reason !== null),
    );
    if (waiting.length === 0) return;
    await clock.sleep(DRAIN_LOOK_MS, options.now).catch(() => {});
  }
}

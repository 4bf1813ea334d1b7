/**
 * Several workers on one database: which of the work is this one's.
 *
 * The work is cut where Qualys's limits and the order of events allow it: `pull/SUBSCRIPTION` is all pulling of a
 * subscription, so that its one governor is in one process; `deliver/SINK/SUBSCRIPTION` is giving a sink, or the inventory,
 * what comes from it, in order; `housekeeping` is clean-up and resending. Every worker takes free pieces up to its share
 * (all pieces over all workers seen lately, rounded up) and gives surplus ones back once a page or write is finished.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../../core/log.ts';
import type { Leases } from '../../store/leases.ts';
import type { CollectorParts } from '../parts.ts';
import { deliverTo, HOUSEKEEPING, PULL, pullOf } from './turn.ts';

/** Every piece of work there is: of what is configured, and of what waits from what was. */
export async function piecesOf({ streams, sinks, outbox }: CollectorParts): Promise<string[]> {
  const known = await outbox.store.db.selectFrom('keyspace').select('subscription').distinct().execute();
  const pulled = new Set(streams.map(({ subscription }) => subscription));
  const all = new Set([...pulled, ...known.map(({ subscription }) => subscription)]);
  return [
    ...[...pulled].map(pullOf),
    ...sinks.flatMap(({ name }) => [...all].map((subscription) => deliverTo(name) + subscription)),
    HOUSEKEEPING,
  ];
}

export interface SharingHooks {
  readonly parts: () => CollectorParts;
  /** Pulling of these subscriptions is ours from now on. */
  readonly began: (subscriptions: readonly string[]) => Promise<void>;
  /** Finishes pages under way; resolves when nothing of it is pulled any more. */
  readonly leave: (subscriptions: readonly string[]) => Promise<void>;
}

/** How often free work is looked for; with a lease's length, what taking over takes. */
const LOOK_MS = 2000;

export const subscriptionsIn = (resources: readonly string[]): string[] =>
  resources.filter((one) => one.startsWith(PULL)).map((one) => one.slice(PULL.length));

/** Free work that nobody took for so long is taken beyond one's share: a share counts workers that may be dying. */
const UNCLAIMED_MS = LOOK_MS;

interface Taken {
  /** Pieces that nobody holds, and others do. */
  readonly left: number;
  /** Resolves when what is given back is, and what was taken has begun. */
  readonly done: Promise<unknown>;
}

/**
 * Takes what it may once; with `all`, beyond its share. It gives back no more than others lack. What is given back is so
 * when its page or write is finished, and what is taken begins when what was lost before has ended; neither is waited for.
 */
async function takeShare(leases: Leases, hooks: SharingHooks, all: boolean): Promise<Taken> {
  const pieces = await piecesOf(hooks.parts());
  const others = all ? [] : await leases.others();
  const share = Math.ceil(pieces.length / (others.length + 1));
  const lacking = others.reduce((sum, held) => sum + Math.max(0, share - held), 0);
  const mine = leases.holding();
  const unwanted = mine.filter((resource) => !pieces.includes(resource));
  const surplus = Math.min(lacking, Math.max(0, mine.length - unwanted.length - share));
  // Deliveries move more easily than a pull under way.
  const movable = mine.filter((resource) => !unwanted.includes(resource)).sort((a, b) => rank(a) - rank(b));
  const going = [...unwanted, ...movable.slice(0, surplus)];
  // Marked at once, so that nothing is begun under them; a dead worker's pieces do not wait for a page under way here.
  const givenBack = Promise.allSettled([leases.release(going), hooks.leave(subscriptionsIn(going))]);
  const taken = await leases.take(pieces, share - leases.holding().length, UNCLAIMED_MS);
  const began = hooks.began(subscriptionsIn(leases.holding()));
  return { left: pieces.length - mine.length - taken.length, done: Promise.all([began, givenBack]) };
}

const rank = (resource: string): number => Number(resource.startsWith(PULL));

/** Shares the work until told to stop; with `all`, takes all that is free. Runs by the machine's time: leases do. */
export async function keepSharing(
  leases: Leases,
  hooks: SharingHooks,
  log: Log,
  signal: AbortSignal,
  all: boolean,
): Promise<void> {
  const going = new Set<Promise<unknown>>();
  const complain = (error: unknown): void =>
    log.warn('work could not be shared, trying again', {
      what: error instanceof Error ? error.message : String(error),
    });
  while (!signal.aborted) {
    try {
      const { done } = await takeShare(leases, hooks, all);
      const told = done.catch(complain).finally(() => going.delete(told));
      going.add(told);
    } catch (error) {
      complain(error);
    }
    await wait(LOOK_MS * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {});
  }
  await Promise.all(going);
}

/** For one run: takes all that is free, and waits `patience` ms for what a worker that died may still hold. */
export async function takeAll(
  leases: Leases,
  hooks: SharingHooks,
  patience: number,
  signal: AbortSignal,
): Promise<number> {
  const until = performance.now() + patience;
  for (;;) {
    const { left, done } = await takeShare(leases, { ...hooks, began: async () => {} }, true);
    await done;
    if (left <= 0 || signal.aborted || performance.now() > until) return left;
    await wait(LOOK_MS / 4, undefined, { signal }).catch(() => {});
  }
}

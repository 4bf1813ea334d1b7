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

interface Taken {
  /** Pieces that nobody holds, and others do. */
  readonly left: number;
  /** Resolves when what is given back is. */
  readonly givenBack: Promise<unknown>;
}

/** Takes what it may once; with `all`, beyond its share. What is given back is so when its page or write is finished. */
async function takeShare(leases: Leases, hooks: SharingHooks, all: boolean): Promise<Taken> {
  const pieces = await piecesOf(hooks.parts());
  const share = all ? pieces.length : Math.ceil(pieces.length / (await leases.workers()));
  const mine = leases.holding();
  const unwanted = mine.filter((resource) => !pieces.includes(resource));
  const surplus = Math.max(0, mine.length - unwanted.length - share);
  // Deliveries move more easily than a pull under way.
  const movable = mine.filter((resource) => !unwanted.includes(resource)).sort((a, b) => rank(a) - rank(b));
  const going = [...unwanted, ...movable.slice(0, surplus)];
  // Marked at once, so that nothing is begun under them; a dead worker's pieces do not wait for a page under way here.
  const released = leases.release(going);
  const givenBack = Promise.allSettled([released, hooks.leave(subscriptionsIn(going))]);
  const taken = await leases.take(pieces, share - leases.holding().length);
  await hooks.began(subscriptionsIn(leases.holding()));
  return { left: pieces.length - mine.length - taken.length, givenBack };
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
  while (!signal.aborted) {
    try {
      const { givenBack } = await takeShare(leases, hooks, all);
      going.add(givenBack);
      void givenBack.then(() => going.delete(givenBack));
    } catch (error) {
      log.warn('work could not be shared, trying again', {
        what: error instanceof Error ? error.message : String(error),
      });
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
    const { left, givenBack } = await takeShare(leases, { ...hooks, began: async () => {} }, true);
    await givenBack;
    if (left <= 0 || signal.aborted || performance.now() > until) return left;
    await wait(LOOK_MS / 4, undefined, { signal }).catch(() => {});
  }
}

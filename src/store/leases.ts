/**
 * Leases: who of several processes on one PostgreSQL may work on something now, and the number that proves it.
 *
 * A lease is a row: resource, owner, fence, until. Whoever takes it raises the fence; every write for the resource names
 * owner and fence in its own transaction (`guard`), so that a holder that was stopped, and does not know yet that another
 * has taken over, writes nothing any more. Time is the database's alone (`clock_timestamp`); a holder measures only how
 * long ago it asked, on its monotonic clock.
 *
 * A lease lasts TTL, is renewed at a third of that, and work under it is stopped at two thirds without an answer, so that
 * nobody works on what somebody else may already have. States: free → held → free (released) | lost → taken by another.
 *
 * A guard takes the row FOR KEY SHARE: renewing does not wait for it, taking over does (it skips such a row and comes
 * back), so a write that has passed its guard is finished or undone before anybody else begins. A process stopped inside
 * a transaction would hold that up: the guard has the server end a transaction that is idle for a third of TTL, and who
 * takes ends one that has come to a halt inside a statement (`lease-locks.ts`). No session state is kept, so PgBouncer in
 * transaction mode works.
 */
import { hostname } from 'node:os';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Clock } from '../core/clock.ts';
import { QuarryError } from '../core/errors.ts';
import { unlockLeases } from './lease-locks.ts';
import type { Migration } from './migrate.ts';
import type { Store, Transaction } from './store.ts';

export interface LeaseSchema {
  /** Processes that share the work; `seen` is renewed with their leases, `lost` counts leases that were not in time. */
  worker: { id: string; name: string; labels: string; version: string; started: number; seen: number; lost: number };
  /** `until` is epoch ms by the database's clock; free where owner is null or it has passed. */
  lease: { resource: string; owner: string | null; fence: number; until: number; taken: number };
}

export const leaseMigrations: readonly Migration[] = [
  {
    number: 41,
    name: 'workers and leases',
    statements: ({ text }) => [
      `CREATE TABLE worker (id ${text} PRIMARY KEY, name ${text} NOT NULL, labels ${text} NOT NULL, version ${text} NOT NULL,
        started bigint NOT NULL, seen bigint NOT NULL, lost bigint NOT NULL)`,
      `CREATE TABLE lease (resource ${text} PRIMARY KEY, owner ${text}, fence bigint NOT NULL, until bigint NOT NULL, taken bigint NOT NULL)`,
    ],
  },
];

export const LEASE_TTL_MS = 30_000;
/** Workers that ended without a word are shown for a day. */
const FORGOTTEN_MS = 86_400_000;
const NOW = sql<number>`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`;

export interface WorkerFacts {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly version: string;
}

/** Resources in use for one piece of work. */
export interface Use {
  readonly resources: readonly string[];
  /** Aborted when one of them is lost, or may be. */
  readonly lost: AbortSignal;
  /** First statement of every transaction under them: throws QRY4010 where one is not ours any more. */
  readonly guard: (tx: Transaction<never>) => Promise<void>;
  end(): void;
}

export interface Leases {
  readonly worker: WorkerFacts;
  /** Held now, and safe to work under. */
  holds(resource: string): boolean;
  holding(): string[];
  /** Takes up to `most` of these that are free, and all that nobody took for `unclaimed` ms; answers those it got. */
  take(resources: readonly string[], most: number, unclaimed?: number): Promise<string[]>;
  /** Marks held resources as used until `end`; a release waits for that. Where one is not held, all are lost. */
  use(resources: readonly string[]): Use;
  /** What is used now whose name begins so: a guard over all of it. */
  guardUsed(prefix: string): (tx: Transaction<never>) => Promise<void>;
  /** Gives back; used ones are not given to `use` again, and go when their last use ends. */
  release(resources: readonly string[]): Promise<void>;
  /** How many leases each other worker holds that may be at work: one silent for two thirds of TTL has stopped. */
  others(): Promise<number[]>;
  /** Milliseconds to add to this machine's clock to have the database's. */
  readonly clockOffset: number;
  /** Releases all and leaves. */
  close(): Promise<void>;
}

interface Held {
  readonly fence: number;
  readonly lost: AbortController;
  uses: number;
  leaving: boolean;
  ended: () => void;
}

export interface LeaseOptions {
  readonly worker: WorkerFacts;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly ttl?: number;
  /** Said when leases were lost. */
  readonly onLost?: (resources: readonly string[]) => void;
}

/** A name people can tell this process by. */
export const workerName = (): string => `${hostname()}-${process.pid}`;

export async function openLeases(given: Store<never>, options: LeaseOptions): Promise<Leases> {
  const store = given as unknown as Store<LeaseSchema>;
  const { worker, clock, ttl = LEASE_TTL_MS, onLost } = options;
  const { db } = store;
  const held = new Map<string, Held>();
  /** Resources and fences of every use that has not ended, lost ones too. */
  const inUse = new Set<readonly (readonly [string, number])[]>();
  let lostUntold = 0;
  await sql`DELETE FROM worker WHERE seen < ${NOW} - ${FORGOTTEN_MS}::bigint`.execute(db);
  const before = Date.now();
  const { rows: first } = await sql<{ now: number }>`
    INSERT INTO worker (id, name, labels, version, started, seen, lost)
    VALUES (${worker.id}, ${worker.name}, ${JSON.stringify(worker.labels)}, ${worker.version}, ${NOW}, ${NOW}, 0)
    RETURNING seen AS now`.execute(db);
  const clockOffset = first[0]!.now - (before + Date.now()) / 2;
  /** When the last renewal that was answered had been asked for. */
  let renewed = clock.monotonic();

  function lose(resources: readonly string[]): void {
    const gone = resources.filter((resource) => held.has(resource));
    for (const resource of gone) {
      const one = held.get(resource)!;
      held.delete(resource);
      one.lost.abort(taken(resource));
      one.ended();
    }
    lostUntold += gone.length;
    if (gone.length > 0) onLost?.(gone);
  }

  async function renew(): Promise<void> {
    const asked = clock.monotonic();
    const mine = [...held].map(([resource, { fence }]) => ({ resource, fence }));
    const lost = lostUntold;
    const { rows } = await sql<{ resource: string; fence: number }>`
      WITH me AS (
        INSERT INTO worker (id, name, labels, version, started, seen, lost)
        VALUES (${worker.id}, ${worker.name}, ${JSON.stringify(worker.labels)}, ${worker.version}, ${NOW}, ${NOW}, 0)
        ON CONFLICT (id) DO UPDATE SET seen = ${NOW}, lost = worker.lost + ${lost}
      )
      UPDATE lease SET until = ${NOW} + ${ttl}::bigint
      WHERE owner = ${worker.id} AND resource = ANY(${mine.map(({ resource }) => resource)}::text[])
      RETURNING resource, fence`.execute(db);
    lostUntold -= lost;
    const still = new Map(rows.map(({ resource, fence }) => [resource, fence]));
    lose(mine.filter(({ resource, fence }) => still.get(resource) !== fence).map(({ resource }) => resource));
    renewed = asked;
  }
  let renewing: Promise<void> | undefined;
  const beat = setInterval(() => {
    const age = clock.monotonic() - renewed;
    if (age > (ttl * 2) / 3) lose([...held.keys()]);
    if (renewing !== undefined || age < ttl / 3) return;
    renewing = renew()
      .catch(() => {})
      .finally(() => {
        renewing = undefined;
      });
  }, ttl / 30);
  beat.unref();

  async function check(tx: Transaction<never>, wanted: readonly (readonly [string, number])[]): Promise<void> {
    if (wanted.length === 0) return;
    const { rows } = await sql<{ resource: string }>`
      SELECT resource, set_config('idle_in_transaction_session_timeout', ${String(ttl / 3)}, true)
      FROM lease JOIN unnest(${wanted.map(([resource]) => resource)}::text[], ${wanted.map(([, fence]) => fence)}::bigint[]) AS mine(r, f)
        ON lease.resource = mine.r AND lease.fence = mine.f
      WHERE owner = ${worker.id} ORDER BY resource FOR KEY SHARE OF lease`.execute(
      tx.db as unknown as Kysely<LeaseSchema>,
    );
    const there = new Set(rows.map(({ resource }) => resource));
    const gone = wanted.filter(([resource]) => !there.has(resource)).map(([resource]) => resource);
    if (gone.length === 0) return;
    lose(gone);
    throw taken(gone[0]!);
  }

  async function giveBack(resources: readonly string[]): Promise<void> {
    const mine = resources.flatMap((resource) => {
      const one = held.get(resource);
      return one === undefined ? [] : [{ resource, fence: one.fence }];
    });
    for (const { resource } of mine) held.delete(resource);
    if (mine.length === 0) return;
    await sql`
      UPDATE lease SET owner = NULL, until = ${NOW}
      FROM unnest(${mine.map(({ resource }) => resource)}::text[], ${mine.map(({ fence }) => fence)}::bigint[]) AS mine(r, f)
      WHERE resource = mine.r AND fence = mine.f AND owner = ${worker.id}`.execute(db);
  }

  async function claim(wanted: readonly string[], which: RawBuilder<unknown>, most: number) {
    const { rows } = await sql<{ resource: string; fence: number }>`
      WITH free AS (
        SELECT resource FROM lease WHERE resource = ANY(${wanted}::text[]) AND ${which}
        ORDER BY random() LIMIT ${most} FOR UPDATE SKIP LOCKED
      )
      UPDATE lease SET owner = ${worker.id}, fence = fence + 1, until = ${NOW} + ${ttl}::bigint, taken = ${NOW}
      FROM free WHERE lease.resource = free.resource RETURNING lease.resource, lease.fence`.execute(db);
    return rows;
  }

  const leases: Leases = {
    worker,
    clockOffset,
    holds: (resource) => held.get(resource)?.leaving === false,
    holding: () => [...held].filter(([, { leaving }]) => !leaving).map(([resource]) => resource),
    take: async (resources, most, unclaimed) => {
      const wanted = resources.filter((resource) => !held.has(resource));
      if (wanted.length === 0 || (most <= 0 && unclaimed === undefined)) return [];
      const asked = clock.monotonic();
      await sql`INSERT INTO lease (resource, owner, fence, until, taken) SELECT r, NULL, 0, ${NOW}, 0 FROM unnest(${wanted}::text[]) AS wanted(r)
        WHERE NOT EXISTS (SELECT 1 FROM lease WHERE resource = r) ON CONFLICT DO NOTHING`.execute(db);
      const free = sql`(owner IS NULL OR owner = ${worker.id} OR until < ${NOW})`;
      const rows = most > 0 ? await claim(wanted, free, most) : [];
      if (unclaimed !== undefined)
        rows.push(...(await claim(wanted, sql`${free} AND until < ${NOW} - ${unclaimed}::bigint`, wanted.length)));
      if (held.size === 0) renewed = asked;
      for (const { resource, fence } of rows)
        held.set(resource, { fence, lost: new AbortController(), uses: 0, leaving: false, ended: () => {} });
      await unlockLeases(db, wanted, Math.round(ttl / 3));
      return rows.map(({ resource }) => resource);
    },
    use: (resources) => {
      const used = resources.flatMap((resource) => {
        const one = held.get(resource);
        return one === undefined || one.leaving ? [] : [[resource, one] as const];
      });
      const missing = resources.find((resource) => !used.some(([name]) => name === resource));
      for (const [, one] of used) one.uses++;
      const fences = used.map(([resource, { fence }]) => [resource, fence] as const);
      inUse.add(fences);
      let over = false;
      const use: Use = {
        resources: used.map(([resource]) => resource),
        lost:
          missing === undefined
            ? AbortSignal.any(used.map(([, one]) => one.lost.signal))
            : AbortSignal.abort(taken(missing)),
        guard: async (tx) => {
          if (missing !== undefined) throw taken(missing);
          await check(tx, fences);
        },
        end: () => {
          if (over) return;
          over = true;
          inUse.delete(fences);
          for (const [, one] of used) if (--one.uses === 0) one.ended();
        },
      };
      return use;
    },
    guardUsed: (prefix) => (tx) =>
      check(
        tx,
        [...inUse].flat().filter(([name]) => name.startsWith(prefix)),
      ),
    release: async (resources) => {
      const ending: Promise<void>[] = [];
      for (const resource of resources) {
        const one = held.get(resource);
        if (one === undefined) continue;
        one.leaving = true;
        if (one.uses === 0) continue;
        ending.push(
          new Promise((resolve) => {
            one.ended = resolve;
          }),
        );
      }
      await Promise.all(ending);
      await giveBack(resources);
    },
    others: async () => {
      const { rows } = await sql<{ held: number }>`
        SELECT count(l.resource) AS held FROM worker w LEFT JOIN lease l ON l.owner = w.id AND l.until > ${NOW}
        WHERE w.id <> ${worker.id} AND w.seen > ${NOW} - ${Math.round((ttl * 2) / 3)}::bigint GROUP BY w.id`.execute(
        db,
      );
      return rows.map(({ held: count }) => count);
    },
    close: async () => {
      clearInterval(beat);
      await renewing;
      await giveBack([...held.keys()]).catch(() => {});
      await sql`DELETE FROM worker WHERE id = ${worker.id}`.execute(db).catch(() => {});
    },
  };
  return leases;
}

const taken = (resource: string): QuarryError =>
  new QuarryError('QRY4010', { what: `This worker does not hold ${resource} any more; nothing was written.` });

/** The same store, whose every transaction begins with the guard. */
export const guarded = <Schema>(
  store: Store<Schema>,
  guard: (tx: Transaction<never>) => Promise<void>,
): Store<Schema> => ({
  ...store,
  transaction: (work) =>
    store.transaction(async (tx) => {
      await guard(tx as unknown as Transaction<never>);
      return work(tx);
    }),
});

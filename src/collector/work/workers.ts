import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Config, SinkConfig } from '../../config/config.ts';
import type { Clock } from '../../core/clock.ts';
import { QuarryError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import type { Governor } from '../../qualys/governor.ts';
import {
  guarded,
  LEASE_TTL_MS,
  type LeaseSchema,
  openLeases,
  type WorkerFacts,
  workerName,
} from '../../store/leases.ts';
import type { Store } from '../../store/store.ts';
import { INVENTORY } from '../fold/consumer.ts';
import type { Shared } from '../parts.ts';
import { sharedGovernors } from './shared-governor.ts';
import { deliverTo, pullOf } from './turn.ts';

/** Sinks whose destination is the machine itself: under several workers each needs a place of its own. */
const LOCAL = new Set(['file']);
const PLACE = '{worker}';

export interface WorkerOptions {
  /** False: pulls and delivers nothing; others do. */
  readonly work?: boolean | undefined;
  /** What this worker is called among others, where the database is a server. */
  readonly worker?: Partial<Pick<WorkerFacts, 'name' | 'labels'>> | undefined;
  /** How long its leases last, milliseconds. */
  readonly leaseTtl?: number | undefined;
}

interface JoinOptions extends WorkerOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

export interface Joined {
  readonly shared: Shared;
  /** Makes the governor of a subscription known. */
  add(subscription: string): void;
  /** The outbox as the inventory writes to it: under the leases of what is being folded. */
  readonly folding: Outbox;
}

/**
 * Joins the workers of a database; undefined where it is a file, which has one. Throws QRY1024 where a sink would write to
 * this machine while other workers do to theirs.
 */
export async function joinWorkers(
  options: JoinOptions,
  outbox: Outbox,
  governors: Map<string, Governor>,
): Promise<Joined | undefined> {
  const { config, clock, log, version, worker = {}, work } = options;
  if (config.databaseUrl === undefined || work === false) return undefined;
  const { name = workerName(), labels = [] } = worker;
  const others = (await listWorkers(outbox)).workers.filter(({ alive }) => alive);
  if (options.worker !== undefined || others.length > 0) refuseLocal([...config.sinks.values()]);
  const leases = await openLeases(outbox.store as unknown as Store<never>, {
    worker: { id: randomUUID(), name, labels, version },
    clock: { monotonic: () => performance.now() },
    ...(options.leaseTtl === undefined ? {} : { ttl: options.leaseTtl }),
    onLost: (resources) =>
      log.warn('leases were lost: the work under them stops here', { pieces: resources.slice(0, 10).join(', ') }),
  });
  const { add, openGovernor } = sharedGovernors(outbox.store, leases, clock, governors);
  const store = guarded(outbox.store, leases.guardUsed(deliverTo(INVENTORY)));
  return { shared: { leases, openGovernor }, add, folding: { ...outbox, store } };
}

function refuseLocal(sinks: readonly SinkConfig[]): void {
  for (const { name, type, enabled, options } of sinks) {
    if (!enabled || !LOCAL.has(type) || JSON.stringify(options).includes(PLACE)) continue;
    throw new QuarryError('QRY1024', {
      what: `The sink ${name} writes to a place on this machine.`,
      where: `sinks.${name}`,
    });
  }
}

/** A sink's options with the worker's name in its place. */
export function namedFor({ type, options }: SinkConfig, worker: string | undefined): unknown {
  const { path, ...rest } = options as { readonly path?: unknown };
  if (!LOCAL.has(type) || typeof path !== 'string') return options;
  return { ...rest, path: path.replaceAll(PLACE, worker ?? workerName()) };
}

export interface WorkerShown {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly version: string;
  /** Epoch ms by the database's clock, as all times here. */
  readonly started: number;
  readonly seen: number;
  readonly alive: boolean;
  /** Leases it did not renew in time. */
  readonly lost: number;
}

export interface LeaseShown {
  readonly resource: string;
  /** The worker's name; undefined where nobody holds it. */
  readonly worker: string | undefined;
  readonly fence: number;
  readonly taken: number;
  readonly until: number;
}

/** Subscriptions with something enabled that no worker pulls now. */
export function unpulled(config: Config, leases: readonly LeaseShown[]): string[] {
  const held = new Set(leases.flatMap(({ resource, worker }) => (worker === undefined ? [] : [resource])));
  const wanted = [...config.connections.values()].filter(({ datasets }) =>
    [...datasets.values()].some(({ enabled }) => enabled),
  );
  return [...new Set(wanted.map(({ subscription }) => subscription))].filter((one) => !held.has(pullOf(one))).sort();
}

/** Who shares the work, and who holds what. Nobody where the database is a file. */
export async function listWorkers(outbox: Outbox): Promise<{ workers: WorkerShown[]; leases: LeaseShown[] }> {
  if (outbox.bodies === undefined) return { workers: [], leases: [] };
  const { db } = outbox.store as unknown as Store<LeaseSchema>;
  const clock = sql<{ now: number }>`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now`;
  const { now } = (await clock.execute(db)).rows[0]!;
  const workers = await db.selectFrom('worker').selectAll().orderBy('name').execute();
  const leases = await db
    .selectFrom('lease')
    .leftJoin('worker', 'worker.id', 'lease.owner')
    .select(['lease.resource', 'lease.fence', 'lease.taken', 'lease.until', 'worker.name'])
    .orderBy('lease.resource')
    .execute();
  return {
    workers: workers.map((one) => ({
      ...one,
      labels: JSON.parse(one.labels) as string[],
      alive: one.seen > now - LEASE_TTL_MS,
    })),
    leases: leases.map(({ name, ...lease }) => ({
      ...lease,
      worker: lease.until > now ? (name ?? undefined) : undefined,
    })),
  };
}

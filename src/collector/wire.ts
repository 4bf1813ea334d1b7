import { type Config, type ConnectionConfig, type DatasetConfig, type SinkConfig, whereIs } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import type { Recurrence } from '../core/cron.ts';
import { asQuarryError, QuarryError } from '../core/errors.ts';
import { contextAs } from '../core/format.ts';
import type { Log } from '../core/log.ts';
import { reveal } from '../core/secret.ts';
import { datasets } from '../datasets/registry.gen.ts';
import type { Timeouts } from '../qualys/call-timer.ts';
import { type Client, type ClientOptions, createClient } from '../qualys/client.ts';
import { fetchAnswer } from '../qualys/fetch-answer.ts';
import { createGovernor, type Governor } from '../qualys/governor.ts';
import type { Principal } from '../qualys/sign-in.ts';
import type { Reserve } from '../qualys/waiting.ts';
import { sinks as sinkFiles } from '../sinks/registry.gen.ts';
import { addressKey, addressOf } from './check/address.ts';
import { authorities, principalOf, userOf } from './check/credentials.ts';
import { withEgress } from './check/egress.ts';
import { openLater, openSink } from './deliver/open-sink.ts';
import { resendOf, routesOf, routesTo, takes } from './deliver/routing.ts';
import { shapingOf } from './deliver/shape.ts';
import { feedsInventory, INVENTORY, inventoryConsumer } from './fold/consumer.ts';
import { RETENTION_MS } from './fold/outlived.ts';
import { openGovernors, openHeld } from './held.ts';
import { comparable, type Difference, difference, type Kept, kept } from './kept.ts';
import { obfuscationOf } from './obfuscation.ts';
import type { Observer } from './observer.ts';
import type { CollectorParts } from './parts.ts';
import { withDetails } from './pull/details.ts';
import { nameOf, type Stream } from './stream.ts';
import { joinWorkers, namedFor, type WorkerOptions } from './work/workers.ts';

/** What may wait for a sink before pulling pauses, where the configuration says nothing. */
const MAX_BACKLOG = 20 * 1024 ** 3;
/** The Global Asset Inventory API as Qualys counts limits for it: what `requests_per_hour` is about. */
export const ASSET_INVENTORY_API = 'am/asset';
/** Free space left on the data directory's disk. */
const DISK_RESERVE = 256 * 1024 ** 2;

export type { ApiStatus } from '../qualys/governor.ts';

export interface WireOptions extends WorkerOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
  readonly version: string;
  /** Only these data sets. */
  readonly only?: readonly string[] | undefined;
  /** Other time-outs than the usual ones. */
  readonly timeouts?: Partial<Timeouts> | undefined;
}

export interface Wired {
  readonly parts: CollectorParts;
  /** Subscription → governor: what the limits are and who waits. */
  readonly governors: ReadonlyMap<string, Governor>;
  /**
   * Parts for another configuration; whatever has not changed is the same object as before. Connections in `again` get a
   * client of their own even so. Rejects, and leaves everything as it was, when something cannot be made. One at a time:
   * the caller goes on with the parts and then calls `settled`.
   */
  rewire(config: Config, again: ReadonlySet<string>): Promise<Rewired>;
  close(): Promise<void>;
}

export interface Rewired {
  readonly parts: CollectorParts;
  readonly connections: Difference;
  readonly streams: Difference;
  readonly sinks: Difference;
  /** What was left behind is closed; sinks are closed by the collector. */
  settled(): Promise<void>;
}

type PartSink = CollectorParts['sinks'][number];

/** Everything made from one configuration, by name. */
interface Made {
  readonly clients: ReadonlyMap<string, Kept<Client>>;
  readonly streams: ReadonlyMap<string, Kept<Stream>>;
  readonly sinks: ReadonlyMap<string, Kept<PartSink>>;
}

/** Builds a collector from a checked configuration: data directory held, outbox open, sinks open, clients ready. */
export async function wire(options: WireOptions): Promise<Wired> {
  const { config, clock, log, observer } = options;
  await tryConnections(options);
  const { outbox, release } = await openHeld(config, clock);
  const governors = new Map<string, Governor>();
  const joined = await joinWorkers(options, outbox, governors).catch(async (error: unknown) => {
    await outbox.close();
    release();
    throw error;
  });
  let { results } = config.inventory;
  const inventory = inventoryConsumer(joined === undefined ? outbox : joined.folding, () => results);
  const maxBacklog = new Map([[INVENTORY, MAX_BACKLOG]]);
  const suspends = new Set<string>();
  let made: Made = { clients: new Map(), streams: new Map(), sinks: new Map() };
  const close = async (): Promise<void> => {
    // Not where several fold: which of them is the last is not known here.
    const folding = joined === undefined && made.streams.size > 0 ? [inventory.open] : [];
    await closeAll(
      [
        ...folding,
        ...[...made.sinks.values()].map((sink) => sink.made.open),
        ...[...made.clients.values()].map((one) => one.made),
      ],
      log,
    );
    await joined?.shared.leases.close();
    await outbox.close();
    release();
  };
  async function partsOf(next: Config, again: ReadonlySet<string>): Promise<CollectorParts> {
    if (joined === undefined) await openGovernors(next, outbox.store, clock, governors);
    else for (const { subscription } of next.connections.values()) joined.add(subscription);
    made = await make(next, options, governors, made, again);
    for (const { name, maxBacklogBytes, whenFull } of next.sinks.values()) {
      maxBacklog.set(name, maxBacklogBytes ?? MAX_BACKLOG);
      if (whenFull === 'suspend') suspends.add(name);
      else suspends.delete(name);
    }
    ({ results } = next.inventory);
    const streams = [...made.streams.values()].map((stream) => stream.made);
    return {
      outbox,
      dataDir: config.dataDir,
      streams,
      sinks: [
        ...[...made.sinks.values()].map((sink) => sink.made),
        ...(options.work !== false && streams.some(feedsInventory) ? [inventory] : []),
      ],
      slots: (stream) => () => slotsOf(governors.get(stream.subscription), stream),
      limits: { maxBacklog, suspends, reserve: DISK_RESERVE },
      retention: RETENTION_MS,
      clock,
      log,
      observer,
      shared: joined?.shared,
    };
  }
  async function rewire(next: Config, again: ReadonlySet<string>): Promise<Rewired> {
    await tryConnections({ ...options, config: next });
    const before = made;
    const parts = await partsOf(next, again);
    const gone = [...before.clients].filter(([id, client]) => made.clients.get(id) !== client);
    return {
      parts,
      connections: difference(before.clients, made.clients),
      streams: difference(before.streams, made.streams),
      sinks: difference(before.sinks, made.sinks),
      settled: () =>
        closeAll(
          gone.map(([, client]) => client.made),
          log,
        ),
    };
  }
  try {
    return { governors, close, rewire, parts: await partsOf(config, new Set()) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Makes what the configuration names and `before` has not; when that fails, what was made is closed again. */
async function make(
  config: Config,
  options: WireOptions,
  governors: ReadonlyMap<string, Governor>,
  before: Made,
  again: ReadonlySet<string>,
): Promise<Made> {
  const sinks = new Map<string, Kept<PartSink>>();
  const clients = new Map<string, Kept<Client>>();
  const streams = new Map<string, Kept<Stream>>();
  const users = new Map<string, Principal>();
  try {
    for (const sink of config.sinks.values()) {
      if (!sink.enabled || options.work === false) continue;
      const old = before.sinks.get(sink.name);
      sinks.set(
        sink.name,
        await kept(old, comparable(sink, config.baseDir, routesTo(config, sink.name), config.obfuscationKey), () =>
          sinkOf(sink, config, options, old !== undefined),
        ),
      );
    }
    for (const connection of config.connections.values()) {
      const { datasets: own, ...door } = connection;
      const old = again.has(connection.id) ? undefined : before.clients.get(connection.id);
      const governor = governors.get(connection.subscription)!;
      const client = await kept(old, comparable(door), () => clientOf(connection, config, governor, options, users));
      clients.set(connection.id, client);
      for (const dataset of own.values()) {
        if (
          !dataset.enabled ||
          options.work === false ||
          (options.only !== undefined && !options.only.includes(dataset.name))
        )
          continue;
        const stream = streamOf(connection, dataset, client.made, config);
        const name = nameOf(stream);
        const sameClient = client === before.clients.get(connection.id);
        streams.set(
          name,
          await kept(
            sameClient ? before.streams.get(name) : undefined,
            comparable(dataset, stream.sinks, stream.obfuscation?.mark),
            () => stream,
          ),
        );
      }
    }
    return { sinks, clients, streams };
  } catch (error) {
    const fresh = <T>(now: ReadonlyMap<string, Kept<T>>, old: ReadonlyMap<string, Kept<T>>): T[] =>
      [...now].filter(([name, one]) => old.get(name) !== one).map(([, one]) => one.made);
    await closeAll(
      [...fresh(sinks, before.sinks).map(({ open }) => open), ...fresh(clients, before.clients)],
      options.log,
    );
    throw error;
  }
}

/** A sink, opened; one that takes another's place is opened with its first write, when the other has been closed. */
async function sinkOf(
  sink: SinkConfig,
  config: Config,
  { log, observer, worker }: Pick<WireOptions, 'log' | 'observer' | 'worker'>,
  later: boolean,
): Promise<PartSink> {
  const file = sinkFiles.get(sink.type)!;
  const open = () =>
    file.open(namedFor(sink, worker?.name) as never, {
      ...{ name: sink.name, baseDir: config.baseDir, format: sink.format },
      onConnection: (sender, open) => observer.happening?.({ kind: 'connection', sink: sink.name, sender, open }),
    });
  return {
    name: sink.name,
    open: await (later ? openLater(open) : openSink(open, sink.name, log)),
    batchBytes: file.capabilities.batchBytes,
    shaping: shapingOf(sink),
    contextAs: contextIn,
    takes: (stream) => takes(config, sink.name, stream),
    routesOf: routesOf(config, sink.name),
    resendOf: resendOf(config, sink.name),
    maxBacklog: sink.maxBacklogBytes ?? MAX_BACKLOG,
  };
}

async function closeAll(all: Iterable<{ close(): Promise<void> }>, log: Log): Promise<void> {
  for (const result of await Promise.allSettled([...all].map((one) => one.close())))
    if (result.status === 'rejected') log.warn('closing failed', { what: asQuarryError(result.reason).message });
}

/** What is wrong with a connection is said before anything is made on disk. */
async function tryConnections(options: WireOptions): Promise<void> {
  const { config, clock } = options;
  for (const connection of config.connections.values())
    await clientOf(connection, config, createGovernor({ clock }), options).close();
}

/** The client of a connection. Throws where the sign-in or the address is not one Quarry knows. */
export function clientOf(
  connection: ConnectionConfig,
  config: Config,
  governor: Governor,
  options: Pick<WireOptions, 'clock' | 'log' | 'version' | 'timeouts'> & { readonly observer?: Observer },
  users = new Map<string, Principal>(),
): Client {
  const { id, subscription, signIn, allowPlainHttp, tls, proxy, requestsPerHour, reserve } = connection;
  const log = options.log.child({ connection: id });
  const address = placed(whereIs(config, `connections.${id}.${addressKey(connection)}`), () => addressOf(connection));
  const client: ClientOptions = {
    address,
    credentials: signIn.kind === 'basic' ? signIn : { token: signIn },
    principal: userOf(signIn, address, users),
    governor,
    ...(requestsPerHour === undefined
      ? {}
      : { ownLimits: new Map([[ASSET_INVENTORY_API, { connection: id, perHour: requestsPerHour }]]) }),
    ...(reserve === undefined ? {} : { reserve: reserveOf(reserve) }),
    clock: options.clock,
    userAgent: `quarry/${options.version}`,
    log,
    tls: { verify: tls.verify, ca: authorities(tls, log) },
    ...(proxy === undefined ? {} : { proxy: withoutUndefined(proxy) }),
    allowPlainHttp,
    publicOnly: connection.publicOnly,
    onSignIn: (way, state) => options.observer?.happening?.({ kind: 'sign_in', connection: id, way, state }),
    onAnswer: (api, status, ms) => options.observer?.called?.({ subscription, api, status, ms }),
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
  };
  return placed(whereIs(config, `connections.${id}`), () => createClient(client));
}

/** `10%`, or a number of calls. */
export const reserveOf = (written: number | string): Reserve =>
  typeof written === 'number' ? { calls: written } : { share: Number.parseInt(written, 10) / 100 };

/** Errors of the configuration say where in the file they are. */
function placed<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof QuarryError) || error.next !== 'stop_process') throw error;
    throw new QuarryError(error.code, { what: error.message, where, fix: error.fix });
  }
}

function withoutUndefined({ url, username, password }: NonNullable<ConnectionConfig['proxy']>) {
  return { url, ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

/** A data set on a connection, as the collector runs it. */
export function streamOf(connection: ConnectionConfig, dataset: DatasetConfig, client: Client, config: Config): Stream {
  const facts = datasets.get(dataset.name)!;
  const identity = {
    tenant: connection.tenant,
    subscription: connection.subscription,
    connection: connection.id,
    dataset: dataset.name,
  };
  const every = (chosen: Recurrence | false | undefined, usual: number | undefined): Recurrence | undefined =>
    chosen === false ? undefined : (chosen ?? usual);
  return {
    ...identity,
    facts,
    options: dataset.options,
    fetch: withDetails(facts, dataset.options, async (call, makeReader, hooks) => {
      try {
        return await fetchAnswer(client, call, makeReader, { ...hooks, signIn: facts.signIn });
      } catch (thrown) {
        throw thrown instanceof QuarryError ? withEgress(thrown, connection.egressAddresses) : thrown;
      }
    }),
    principal: principalOf(connection.signIn, facts.signIn),
    obfuscation: obfuscationOf(
      dataset.obfuscate,
      config.obfuscationKey === undefined ? '' : reveal(config.obfuscationKey),
      contextAs(facts.format),
    ),
    startTime: dataset.startTime,
    pageSize: dataset.pageSize ?? facts.detail?.(dataset.options)?.pageSize ?? facts.pageSize,
    schedule: {
      every: dataset.every ?? facts.schedule.every,
      sweepIds: every(dataset.sweepIds, facts.schedule.sweepIds),
      sweepFull: every(dataset.sweepFull, facts.schedule.sweepFull),
    },
    sinks: [
      ...[...config.sinks.values()]
        .filter(({ enabled, name }) => enabled && takes(config, name, identity))
        .map(({ name }) => name),
      ...(feedsInventory(identity) ? [INVENTORY] : []),
    ],
  };
}

const contextIn = (dataset: string): string | undefined => {
  const facts = datasets.get(dataset);
  return facts === undefined ? undefined : contextAs(facts.format);
};

/** How many calls of the stream's own API may run at once; one until an answer has told. */
function slotsOf(governor: Governor | undefined, stream: Stream): number {
  const { api } = stream.facts.records(stream.options, { pageSize: 1 });
  return governor?.status()[api]?.concurrency ?? 1;
}

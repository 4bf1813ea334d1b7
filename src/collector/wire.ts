import { mkdir } from 'node:fs/promises';
import {
  type Config,
  type ConnectionConfig,
  type DatasetConfig,
  type SignInConfig,
  whereIs,
} from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import type { Dataset } from '../core/dataset.ts';
import { asQuarryError, QuarryError } from '../core/errors.ts';
import { contextAs } from '../core/format.ts';
import type { Log } from '../core/log.ts';
import { reveal } from '../core/secret.ts';
import type { StreamIdentity } from '../core/words.ts';
import { datasets } from '../datasets/registry.gen.ts';
import { openOutbox } from '../outbox/outbox.ts';
import { authoritiesFrom } from '../qualys/authorities.ts';
import type { Timeouts } from '../qualys/call-timer.ts';
import { type Client, type ClientOptions, createClient } from '../qualys/client.ts';
import { fetchAnswer } from '../qualys/fetch-answer.ts';
import { createGovernor, type Governor, type SavedGovernor } from '../qualys/governor.ts';
import { resolveAddress } from '../qualys/platforms.ts';
import { sinks as sinkFiles } from '../sinks/registry.gen.ts';
import { holdDirectory } from '../store/lock.ts';
import type { RunningSink } from './deliver.ts';
import type { Observer } from './observer.ts';
import { openSink } from './open-sink.ts';
import type { CollectorParts } from './parts.ts';
import type { Stream } from './stream.ts';
import { capYoungGeneration } from './young-generation.ts';

/** Settled batches that are not current any more are kept a week: long enough to replay what a consumer lost over a weekend. */
const RETENTION_MS = 7 * 86_400_000;
/** What may wait for a sink before pulling pauses, where the configuration says nothing. */
const MAX_BACKLOG = 20 * 1024 ** 3;
/** Free space left on the data directory's disk. */
const DISK_RESERVE = 256 * 1024 ** 2;

export type { ApiStatus } from '../qualys/governor.ts';

export interface WireOptions {
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
  close(): Promise<void>;
}

/** Builds a collector from a checked configuration: data directory held, outbox open, sinks open, clients ready. */
export async function wire(options: WireOptions): Promise<Wired> {
  const { config, clock, log, observer } = options;
  await tryConnections(options);
  const { outbox, release } = await openHeld(config, clock);
  const opened: RunningSink[] = [];
  const clients: Client[] = [];
  const stopWatching = capYoungGeneration();
  const close = async (): Promise<void> => {
    stopWatching();
    const closing = [...opened.map(({ open }) => open), ...clients].map((one) => one.close());
    for (const result of await Promise.allSettled(closing))
      if (result.status === 'rejected') log.warn('closing failed', { what: asQuarryError(result.reason).message });
    await outbox.close();
    release();
  };
  try {
    const parts: (RunningSink & { takes: (stream: StreamIdentity) => boolean })[] = [];
    for (const sink of config.sinks.values()) {
      if (!sink.enabled) continue;
      const file = sinkFiles.get(sink.type)!;
      const open = await openSink(
        () => file.open(sink.options as never, { name: sink.name, baseDir: config.baseDir }),
        sink.name,
        log,
      );
      const running = { name: sink.name, open, batchBytes: file.capabilities.batchBytes, contextAs: contextIn };
      opened.push(running);
      parts.push({ ...running, takes: (stream) => takes(config, sink.name, stream) });
    }
    const governors = await openGovernors(config, outbox.store.db, clock);
    const streams: Stream[] = [];
    for (const connection of config.connections.values()) {
      const client = clientOf(connection, config, governors.get(connection.subscription)!, options);
      clients.push(client);
      for (const dataset of connection.datasets.values()) {
        if (!dataset.enabled || (options.only !== undefined && !options.only.includes(dataset.name))) continue;
        streams.push(streamOf(connection, dataset, client, config));
      }
    }
    const maxBacklog = new Map(parts.map(({ name }) => [name, config.sinks.get(name)?.maxBacklogBytes ?? MAX_BACKLOG]));
    return {
      governors,
      close,
      parts: {
        outbox,
        dataDir: config.dataDir,
        streams,
        sinks: parts,
        slots: (stream) => () => slotsOf(governors.get(stream.subscription), stream),
        limits: { maxBacklog, reserve: DISK_RESERVE },
        retention: RETENTION_MS,
        clock,
        log,
        observer,
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openHeld(config: Config, clock: Clock) {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new QuarryError('QRY4005', {
      what: error instanceof Error ? error.message : String(error),
      where: config.dataDir,
    });
  });
  const release = holdDirectory(`${config.dataDir}/collector.lock`);
  try {
    const databaseUrl = config.databaseUrl === undefined ? undefined : reveal(config.databaseUrl);
    return { outbox: await openOutbox({ dataDir: config.dataDir, databaseUrl }, clock.now()), release };
  } catch (error) {
    release();
    throw error;
  }
}

type BudgetDb = CollectorParts['outbox']['store']['db'];

async function openGovernors(config: Config, db: BudgetDb, clock: Clock): Promise<Map<string, Governor>> {
  const governors = new Map<string, Governor>();
  for (const { subscription } of config.connections.values()) {
    if (governors.has(subscription)) continue;
    const row = await db
      .selectFrom('budget')
      .select('state')
      .where('subscription', '=', subscription)
      .executeTakeFirst();
    const governor: Governor = createGovernor({
      clock,
      saved: row === undefined ? undefined : (JSON.parse(row.state) as SavedGovernor),
      onChange: async () => {
        const state = JSON.stringify(governor.save());
        await db
          .insertInto('budget')
          .values({ subscription, state })
          .onConflict((conflict) => conflict.column('subscription').doUpdateSet({ state }))
          .execute();
      },
    });
    governors.set(subscription, governor);
  }
  return governors;
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
  options: Pick<WireOptions, 'clock' | 'log' | 'version' | 'timeouts'>,
): Client {
  const { id, signIn, platform, apiUrl, gatewayUrl, allowPlainHttp, tls, proxy } = connection;
  const log = options.log.child({ connection: id });
  const at = (part: string): string => whereIs(config, `connections.${id}.${part}`);
  const address = placed(
    at(platform !== undefined ? 'platform' : apiUrl !== undefined ? 'api_url' : 'gateway_url'),
    () => resolveAddress({ platform, api_url: apiUrl, gateway_url: gatewayUrl, allowPlainHttp }),
  );
  const client: ClientOptions = {
    address,
    credentials: signIn.kind === 'basic' ? signIn : { token: signIn },
    governor,
    clock: options.clock,
    userAgent: `quarry/${options.version}`,
    log,
    tls: { verify: tls.verify, ca: authorities(tls, log) },
    ...(proxy === undefined ? {} : { proxy: withoutUndefined(proxy) }),
    allowPlainHttp,
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
  };
  return placed(whereIs(config, `connections.${id}`), () => createClient(client));
}

/** The authorities of a file are read again when it changes. */
function authorities({ ca, caFile }: ConnectionConfig['tls'], log: Log): string | (() => string) | undefined {
  return ca === undefined || caFile === undefined ? ca : authoritiesFrom(caFile, ca, log);
}

/** Who asks for a data set: the user, or the client whose token it is read with. A token tells nothing that lasts. */
function principalOf(signIn: SignInConfig, ways: Dataset['signIn']): string {
  const token = signIn.kind === 'basic' ? signIn.token : signIn;
  const byToken = token !== undefined && (signIn.kind !== 'basic' || ways[0] === 'token');
  if (!byToken) return signIn.kind === 'basic' ? signIn.username : signIn.kind;
  if (token.kind === 'token') return token.kind;
  return token.kind === 'identity_provider' ? (token.username ?? token.clientId) : token.clientId;
}

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
  const every = (chosen: number | false | undefined, usual: number | undefined): number | undefined =>
    chosen === false ? undefined : (chosen ?? usual);
  return {
    ...identity,
    facts,
    options: dataset.options,
    fetch: (call, makeReader, hooks) => fetchAnswer(client, call, makeReader, { ...hooks, signIn: facts.signIn }),
    principal: principalOf(connection.signIn, facts.signIn),
    startTime: dataset.startTime,
    pageSize: dataset.pageSize ?? facts.pageSize,
    schedule: {
      every: dataset.every ?? facts.schedule.every,
      sweepIds: every(dataset.sweepIds, facts.schedule.sweepIds),
      sweepFull: every(dataset.sweepFull, facts.schedule.sweepFull),
    },
    sinks: [...config.sinks.values()]
      .filter(({ enabled, name }) => enabled && takes(config, name, identity))
      .map(({ name }) => name),
  };
}

/** Whether any route sends this stream to the sink. */
function takes(config: Config, sink: string, stream: StreamIdentity): boolean {
  const tenants = config.sinks.get(sink)?.tenants;
  if (tenants !== undefined && !tenants.includes(stream.tenant)) return false;
  return config.routes.some(
    (route) =>
      route.sinks.includes(sink) &&
      (route.datasets?.includes(stream.dataset) ?? true) &&
      (route.connections?.includes(stream.connection) ?? true) &&
      (route.tenants?.includes(stream.tenant) ?? true),
  );
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

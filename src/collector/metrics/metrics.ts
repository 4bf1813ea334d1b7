/**
 * The text of /metrics. What happens (calls, writes, pulls, log lines) is counted as it happens, from the start of the
 * process; what is stored (records, what waits) is read with each scrape, so that these counters go on over a restart.
 * Scrapes that come together share one reading. Counts of the inventory cost a look at every row, so they are looked up
 * every five minutes, and more rarely where that takes long: never more than a hundredth of the time.
 */
import { collectDefaultMetrics } from 'prom-client';
import { averageMs } from '../../core/cron.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import { titleOf } from '../fold/consumer.ts';
import type { Service } from '../service.ts';
import { unpulled } from '../work/workers.ts';
import { type Families, families, type Sample } from './families.ts';
import { type InventoryCounts, inventoryCounts, lastSuccesses, readStored, type Stored } from './stored.ts';

const LOOK_EVERY_MS = 300_000;
const LOOK_SHARE = 100;
const STATES = ['pulling', 'waiting', 'failed', 'stopped'] as const;

export function createMetrics(service: Service): () => Promise<string> {
  const made = families();
  collectDefaultMetrics({ register: made.registry });
  made.set('build_info', [[{ version: service.version, node: process.version }, 1]]);
  made.set('start_time_seconds', [[{}, service.started / 1000]]);
  const succeeded = new Map<string, number>();
  countEvents(service, made, succeeded);
  const looked = lookRarely(service);
  let before: Promise<ReadonlyMap<number, number>> | undefined;
  let scrape: Promise<string> | undefined;

  async function text(): Promise<string> {
    before ??= lastSuccesses(service.outbox);
    const [stored, earlier, inventory] = [
      await readStored(service.outbox, service.config().dataDir),
      await before,
      await looked(),
    ];
    setStreams(service, made, stored, (name, id) => succeeded.get(name) ?? earlier.get(id));
    setSinks(service, made, stored);
    setBudgets(service, made);
    setWorkers(service, made, stored);
    setInventory(made, inventory);
    made.set('config_last_reload_successful', [[{}, service.reloadWorked() ? 1 : 0]]);
    made.set('db_size_bytes', [[{}, stored.database]]);
    made.set('spool_size_bytes', [[{}, stored.spool]]);
    made.set('disk_free_bytes', [[{}, stored.free]]);
    made.set('db_longest_transaction_seconds', [[{}, service.outbox.store.longestTransactionMs() / 1000]]);
    return made.registry.metrics();
  }
  return () => {
    scrape ??= text().finally(() => {
      scrape = undefined;
    });
    return scrape;
  };
}

function countEvents(service: Service, made: Families, succeeded: Map<string, number>): void {
  for (const level of ['debug', 'info', 'warn', 'error'] as const) made.grow('log_messages_total', { level }, 0);
  service.logs.follow(({ item }) => made.grow('log_messages_total', { level: item.level }));
  service.calls.follow(({ item: { subscription, api, status, ms } }) => {
    made.grow('http_requests_total', { subscription, api, code: String(status) });
    made.observe('http_request_duration_seconds', { api }, ms / 1000);
  });
  service.writes.follow(({ item: { sink, failed, ms } }) => {
    const name = titleOf({ sink });
    made.observe('delivery_duration_seconds', { sink: name, outcome: failed ? 'failed' : 'ok' }, ms / 1000);
    made.grow('delivery_retries_total', { sink: name }, failed ? 1 : 0);
  });
  service.events.follow(({ item }) => {
    if (item.kind !== 'report') return;
    const { stream, outcome, elapsedMs, waitedMs, pages, bytes } = item.report;
    const [connection = '', dataset = ''] = stream.split('/');
    const labels = { connection, dataset };
    made.observe('run_duration_seconds', { dataset, outcome }, elapsedMs / 1000);
    made.grow('ratelimit_wait_seconds_total', labels, waitedMs / 1000);
    made.grow('run_pages_total', labels, pages);
    made.grow('run_bytes_total', labels, bytes);
    if (outcome === 'complete') succeeded.set(stream, item.at);
  });
}

function setStreams(
  service: Service,
  made: Families,
  stored: Stored,
  lastSuccess: (stream: string, id: number) => number | undefined,
): void {
  const now = service.clock.now();
  const live = service.streams();
  made.set(
    'streams',
    STATES.map((state) => [{ state }, live.filter((stream) => stream.state?.kind === state).length]),
  );
  made.set(
    'stream_state',
    live.flatMap(({ connection, dataset, state: is }) =>
      STATES.map((state): Sample => [{ connection, dataset, state }, is?.kind === state ? 1 : 0]),
    ),
  );
  made.set(
    'stream_error',
    live.flatMap(({ connection, dataset, state }) =>
      state?.kind === 'failed' || state?.kind === 'stopped'
        ? [[{ connection, dataset, error: state.error.code }, 1] as const]
        : [],
    ),
  );
  const { connections } = service.config();
  made.set(
    'stream_interval_seconds',
    live.flatMap(({ connection, dataset }) => {
      const every = connections.get(connection)?.datasets.get(dataset)?.every ?? datasets.get(dataset)?.schedule.every;
      return every === undefined ? [] : [[{ connection, dataset }, averageMs(every, now) / 1000] as const];
    }),
  );
  // Streams that are configured no more keep their counters, and are no concern of alerts.
  const running = new Set(live.map(({ connection, dataset }) => `${connection}/${dataset}`));
  const own = stored.streams.filter(({ connection, dataset }) => running.has(`${connection}/${dataset}`));
  const each = (value: (stream: Stored['streams'][number]) => number | undefined): Sample[] =>
    own.flatMap((stream) => {
      const is = value(stream);
      return is === undefined ? [] : [[{ connection: stream.connection, dataset: stream.dataset }, is] as const];
    });
  made.set(
    'records_received_total',
    each(({ received }) => received),
  );
  made.set(
    'records_emitted_total',
    each(({ emitted }) => emitted),
  );
  made.set(
    'records_unchanged_total',
    each(({ unchanged }) => unchanged),
  );
  made.set(
    'records_quarantined_total',
    each(({ quarantined }) => quarantined),
  );
  made.set(
    'records_removed_total',
    each(({ removed }) => removed),
  );
  made.set(
    'records_known',
    each(({ knownKeys }) => knownKeys),
  );
  made.set(
    'quarantine_ranges',
    each(({ id }) => stored.quarantined.get(id) ?? 0),
  );
  made.set(
    'sweeps_held',
    each(({ id }) => stored.held.get(id) ?? 0),
  );
  const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);
  made.set(
    'last_success_timestamp_seconds',
    each(({ id, connection, dataset }) => seconds(lastSuccess(`${connection}/${dataset}`, id))),
  );
  made.set(
    'cursor_lag_seconds',
    each(({ checkpoint: { watermark } }) =>
      watermark === undefined ? undefined : Math.max(0, now - Date.parse(watermark)) / 1000,
    ),
  );
}

function setSinks(service: Service, made: Families, { sinks }: Stored): void {
  const now = service.clock.now();
  const each = (value: (sink: Stored['sinks'][number]) => number): Sample[] =>
    sinks.map((sink) => [{ sink: titleOf(sink) }, value(sink)]);
  made.set(
    'records_delivered_total',
    each(({ delivered }) => delivered),
  );
  made.set(
    'records_filtered_total',
    each(({ filtered }) => filtered),
  );
  made.set(
    'records_dropped_total',
    each(({ discarded }) => discarded),
  );
  made.set(
    'dlq_records',
    each(({ parked }) => parked),
  );
  made.set(
    'pending_records',
    each(({ pending }) => pending),
  );
  made.set(
    'pending_bytes',
    each(({ pendingBytes }) => pendingBytes),
  );
  made.set(
    'delivery_lag_seconds',
    each(({ waitingSince }) => (waitingSince === null ? 0 : now - waitingSince) / 1000),
  );
  made.set(
    'sink_up',
    each(({ failing }) => (failing ? 0 : 1)),
  );
  made.set(
    'sink_suspended',
    each(({ suspended }) => (suspended ? 1 : 0)),
  );
}

function setBudgets(service: Service, made: Families): void {
  const budgets = service.budgets();
  const each = (value: (budget: (typeof budgets)[number]) => number | undefined): Sample[] =>
    budgets.flatMap((budget) => {
      const is = value(budget);
      return is === undefined ? [] : [[{ subscription: budget.subscription, api: budget.api }, is] as const];
    });
  made.set(
    'ratelimit_limit',
    each(({ limit }) => limit),
  );
  made.set(
    'ratelimit_remaining',
    each(({ remaining }) => remaining),
  );
  made.set(
    'ratelimit_waiting',
    each(({ waiting }) => waiting),
  );
  made.set(
    'concurrency_in_use',
    each(({ running }) => running),
  );
  made.set(
    'concurrency_limit',
    each(({ concurrency }) => concurrency),
  );
}

function setWorkers(service: Service, made: Families, { shared: { workers, leases } }: Stored): void {
  const alive = workers.filter((worker) => worker.alive);
  made.set('workers', [[{}, alive.length]]);
  made.set(
    'worker_leases',
    alive.map(({ name }) => [{ worker: name }, leases.filter(({ worker }) => worker === name).length]),
  );
  made.set(
    'worker_leases_lost_total',
    workers.map(({ name, lost }) => [{ worker: name }, lost]),
  );
  if (service.outbox.store.dialect.name === 'sqlite') return;
  const config = service.config();
  const nobodys = new Set(unpulled(config, leases));
  const all = new Set([...config.connections.values()].map(({ subscription }) => subscription));
  made.set(
    'subscription_pulled',
    [...all].map((subscription) => [{ subscription }, nobodys.has(subscription) ? 0 : 1]),
  );
}

function setInventory(made: Families, counts: InventoryCounts): void {
  made.set('inventory_assets', [
    [{ state: 'present' }, counts.present],
    [{ state: 'removed' }, counts.removed],
  ]);
  made.set(
    'inventory_detections',
    counts.findings.map(({ severity, open, n }) => [
      { severity: String(severity), status: open ? 'open' : 'closed' },
      n,
    ]),
  );
}

/** The counts of the inventory, as young as they may be for what they cost; only the first scrape waits for them. */
function lookRarely({ outbox, clock }: Service): () => Promise<InventoryCounts> {
  let counts: InventoryCounts | undefined;
  let due = 0;
  let looking: Promise<InventoryCounts> | undefined;
  async function look(): Promise<InventoryCounts> {
    const began = clock.monotonic();
    try {
      counts = await inventoryCounts(outbox);
      return counts;
    } finally {
      const ended = clock.monotonic();
      due = ended + Math.max(LOOK_EVERY_MS, (ended - began) * LOOK_SHARE);
      looking = undefined;
    }
  }
  return async () => {
    if (clock.monotonic() >= due) looking ??= look();
    if (counts === undefined) return looking ?? look();
    looking?.catch(() => {});
    return counts;
  };
}

/**
 * Every metric of Quarry: its name without the prefix, what it counts, its labels. Labels are of closed lists or of the
 * configuration: connections, data sets, sinks, APIs; never a host, a QID or a user. Names are kept from release to
 * release. `docs/reference/metrics.md` is made from this; alerts and dashboard in `deploy/` may name nothing else.
 */
export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly Label[];
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
}

export const LABELS = {
  version: 'of Quarry',
  node: 'version of Node.js',
  subscription: 'as configured',
  connection: 'as configured',
  dataset: 'a data set of the catalogue',
  sink: 'as configured; `(inventory)` is the inventory',
  api: 'an endpoint as Qualys counts limits for it',
  code: 'an HTTP status, 0 where no answer came',
  error: 'an error code of docs/reference/errors.md',
  outcome: '`complete`, `interrupted`, `failed`; of a write `ok`, `failed`',
  state: '`pulling`, `waiting`, `failed`, `stopped`; of devices `present`, `removed`',
  severity: '1 to 5, 0 where none is known',
  status: '`open`, `closed`',
  worker: 'what a worker is called: its host and process where nobody named it',
  level: '`debug`, `info`, `warn`, `error`',
} as const;

export type Label = keyof typeof LABELS;

const STREAM = ['connection', 'dataset'] as const;
const BUDGET = ['subscription', 'api'] as const;
const counter = (help: string, labels: readonly Label[]): Metric => ({ type: 'counter', help, labels });
const gauge = (help: string, labels: readonly Label[]): Metric => ({ type: 'gauge', help, labels });

export const METRICS = {
  build_info: gauge('Always 1.', ['version', 'node']),
  start_time_seconds: gauge('When the collector began.', []),
  config_last_reload_successful: gauge('1 where the last reading of the configuration was taken over.', []),
  log_messages_total: counter('Log lines.', ['level']),

  http_requests_total: counter('Calls sent to Qualys, by status.', [...BUDGET, 'code']),
  http_request_duration_seconds: {
    ...{ type: 'histogram', help: 'From sending a call to Qualys to the headers of its answer.', labels: ['api'] },
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
  },
  ratelimit_limit: gauge('Calls Qualys allows in a window; absent until an answer has told.', BUDGET),
  ratelimit_remaining: gauge('Calls left of it.', BUDGET),
  ratelimit_waiting: gauge('Calls that wait for a limit.', BUDGET),
  ratelimit_wait_seconds_total: counter('Time that calls of ended pulls waited for limits.', STREAM),
  concurrency_in_use: gauge('Calls under way.', BUDGET),
  concurrency_limit: gauge('Calls Qualys allows at once; absent until an answer has told.', BUDGET),

  streams: gauge('Streams by what they are at.', ['state']),
  stream_state: gauge('1 for what the stream is at.', [...STREAM, 'state']),
  stream_error: gauge('1 for the error a stream failed or stopped with; absent otherwise.', [...STREAM, 'error']),
  stream_interval_seconds: gauge('The time from one pull of changes to the next, by its schedule.', STREAM),
  run_duration_seconds: {
    ...{ type: 'histogram', help: 'Pulls that ended.', labels: ['dataset', 'outcome'] },
    buckets: [1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 86_400],
  },
  run_pages_total: counter('Pages that ended pulls accepted.', STREAM),
  run_bytes_total: counter('Bytes of answers that ended pulls read, unpacked.', STREAM),
  last_success_timestamp_seconds: gauge('The end of the last complete pull.', STREAM),
  cursor_lag_seconds: gauge('Now less the watermark: how far back the next pull of changes reaches.', STREAM),
  records_received_total: counter('Records read.', STREAM),
  records_emitted_total: counter('Records that became events: new or updated.', STREAM),
  records_unchanged_total: counter('Records that were known already.', STREAM),
  records_quarantined_total: counter('Records that could not be read.', STREAM),
  records_removed_total: counter('Events of objects that are gone.', STREAM),
  records_known: gauge('Objects known and not removed.', STREAM),
  quarantine_ranges: gauge('Ranges of ids that could not be read and are tried again.', STREAM),
  sweeps_held: gauge('Full readings that found too much missing to be believed.', STREAM),

  records_delivered_total: counter('Events a sink has taken.', ['sink']),
  records_filtered_total: counter('Events that no route lets through to a sink.', ['sink']),
  records_dropped_total: counter('Events discarded by hand.', ['sink']),
  dlq_records: gauge('Events a sink refused for good, kept and not delivered (parked).', ['sink']),
  pending_records: gauge('Events that wait for a sink.', ['sink']),
  pending_bytes: gauge('Bytes of them.', ['sink']),
  delivery_lag_seconds: gauge('How long the oldest waiting batch has waited; 0 where none waits.', ['sink']),
  delivery_duration_seconds: {
    ...{ type: 'histogram', help: 'Writes to a sink.', labels: ['sink', 'outcome'] },
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
  },
  delivery_retries_total: counter('Writes that failed as a whole and are tried again.', ['sink']),
  sink_up: gauge('0 while a sink fails as a whole.', ['sink']),
  sink_suspended: gauge('1 while a sink has more waiting than it may.', ['sink']),

  inventory_assets: gauge('Devices, looked up every few minutes.', ['state']),
  inventory_detections: gauge('Findings still at Qualys, looked up every few minutes.', ['severity', 'status']),

  workers: gauge('Workers seen within the length of a lease; 0 where the database is a file.', []),
  worker_leases: gauge('Pieces of work a worker holds.', ['worker']),
  worker_leases_lost_total: counter('Leases a worker did not renew in time.', ['worker']),
  subscription_pulled: gauge('0 where no worker pulls it; absent where the database is a file.', ['subscription']),

  db_size_bytes: gauge('The database.', []),
  spool_size_bytes: gauge('Bodies of events kept in the data directory.', []),
  disk_free_bytes: gauge('Free space where the data directory is.', []),
  db_longest_transaction_seconds: gauge('The longest write transaction so far.', []),
} satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;
export const PREFIX = 'quarry_';

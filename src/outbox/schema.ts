import type { Generated } from 'kysely';
import type { Migration } from '../store/migrate.ts';
import { manyWritersSchema } from './many-writers.ts';

/** The tables of the outbox and of stream state. Times are milliseconds since the epoch, UTC. */
export interface OutboxSchema {
  meta: { name: string; value: string };
  /** Numbers given out, one row per name, where one writes at a time; see `numbers.ts`. */
  counter: { name: string; value: number };
  /** The space keys are unique in: tenant × subscription × data set; `keys` counts those that are not removed. */
  keyspace: {
    id: number;
    tenant: string;
    subscription: string;
    dataset: string;
    unknown_fields: string;
    keys: Generated<number>;
  };
  stream: StreamTable;
  known_key: KnownKeyTable;
  /** `object`: 1 where its body is an object of a bucket; see `bodies.ts`. */
  segment: { id: number; file: string; bytes: number; object: Generated<number> };
  /** Pieces of a segment where several workers share the database; see `body-table.ts`. */
  segment_body: { file: string; number: number; body: Buffer; at: number };
  batch: BatchTable;
  /**
   * A row exists while the batch is not yet settled at the sink; `settled` lists events of it that already are, as JSON.
   * `round` is 0 for the first queueing; every later one (retry of parked events, replay) has a number of its own.
   */
  delivery: {
    sink: string;
    batch: number;
    state: 'pending' | 'leased';
    attempts: number;
    next_at: number;
    reason: string | null;
    settled: string | null;
    round: Generated<number>;
  };
  sink: SinkTable;
  /** Differences that are not yet in the sinks' rows; see `sink-counts.ts`. */
  sink_change: { sink: string } & { [Name in keyof SinkCounts]: Generated<SinkCounts[Name]> };
  /** Sinks with what is counted at them, of this moment: for reading. */
  sink_now: SinkTable;
  /** Events that fare otherwise than their batch at a sink. */
  parked: { sink: string; batch: number; event: number; event_id: string; code: string; reason: string; at: number };
  quarantine: QuarantineTable;
  sweep: SweepTable;
  /** What a sweep found absent, until it is concluded. */
  absence: { sweep: number; lead: number; key: string };
  /** What an open sweep saw unchanged, where answers have no order to hold the key table against. */
  sweep_seen: { sweep: number; lead: number; key: string };
  pull: { id: number; stream: number; started: number; ended: number | null; outcome: string; report: string };
  /** What the governor knows of limits, so that a restart remembers. */
  budget: { subscription: string; state: string };
}

interface StreamTable {
  id: number;
  tenant: string;
  subscription: string;
  connection: string;
  dataset: string;
  keyspace: number;
  /** Raised by every claim; a write carries the number it claimed with. */
  fence: number;
  seq: number;
  checkpoint: string;
  received: number;
  emitted: number;
  unchanged: number;
  quarantined: number;
  removed: number;
  appended: number;
}

interface KnownKeyTable {
  keyspace: number;
  lead: number;
  key: string;
  fingerprint: string;
  version: string | null;
  changes: number;
  form: number;
  /** The pull (epoch ms) that wrote this row last. */
  since: number;
  /** Where the newest body is: batch, and event number in it. Batch 0: no body was ever here (imported state). */
  batch: number;
  event: number;
}

interface BatchTable {
  id: number;
  stream: number;
  keyspace: number;
  pull: number;
  first_seq: number;
  events: number;
  /** Events of it that still are the newest body of their key. */
  live: number;
  segment: number;
  offset_bytes: number;
  length_bytes: number;
  checksum: number;
  groups: string;
  created: number;
  /** Leading ids of its events lie between these. */
  lead_from: Generated<number>;
  lead_to: Generated<number>;
  /** After compaction: the event numbers that are left, as JSON; null while all are. */
  numbers: string | null;
}

export interface SinkCounts {
  appended: number;
  filtered: number;
  delivered: number;
  parked: number;
  discarded: number;
  pending: number;
  pending_batches: number;
  pending_bytes: number;
  last_delivered: number | null;
}

interface SinkTable {
  name: string;
  appended: number;
  filtered: number;
  delivered: number;
  parked: number;
  discarded: number;
  added: number;
  last_delivered: number | null;
  /** Events, batches and bytes that wait: kept beside the rows of `delivery`, so that asking costs nothing. */
  pending: Generated<number>;
  pending_batches: Generated<number>;
  pending_bytes: Generated<number>;
  /** Nothing is sent before this time: the last write failed as a whole. */
  paused_until: Generated<number>;
  reason: string | null;
  /** The sink is suspended: batches behind this one are not queued for it yet. Null: it is not. */
  suspended: Generated<number | null>;
}

interface QuarantineTable {
  stream: number;
  first: number;
  last: number;
  code: string;
  reason: string;
  since: number;
  tries: number;
  next_at: number;
}

interface SweepTable {
  id: number;
  stream: number;
  kind: 'ids' | 'full';
  started: number;
  /** What the stream asked for when the sweep began; another scope makes absences `out_of_scope`. */
  scope: string;
  state: 'open' | 'held' | 'concluded' | 'dropped';
  reason: string;
  known: number;
  absent: number;
  ended: number | null;
}

/** Numbered, forward only. Expand first, contract in a later release. */
export const outboxMigrations: readonly Migration[] = [
  {
    number: 1,
    name: 'outbox and stream state',
    statements: ({ text, clustered }) => [
      `CREATE TABLE meta (name ${text} PRIMARY KEY, value ${text} NOT NULL)`,
      `CREATE TABLE counter (name ${text} PRIMARY KEY, value bigint NOT NULL)`,
      `CREATE TABLE keyspace (id bigint PRIMARY KEY, tenant ${text} NOT NULL, subscription ${text} NOT NULL, dataset ${text} NOT NULL,
        unknown_fields ${text} NOT NULL, UNIQUE (tenant, subscription, dataset))`,
      `CREATE TABLE stream (id bigint PRIMARY KEY, tenant ${text} NOT NULL, subscription ${text} NOT NULL, connection ${text} NOT NULL,
        dataset ${text} NOT NULL, keyspace bigint NOT NULL, fence bigint NOT NULL, seq bigint NOT NULL, checkpoint ${text} NOT NULL,
        received bigint NOT NULL, emitted bigint NOT NULL, unchanged bigint NOT NULL, quarantined bigint NOT NULL,
        removed bigint NOT NULL, appended bigint NOT NULL, UNIQUE (connection, dataset))`,
      `CREATE TABLE known_key (keyspace bigint NOT NULL, lead bigint NOT NULL, key ${text} NOT NULL, fingerprint ${text} NOT NULL,
        version ${text}, changes bigint NOT NULL, form bigint NOT NULL, since bigint NOT NULL, batch bigint NOT NULL, event bigint NOT NULL,
        PRIMARY KEY (keyspace, lead, key)) ${clustered}`,
      `CREATE TABLE segment (id bigint PRIMARY KEY, file ${text} NOT NULL, bytes bigint NOT NULL)`,
      `CREATE TABLE batch (id bigint PRIMARY KEY, stream bigint NOT NULL, keyspace bigint NOT NULL, pull bigint NOT NULL, first_seq bigint NOT NULL,
        events bigint NOT NULL, live bigint NOT NULL, segment bigint NOT NULL, offset_bytes bigint NOT NULL, length_bytes bigint NOT NULL,
        checksum bigint NOT NULL, groups ${text} NOT NULL, created bigint NOT NULL)`,
      'CREATE INDEX batch_segment ON batch (segment)',
      `CREATE TABLE delivery (sink ${text} NOT NULL, batch bigint NOT NULL, state ${text} NOT NULL, attempts bigint NOT NULL, next_at bigint NOT NULL,
        reason ${text}, settled ${text}, PRIMARY KEY (sink, batch))`,
      'CREATE INDEX delivery_batch ON delivery (batch)',
      `CREATE TABLE sink (name ${text} PRIMARY KEY, appended bigint NOT NULL, filtered bigint NOT NULL, delivered bigint NOT NULL,
        parked bigint NOT NULL, discarded bigint NOT NULL, added bigint NOT NULL, last_delivered bigint)`,
      `CREATE TABLE parked (sink ${text} NOT NULL, batch bigint NOT NULL, event bigint NOT NULL, event_id ${text} NOT NULL, code ${text} NOT NULL,
        reason ${text} NOT NULL, at bigint NOT NULL, PRIMARY KEY (sink, batch, event))`,
      `CREATE TABLE quarantine (stream bigint NOT NULL, first bigint NOT NULL, last bigint NOT NULL, code ${text} NOT NULL, reason ${text} NOT NULL,
        since bigint NOT NULL, tries bigint NOT NULL, next_at bigint NOT NULL, PRIMARY KEY (stream, first))`,
      `CREATE TABLE sweep (id bigint PRIMARY KEY, stream bigint NOT NULL, kind ${text} NOT NULL, started bigint NOT NULL, scope ${text} NOT NULL,
        state ${text} NOT NULL, reason ${text} NOT NULL, known bigint NOT NULL, absent bigint NOT NULL, ended bigint)`,
      `CREATE TABLE absence (sweep bigint NOT NULL, lead bigint NOT NULL, key ${text} NOT NULL, PRIMARY KEY (sweep, lead, key)) ${clustered}`,
      `CREATE TABLE pull (id bigint NOT NULL, stream bigint NOT NULL, started bigint NOT NULL, ended bigint, outcome ${text} NOT NULL,
        report ${text} NOT NULL, PRIMARY KEY (stream, id))`,
      `CREATE TABLE budget (subscription ${text} PRIMARY KEY, state ${text} NOT NULL)`,
    ],
  },
  {
    number: 2,
    name: 'counters beside rows, rounds of delivery, compaction',
    statements: ({ text }) => [
      'ALTER TABLE keyspace ADD COLUMN keys bigint NOT NULL DEFAULT 0',
      `UPDATE keyspace SET keys = (SELECT count(*) FROM known_key k WHERE k.keyspace = keyspace.id AND k.fingerprint <> '-')`,
      'ALTER TABLE batch ADD COLUMN lead_from bigint NOT NULL DEFAULT 0',
      'ALTER TABLE batch ADD COLUMN lead_to bigint NOT NULL DEFAULT 9007199254740991',
      `ALTER TABLE batch ADD COLUMN numbers ${text}`,
      'ALTER TABLE delivery ADD COLUMN round bigint NOT NULL DEFAULT 0',
      'ALTER TABLE sink ADD COLUMN pending bigint NOT NULL DEFAULT 0',
      'ALTER TABLE sink ADD COLUMN pending_batches bigint NOT NULL DEFAULT 0',
      'ALTER TABLE sink ADD COLUMN pending_bytes bigint NOT NULL DEFAULT 0',
      'ALTER TABLE sink ADD COLUMN paused_until bigint NOT NULL DEFAULT 0',
      `ALTER TABLE sink ADD COLUMN reason ${text}`,
      `UPDATE sink SET pending = appended - filtered - delivered - parked - discarded,
        pending_batches = (SELECT count(*) FROM delivery d WHERE d.sink = sink.name),
        pending_bytes = (SELECT coalesce(sum(b.length_bytes), 0) FROM delivery d JOIN batch b ON b.id = d.batch WHERE d.sink = sink.name)`,
      'CREATE INDEX parked_batch ON parked (batch)',
      // Tombstones are looked for by age; other rows are not in this index, so that it costs them nothing.
      `CREATE INDEX known_key_removed ON known_key (since) WHERE fingerprint = '-'`,
    ],
  },
  {
    number: 3,
    name: 'sweeps of answers without an order',
    statements: ({ text, clustered }) => [
      `CREATE TABLE sweep_seen (sweep bigint NOT NULL, lead bigint NOT NULL, key ${text} NOT NULL, PRIMARY KEY (sweep, lead, key)) ${clustered}`,
    ],
  },
  // From 20 on: other rooms number theirs in between.
  {
    number: 20,
    name: 'sinks that are suspended',
    statements: () => ['ALTER TABLE sink ADD COLUMN suspended bigint'],
  },
  {
    number: 40,
    name: 'bodies in the database',
    statements: ({ text }) => [
      `CREATE TABLE segment_body (file ${text} NOT NULL, number bigint NOT NULL, body bytea NOT NULL, at bigint NOT NULL,
        PRIMARY KEY (file, number))`,
      'CREATE INDEX segment_file ON segment (file)',
    ],
  },
  {
    number: 50,
    name: 'bodies by day, bodies in a bucket',
    // Programs of before write and read the same table, and its rest takes what no day is made for.
    admits: 45,
    statements: ({ name, text }) => [
      'ALTER TABLE segment ADD COLUMN object bigint NOT NULL DEFAULT 0',
      'CREATE INDEX segment_object ON segment (id) WHERE object = 1',
      ...(name === 'postgres' ? bodiesByDay(text) : []),
    ],
  },
  {
    number: 63,
    name: 'numbers and counts that many writers do not wait for',
    statements: manyWritersSchema,
  },
];

/** Bodies are packed already, so the server need not try. */
const bodiesByDay = (text: string): string[] => [
  'ALTER TABLE segment_body RENAME TO segment_body_rest',
  'ALTER TABLE segment_body_rest DROP CONSTRAINT segment_body_pkey, ADD PRIMARY KEY (file, number, at)',
  `CREATE TABLE segment_body (file ${text} NOT NULL, number bigint NOT NULL, body bytea STORAGE EXTERNAL NOT NULL, at bigint NOT NULL,
    PRIMARY KEY (file, number, at)) PARTITION BY RANGE (at)`,
  'ALTER TABLE segment_body ATTACH PARTITION segment_body_rest DEFAULT',
];

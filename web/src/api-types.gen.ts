// Generated from the HTTP API by `npm run generate`; changes here are lost.

export interface Problem {
  /** The page of the error code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What happened, with the particulars. */
  readonly detail: string;
  /** A stable code of the catalogue. */
  readonly code: string;
  /** What to do. */
  readonly fix: string;
  readonly where?: string;
  readonly errors?: readonly {
    readonly path: string;
    readonly message: string;
  }[];
  readonly request_id: string;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: string | null;
  readonly actor: string;
  readonly address: string;
  readonly action: string;
  readonly target: string;
  readonly tenant: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface Platform {
  readonly id: string;
  readonly name: string;
  readonly login_url: string;
  readonly api_url: string;
  readonly gateway_url: string;
}

export interface Dataset {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly kind: 'log' | 'entity';
  readonly api: string;
  readonly server: 'api' | 'gateway';
  readonly reads: 'incremental' | 'whole';
  readonly sweeps: readonly string[];
  readonly key: readonly string[];
  readonly permission: {
    readonly roles: string;
    readonly licence: string;
  };
  readonly sign_in: readonly string[];
  /** Where nothing else is configured. */
  readonly schedule: {
    readonly every_ms: number;
    readonly sweep_ids_ms?: number;
    readonly sweep_full_ms?: number;
  };
  readonly destinations: Readonly<Record<string, string>>;
  readonly fields: readonly {
    readonly name: string;
    readonly type: string;
    readonly about: string;
    readonly sensitive?: boolean;
  }[];
  /** JSON Schema of the data set’s own options. */
  readonly options: unknown;
  readonly example: unknown;
  readonly links: readonly string[];
}

export interface Preset {
  readonly name: string;
  readonly title: string;
  readonly datasets: readonly string[];
}

export interface SinkType {
  readonly type: string;
  readonly title: string;
  readonly about: string;
  readonly guarantee: string;
  readonly guarantee_means: string;
  readonly formats: readonly string[];
  /** JSON Schema of its settings. */
  readonly settings: unknown;
}

export interface Chart {
  readonly name: string;
  /** Where the filters of the points lead. */
  readonly view: string;
  /** ISO 8601, UTC. */
  readonly as_of: string;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly {
      readonly label: string;
      readonly value: number;
      readonly filter?: string;
    }[];
  }[];
  readonly note?: string;
}

export interface Status {
  readonly word: 'active' | 'running' | 'waiting' | 'temporary failure' | 'stopped' | 'paused';
  /** ISO 8601, UTC. */
  readonly until?: string;
  /** ISO 8601, UTC. */
  readonly since?: string;
  readonly why?: string;
  readonly code?: string;
  readonly fix?: string;
}

export interface Connection {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly subscription: string;
  readonly platform?: string;
  readonly api_url?: string;
  readonly gateway_url?: string;
  /** Where it is kept; those of the file are read-only here. */
  readonly source: 'file' | 'api';
  readonly read_only: boolean;
  readonly paused: boolean;
  readonly status: Status;
  readonly last_success: string | null;
  /** Records received since the beginning. */
  readonly rows: number;
  readonly datasets_enabled: number;
  readonly datasets_total: number;
  readonly notes: string;
  readonly run_on: string;
  /** What If-Match names; only of those made here. */
  readonly version?: number;
  readonly created: string | null;
  readonly updated: string | null;
}

export interface ConnectionDetail {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly subscription: string;
  readonly platform?: string;
  readonly api_url?: string;
  readonly gateway_url?: string;
  /** Where it is kept; those of the file are read-only here. */
  readonly source: 'file' | 'api';
  readonly read_only: boolean;
  readonly paused: boolean;
  readonly status: Status;
  readonly last_success: string | null;
  /** Records received since the beginning. */
  readonly rows: number;
  readonly datasets_enabled: number;
  readonly datasets_total: number;
  readonly notes: string;
  readonly run_on: string;
  /** What If-Match names; only of those made here. */
  readonly version?: number;
  readonly created: string | null;
  readonly updated: string | null;
  /** As the file would hold them, without secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Which secrets are set, by path. */
  readonly secrets: readonly string[];
}

export interface Setting {
  readonly path: string;
  readonly value: unknown;
  /** quarry.yaml:14, a variable, a preset, made here, or default */
  readonly origin: string;
}

export interface Plan {
  readonly first_calls: number;
  readonly first_hours: number;
  readonly daily_calls: number;
  readonly streams: readonly {
    readonly dataset: string;
    readonly objects?: number;
    readonly first_calls: number;
    readonly pull_calls: number;
    readonly daily_calls: number;
    readonly first_hours: number;
    /** measured: by earlier pulls; assumed: by the number of hosts */
    readonly basis: string;
  }[];
  readonly apis: readonly {
    readonly api: string;
    readonly limit: number;
    readonly window_s: number;
    readonly concurrency: number;
    /** Qualys has named the limit; else it is the standard one. */
    readonly seen: boolean;
    readonly first_calls: number;
    readonly first_hours: number;
    readonly daily_calls: number;
    /** Of what the limit allows in a day; over 1 it falls behind. */
    readonly share: number;
  }[];
}

export interface View {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly sources: readonly string[];
  /** Why it is empty, where it always is. */
  readonly empty?: string;
  readonly key: readonly string[];
  readonly columns: readonly {
    readonly name: string;
    readonly type: 'text' | 'number' | 'time' | 'boolean' | 'list';
    readonly sortable: boolean;
    readonly searchable: boolean;
    readonly about?: string;
  }[];
}

export type Row = Readonly<Record<string, string | number | boolean | null | readonly unknown[]>>;

export interface Event {
  readonly place: string;
  readonly id: string;
  readonly seq: number;
  readonly dataset: string;
  readonly tenant: string;
  readonly subscription: string;
  readonly connection: string;
  readonly pulling_id: string;
  /** ISO 8601, UTC. */
  readonly pulled_at: string;
  /** ISO 8601, UTC. */
  readonly time?: string;
  readonly change: 'new' | 'updated' | 'removed';
  readonly reason?: string;
  readonly flags?: readonly string[];
  readonly key: readonly string[];
  readonly record: Readonly<Record<string, unknown>>;
}

export interface LogLine {
  readonly id: string;
  readonly time: string | null;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Sink {
  readonly name: string;
  readonly title: string;
  readonly type: string;
  readonly format: string;
  /** False for one whose events are kept though it left the configuration. */
  readonly configured: boolean;
  readonly guarantee: string;
  readonly guarantee_means: string;
  /** waiting: events are on their way; failed: the last write failed as a whole */
  readonly state: 'running' | 'waiting' | 'failed' | 'suspended' | 'disabled';
  readonly circuit: 'closed' | 'open' | 'half_open';
  readonly reason: string | null;
  readonly next_try: string | null;
  readonly appended: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly parked: number;
  readonly discarded: number;
  readonly pending: number;
  readonly pending_batches: number;
  readonly pending_bytes: number;
  readonly waiting_since: string | null;
  readonly last_delivered: string | null;
  /** Events delivered a second, since it was last asked. */
  readonly pace_per_s: number | null;
}

export interface Health {
  readonly status: 'ok' | 'warn' | 'failed';
  readonly late_streams: number;
  readonly failed_streams: number;
  readonly total_streams: number;
  /** Absent where the database is a file, and everything is in one process. */
  readonly workers?: {
    readonly alive: number;
    /** Pieces of work that are held. */
    readonly leases: number;
    /** Not renewed in time, by workers seen in the last day. */
    readonly lost_leases: number;
    /** Subscriptions that no worker pulls. */
    readonly unpulled: readonly string[];
  };
  readonly messages: readonly string[];
}

export interface Pull {
  readonly id: string;
  readonly connection: string;
  readonly dataset: string;
  /** In every event of the pull. */
  readonly pulling_id: string;
  /** incremental, full, ids or backfill */
  readonly kind?: string;
  /** running, complete, interrupted, failed, or abandoned by a kill */
  readonly status: string;
  readonly started: string | null;
  readonly ended: string | null;
  readonly requests: number;
  readonly pages: number;
  readonly received: number;
  readonly emitted: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly removed: number;
  readonly bytes: number;
  readonly waited_ms: number;
  readonly held_sweep?: {
    readonly absent: number;
    readonly known: number;
  };
  readonly error?: {
    readonly code: string;
    readonly what: string;
    readonly where?: string;
    readonly fix?: string;
    readonly qualys?: unknown;
  };
}

export interface Stream {
  readonly connection: string;
  readonly dataset: string;
  readonly title: string;
  readonly kind: 'log' | 'entity';
  readonly enabled: boolean;
  /** off: not enabled, or its connection is paused */
  readonly phase: 'pulling' | 'waiting' | 'failed' | 'stopped' | 'starting' | 'off';
  /** ISO 8601, UTC. */
  readonly since?: string;
  /** When the next pull is due, or tried again. */
  readonly until?: string;
  readonly mode?: string;
  readonly why?: string;
  readonly code?: string;
  readonly fix?: string;
  readonly progress?: {
    readonly rows: number;
    readonly bytes: number;
    readonly pages: number;
    /** Ranges still to read. */
    readonly left: number;
    readonly elapsed_ms: number;
  };
  readonly watermark: string | null;
  readonly lag_seconds: number | null;
  readonly rows_total: number;
  readonly emitted: number;
  readonly unchanged: number;
  readonly removed: number;
  readonly known_keys: number;
  /** Ranges set aside now. */
  readonly quarantined: number;
  readonly held_sweep?: {
    readonly id: string;
    readonly absent: number;
    readonly known: number;
    readonly reason: string;
  };
  /** Whether times of it can be read again: a log that is read by times. */
  readonly can_backfill: boolean;
  readonly backfill?: {
    /** ISO 8601, UTC. */
    readonly from: string;
    /** ISO 8601, UTC. */
    readonly to: string;
  };
}

export interface Budget {
  readonly subscription: string;
  readonly api: string;
  /** Calls in the window; absent until Qualys has said it. */
  readonly limit?: number;
  readonly window_s?: number;
  readonly remaining?: number;
  readonly concurrency?: number;
  readonly running: number;
  readonly waiting: number;
  /** ISO 8601, UTC. */
  readonly until?: string;
  readonly because?: string;
}

export interface Overview {
  readonly health: Health;
  readonly volume: readonly {
    readonly dataset: string;
    /** ISO 8601, UTC. */
    readonly hour: string;
    readonly appended: number;
  }[];
  readonly sinks: readonly Sink[];
  readonly budgets: readonly Budget[];
  readonly next_runs: readonly {
    readonly connection: string;
    readonly dataset: string;
    readonly kind: string;
    /** ISO 8601, UTC. */
    readonly at: string;
  }[];
}

export interface Coverage {
  readonly connection: string;
  readonly dataset: string;
  /** Objects known and not removed, now. */
  readonly have: number;
  /** What the last complete reading held; null before the first. */
  readonly read: number | null;
  /** What Qualys had then. */
  readonly qualys: number | null;
  /** How that is known. count: Qualys’s own; ids: its list of ids; reading: the reading speaks for itself */
  readonly by: 'count' | 'ids' | 'reading' | null;
  /** Whether the two agree, but for what came or went meanwhile and what is in quarantine. */
  readonly complete: boolean | null;
  readonly as_of: string | null;
  readonly quarantined: number;
  readonly held: number | null;
  readonly in_inventory: boolean;
}

export interface Quarantined {
  readonly id: string;
  readonly connection: string;
  readonly dataset: string;
  /** The first id of the range. */
  readonly first: number;
  readonly last: number;
  readonly code: string;
  readonly reason: string;
  readonly since: string | null;
  readonly tries: number;
  readonly next_at: string | null;
}

export interface HeldSweep {
  readonly id: string;
  readonly connection: string;
  readonly dataset: string;
  readonly kind: 'ids' | 'full';
  /** What their removal would be called: purged, out_of_scope, aged_out. */
  readonly reason: string;
  readonly known: number;
  readonly absent: number;
  /** Keys of some of the absent. */
  readonly sample: readonly (readonly string[])[];
  readonly started: string | null;
  readonly ended: string | null;
}

export interface SavedQuery {
  readonly name: string;
  readonly expression: string;
  /** The page’s own: columns, sort, facets. */
  readonly presentation: unknown;
  readonly id: string;
  readonly tenant: string;
  readonly owner: string;
  readonly view: string;
  readonly version: number;
  readonly created: string | null;
  readonly updated: string | null;
}

export interface SignedIn {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly tenants: '*' | readonly string[];
}

export interface Session {
  readonly user: SignedIn;
  /** What writes carry as x-csrf-token. */
  readonly csrf_token: string;
}

export interface WaysToSignIn {
  readonly password: boolean;
  readonly oidc: {
    /** What people call the provider. */
    readonly title: string;
  } | null;
}

export interface Check {
  /** DNS, TLS, sign-in (basic), or the data set. */
  readonly check: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly ok: boolean;
  readonly ms?: number;
  /** What was found, or what exactly happened. */
  readonly detail: string;
  readonly code?: string;
  /** The HTTP status, where there was an answer. */
  readonly status?: number;
  readonly title?: string;
  readonly explanation?: string;
  readonly recommendation?: string;
  /** What Qualys itself said. */
  readonly qualys?: string;
}

export interface ParkedEvent {
  readonly sink: string;
  readonly batch: number;
  readonly event: number;
  readonly id: string;
  readonly connection: string;
  readonly dataset: string;
  readonly code: string;
  readonly reason: string;
  readonly at: string | null;
  /** The event. */
  readonly href: string;
}

export interface Test {
  readonly test_id: string;
  readonly connection: string;
  readonly state: 'running' | 'passed' | 'failed';
  readonly started: string | null;
  readonly ended: string | null;
  readonly checks: readonly Check[];
}

export interface TestBegun {
  readonly test_id: string;
  readonly href: string;
  readonly stream: string;
}

export interface Token {
  readonly id: string;
  /** The login it speaks for. */
  readonly user: string;
  /** Its first characters; the rest was shown once. */
  readonly prefix: string;
  readonly name: string;
  readonly scopes: readonly ('read' | 'run' | 'write' | 'admin')[];
  readonly created: string | null;
  readonly expires: string | null;
  readonly last_used: string | null;
}

export interface User {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  /** Whose data they may see: every tenant’s, or those named. */
  readonly tenants: '*' | readonly string[];
  readonly disabled: boolean;
  readonly has_password: boolean;
  readonly version: number;
  readonly created: string | null;
  readonly last_sign_in: string | null;
}

export interface Workers {
  readonly workers: readonly {
    readonly name: string;
    readonly labels: readonly string[];
    readonly version: string;
    readonly started: string | null;
    readonly seen: string | null;
    /** Seen within the length of a lease. */
    readonly alive: boolean;
    readonly leases: number;
    /** Leases it did not renew in time. */
    readonly lost_leases: number;
  }[];
  readonly leases: readonly {
    /** pull/SUBSCRIPTION, deliver/SINK/SUBSCRIPTION or housekeeping */
    readonly work: string;
    /** null: nobody holds it now. */
    readonly worker: string | null;
    /** How many times it has been taken. */
    readonly fence: number;
    readonly since: string | null;
  }[];
}

export interface NewToken {
  readonly id: string;
  /** The login it speaks for. */
  readonly user: string;
  /** Its first characters; the rest was shown once. */
  readonly prefix: string;
  readonly name: string;
  readonly scopes: readonly ('read' | 'run' | 'write' | 'admin')[];
  readonly created: string | null;
  readonly expires: string | null;
  readonly last_used: string | null;
  readonly secret: string;
}

/** What the API answers, as far as the page shows it. Times are ISO 8601 in UTC. */

export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code?: string;
  readonly fix?: string;
  readonly where?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  readonly request_id?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
  readonly total?: number;
}

export type Role = 'viewer' | 'operator' | 'admin';
export interface SignedIn {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly tenants: '*' | readonly string[];
}
export interface Session {
  readonly user: SignedIn;
  readonly csrf_token: string;
}

export type StatusWord = 'active' | 'running' | 'waiting' | 'temporary failure' | 'stopped' | 'paused';
export interface Status {
  readonly word: StatusWord;
  readonly until?: string;
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
  readonly source: 'file' | 'api';
  readonly read_only: boolean;
  readonly paused: boolean;
  readonly status: Status;
  readonly last_success: string | null;
  readonly rows: number;
  readonly datasets_enabled: number;
  readonly datasets_total: number;
  readonly notes: string;
  readonly run_on: string;
  readonly version?: number;
  readonly created: string | null;
  readonly updated: string | null;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly secrets?: readonly string[];
}

export interface Platform {
  readonly id: string;
  readonly name?: string;
  readonly login_url?: string;
  readonly api_url: string;
  readonly gateway_url?: string;
}

export interface Dataset {
  readonly name: string;
  readonly title: string;
  readonly kind: string;
  readonly about: string;
  readonly api?: string;
  readonly schedule: { readonly every_ms: number };
}

export interface Preset {
  readonly name: string;
  readonly title: string;
  readonly datasets: readonly string[];
}

export interface Check {
  readonly check: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly ok: boolean;
  readonly ms?: number;
  readonly detail: string;
  readonly code?: string;
  readonly status?: number;
  readonly title?: string;
  readonly explanation?: string;
  readonly recommendation?: string;
  readonly qualys?: string;
}
export interface TestBegun {
  readonly test_id: string;
  readonly stream: string;
}
export interface Test {
  readonly state: 'running' | 'passed' | 'failed';
  readonly checks: readonly Check[];
}

export interface Progress {
  readonly rows: number;
  readonly bytes: number;
  readonly pages: number;
  readonly left: number;
  readonly elapsed_ms: number;
}
export interface HeldSweepMark {
  readonly id: string;
  readonly absent: number;
  readonly known: number;
  readonly reason: string;
}
export interface Stream {
  readonly connection: string;
  readonly dataset: string;
  readonly title: string;
  readonly kind: 'log' | 'entity';
  readonly enabled: boolean;
  readonly phase: string;
  readonly since?: string;
  readonly until?: string;
  readonly mode?: string;
  readonly why?: string;
  readonly code?: string;
  readonly fix?: string;
  readonly progress?: Progress;
  readonly watermark: string | null;
  readonly lag_seconds: number | null;
  readonly rows_total: number;
  readonly known_keys: number;
  readonly quarantined: number;
  readonly held_sweep?: HeldSweepMark;
  readonly backfill?: { readonly from: string; readonly to: string };
}

export interface Pull {
  readonly id: string;
  readonly connection: string;
  readonly dataset: string;
  readonly pulling_id: string;
  readonly kind?: string;
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
  readonly held_sweep?: { readonly absent: number; readonly known: number };
  readonly error?: { readonly code: string; readonly what: string; readonly fix?: string };
}

export interface HeldSweep {
  readonly id: string;
  readonly connection: string;
  readonly dataset: string;
  readonly kind: string;
  readonly reason: string;
  readonly known: number;
  readonly absent: number;
  readonly sample: readonly (readonly string[])[];
  readonly started: string | null;
}
export interface Quarantined {
  readonly id: string;
  readonly connection: string;
  readonly dataset: string;
  readonly first: number;
  readonly last: number;
  readonly code: string;
  readonly reason: string;
  readonly since: string | null;
  readonly tries: number;
  readonly next_at: string | null;
}

export interface Sink {
  readonly name: string;
  readonly type: string;
  readonly guarantee: string;
  readonly guarantee_means?: string;
  readonly format: string;
  readonly state: string;
  readonly pending: number;
  readonly pending_bytes: number;
  readonly parked: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly discarded: number;
  readonly pace_per_s?: number | null;
  readonly last_delivered: string | null;
  readonly reason: string | null;
  readonly next_try?: string | null;
}

export interface Budget {
  readonly subscription: string;
  readonly api: string;
  readonly limit?: number;
  readonly remaining?: number;
  readonly window_s?: number;
  readonly until?: string;
  readonly running: number;
  readonly waiting: number;
  readonly because?: string;
}

export interface Overview {
  readonly health: {
    readonly status: 'ok' | 'warn' | 'failed';
    readonly late_streams: number;
    readonly failed_streams: number;
    readonly total_streams: number;
    readonly messages: readonly string[];
  };
  readonly volume: readonly { readonly dataset: string; readonly hour: string; readonly appended: number }[];
  readonly sinks: readonly Partial<Sink>[];
  readonly budgets: readonly Budget[];
  readonly next_runs: readonly {
    readonly connection: string;
    readonly dataset: string;
    readonly kind: string;
    readonly at: string;
  }[];
}

/** An event as the `raw` format writes it, and where it lies. */
export interface Event {
  readonly place: string;
  readonly id: string;
  readonly dataset: string;
  readonly connection: string;
  readonly tenant: string;
  readonly pulled_at: string;
  readonly time?: string;
  readonly change: string;
  readonly key: readonly string[];
  readonly record: unknown;
}

export interface LogLine {
  readonly id: string;
  readonly time: string | null;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly msg: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export type ColumnType = 'text' | 'number' | 'time' | 'boolean' | 'list';
export interface ViewColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly sortable: boolean;
  readonly searchable: boolean;
  readonly about?: string;
}
export interface View {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly sources: readonly string[];
  readonly columns: readonly ViewColumn[];
  readonly empty?: string;
}
export type Row = Readonly<Record<string, unknown>>;
export interface Facet {
  readonly value: string | number | boolean | null;
  readonly count: number;
}
export type Facets = Readonly<Record<string, readonly Facet[]>>;

export interface SavedQuery {
  readonly id: string;
  readonly name: string;
  readonly view: string;
  readonly expression?: string;
  readonly presentation?: unknown;
}

export interface User {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly tenants: '*' | readonly string[];
  readonly disabled: boolean;
  readonly version: number;
  readonly last_sign_in?: string | null;
}
export interface Token {
  readonly id: string;
  readonly user: string;
  readonly prefix: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly created: string | null;
  readonly expires: string | null;
  readonly last_used?: string | null;
  readonly secret?: string;
}
export interface AuditEntry {
  readonly id: string;
  readonly time?: string | null;
  readonly at?: string | null;
  readonly actor: string;
  readonly address: string;
  readonly action: string;
  readonly target: string;
  readonly tenant: string;
}

/** What a connection costs in calls to Qualys. */
export interface Cost {
  readonly first_calls: number;
  readonly first_hours: number;
  readonly daily_calls: number;
  readonly streams: readonly {
    readonly dataset: string;
    readonly objects?: number;
    readonly first_calls: number;
    readonly pull_calls: number;
    readonly daily_calls: number;
    readonly basis: string;
  }[];
  readonly apis: readonly {
    readonly api: string;
    readonly limit: number;
    readonly window_s: number;
    readonly seen: boolean;
    readonly first_calls: number;
    readonly first_hours: number;
    readonly daily_calls: number;
    readonly share: number;
  }[];
}

export interface ParkedEvent {
  readonly sink: string;
  readonly batch: number;
  readonly event: number;
  readonly connection: string;
  readonly dataset: string;
  readonly code: string;
  readonly reason: string;
  readonly at: string | null;
  readonly href: string;
}

/** A value of the configuration in force. */
export interface Setting {
  readonly path: string;
  readonly value: unknown;
  readonly origin: string;
}

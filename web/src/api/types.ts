/** What the API answers: its generated types, and names for some of their parts. */
import type * as Api from '../api-types.gen.ts';

export type {
  AuditEntry,
  Budget,
  Check,
  Coverage,
  Dataset,
  Event,
  HeldSweep,
  LogLine,
  Overview,
  ParkedEvent,
  Plan,
  Platform,
  Preset,
  Pull,
  Quarantined,
  Row,
  SavedQuery,
  Session,
  Setting,
  Sink,
  Status,
  Stream,
  Test,
  TestBegun,
  Token,
  User,
  View,
  WaysToSignIn,
  Workers,
} from '../api-types.gen.ts';

/** Of a problem that the page itself finds, only what it knows. */
export type Problem = Pick<Api.Problem, 'title' | 'status' | 'detail'> & Partial<Api.Problem>;

/** One connection is answered with its settings, a list without. */
export type Connection = Api.Connection & Partial<Pick<Api.ConnectionDetail, 'settings' | 'secrets'>>;

export type Role = Api.SignedIn['role'];
export type Progress = NonNullable<Api.Stream['progress']>;
export type ViewColumn = Api.View['columns'][number];
export type ColumnType = ViewColumn['type'];
export type NewToken = Api.NewToken;
export type ServerChart = Api.Chart;

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

/** A list that says how many items all its pages have. */
export interface ListPage<T> extends Page<T> {
  readonly total: number;
  readonly total_is: 'exact' | 'at_least';
}

export interface Facet {
  readonly value: string | number | boolean | null;
  readonly count: number;
}
export type Facets = Readonly<Record<string, readonly Facet[]>>;

/**
 * The life of a finding: what one event makes of it.
 *
 *   (nothing) ──New, Active, Re-Opened──▶ open ──Fixed──▶ closed (fixed) ──New, Active, Re-Opened──▶ open
 *                                          │  ▲                 │
 *                                       removed └── any state ──┤ removed
 *                                          ▼                    ▼
 *                               closed (purged, out_of_scope, aged_out) and no longer at Qualys
 *
 * Invariants: an event that is not newer than what was folded changes nothing; a finding that Qualys fixed before it
 * was removed stays closed as fixed; every closing and every return leaves a row of history, the first opening is the
 * finding's own `opened`. Nothing depends on the time of folding, so that a rebuild from the same events gives the same.
 */
import { type Event, isNewer, type Line, type Origin } from '../event.ts';
import { bit, text, time, whole } from '../values.ts';

/** Codes, because a finding is a row among millions; 0 is anything else. */
export const STATUS = ['', 'New', 'Active', 'Re-Opened', 'Fixed'] as const;
export const TYPE = ['', 'Confirmed', 'Potential', 'Info'] as const;
export const CLOSED = ['', 'fixed', 'purged', 'out_of_scope', 'aged_out'] as const;
export const WHAT = ['', 'opened', 'closed', 'reopened'] as const;
const FIXED = 4;

/** Numbers are whole; times are milliseconds since the epoch, UTC; 0 is none. */
export interface FindingRow {
  host: number;
  qid: number;
  /** What else is in its key: port, protocol, SSL, FQDN and instance, apart by `/`. */
  place: string;
  connection: string;
  seq: number;
  accepted: number;
  port: number;
  protocol: string;
  ssl: number;
  fqdn: string;
  instance: string;
  /** Index in STATUS. */
  status: number;
  type: number;
  severity: number;
  qds: number;
  ignored: number;
  disabled: number;
  first_found: number;
  last_found: number;
  last_fixed: number;
  times_found: number;
  /** When it was opened first, and opened last. */
  opened: number;
  reopened: number;
  reopenings: number;
  /** 0 while it is open. */
  closed: number;
  /** Index in CLOSED. */
  closed_reason: number;
  /** When Qualys was seen without it; 0 while Qualys has it. */
  removed: number;
}

/** A row of history: what happened to a finding, and when. */
export interface HistoryRow {
  readonly host: number;
  readonly qid: number;
  readonly place: string;
  readonly at: number;
  /** Index in WHAT. */
  readonly what: number;
  /** Index in CLOSED. */
  readonly reason: number;
}

export interface FindingKey {
  readonly host: number;
  readonly qid: number;
  readonly place: string;
}

/** Undefined where the key has no host or no QID. */
export function findingKey(key: readonly string[]): FindingKey | undefined {
  const host = Number(key[0]);
  const qid = Number(key[1]);
  if (!(Number.isSafeInteger(host) && host > 0 && Number.isSafeInteger(qid) && qid > 0)) return undefined;
  const [, , port = '', protocol = '', ssl = '', fqdn = '', instance = ''] = key;
  return { host, qid, place: `${port}/${protocol}/${ssl}/${unslashed(fqdn)}/${instance}` };
}

const unslashed = (name: string): string => (/[/%]/.test(name) ? encodeURIComponent(name) : name);

/**
 * The row after an event, and what history gains; `row` itself when the event is not newer. `at` of a closing or a
 * return is Qualys's own time of it, where Qualys says one, else the record's, else when the page was accepted.
 */
export function foldEvent(
  row: FindingRow | undefined,
  key: FindingKey,
  event: Omit<Event, 'key'> & Pick<Line, 'key'>,
  history: HistoryRow[],
): FindingRow | undefined {
  if (row !== undefined && !isNewer(event, row)) return row;
  const { connection, seq, accepted } = event;
  const origin: Origin = { connection, seq, accepted };
  const note = (what: (typeof WHAT)[number], at: number, reason = 0): void => {
    const { host, qid, place } = key;
    history.push({ host, qid, place, at, what: WHAT.indexOf(what), reason });
  };
  if (event.change === 'removed') {
    // What was never seen needs no ending.
    if (row === undefined) return undefined;
    if (row.removed > 0) return { ...row, ...origin };
    if (row.closed > 0) return { ...row, ...origin, removed: accepted };
    const reason = CLOSED.indexOf(event.reason ?? 'purged');
    note('closed', accepted, reason);
    return { ...row, ...origin, removed: accepted, closed: accepted, closed_reason: reason };
  }
  const next = { ...(row ?? unseen(key, event.key)), ...origin, ...said(event), removed: 0 };
  const when = event.time || accepted;
  const isFixed = next.status === FIXED;
  if (row === undefined) next.opened = next.first_found || when;
  const reopenedAt = time(event.record['LAST_REOPENED_DATETIME']);
  if (isFixed) {
    if (row === undefined || row.closed === 0) {
      next.closed = next.last_fixed || when;
      next.closed_reason = 1;
      note('closed', next.closed, 1);
    } else if (row.closed_reason !== 1) {
      // It had gone from view, and comes back fixed.
      next.closed_reason = 1;
    }
  } else if (row !== undefined && row.closed > 0) {
    next.reopened = reopenedAt > row.closed ? reopenedAt : when;
    next.reopenings = row.reopenings + 1;
    next.closed = 0;
    next.closed_reason = 0;
    note('reopened', next.reopened);
  } else if (row === undefined && reopenedAt > next.opened) {
    next.reopened = reopenedAt;
    next.reopenings = whole(event.record['TIMES_REOPENED']) || 1;
    note('reopened', reopenedAt);
  }
  return next;
}

const unseen = (key: FindingKey, [, , port, protocol = '', ssl, fqdn = '', instance = '']: readonly string[]) =>
  ({
    ...key,
    ...{ port: whole(port), protocol: text(protocol), ssl: bit(ssl), fqdn: text(fqdn), instance: text(instance) },
    ...{ status: 0, type: 0, severity: 0, qds: 0, ignored: 0, disabled: 0 },
    ...{ first_found: 0, last_found: 0, last_fixed: 0, times_found: 0 },
    ...{ opened: 0, reopened: 0, reopenings: 0, closed: 0, closed_reason: 0, removed: 0 },
  }) satisfies Omit<FindingRow, keyof Origin>;

/** What a record says of its finding. Two spellings of reopened are about. */
function said({ record }: Pick<Event, 'record'>) {
  const status = text(record['STATUS']);
  return {
    status: status === 'Reopened' ? 3 : Math.max(0, STATUS.indexOf(status as (typeof STATUS)[number])),
    type: Math.max(0, TYPE.indexOf(text(record['TYPE']) as (typeof TYPE)[number])),
    severity: whole(record['SEVERITY']),
    qds: whole(record['QDS']),
    ignored: bit(record['IS_IGNORED']),
    disabled: bit(record['IS_DISABLED']),
    first_found: time(record['FIRST_FOUND_DATETIME']),
    last_found: time(record['LAST_FOUND_DATETIME']),
    last_fixed: time(record['LAST_FIXED_DATETIME']),
    times_found: whole(record['TIMES_FOUND']),
  };
}

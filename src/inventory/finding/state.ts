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
import type { Change, RemovalReason } from '../../core/words.ts';
import { isNewer, type Origin } from '../event.ts';
import { bit, text, whole } from '../values.ts';
import type { Said } from './said.ts';

/** Codes, as in said.ts. */
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

/** What else is in a finding's key, beside host and QID. */
export interface Place {
  readonly port: number;
  readonly protocol: string;
  readonly ssl: number;
  readonly fqdn: string;
  readonly instance: string;
}

export interface FindingKey {
  readonly host: number;
  readonly qid: number;
  readonly place: string;
  readonly parts: Place;
}

/** What an event says of its finding. */
export interface FindingEvent extends Origin {
  readonly at: FindingKey;
  readonly change: Change;
  readonly reason?: RemovalReason;
  /** Qualys's own time of the record; milliseconds, 0 where it has none. */
  readonly time: number;
  readonly said: Said;
}

/** Undefined where the key has no host or no QID. */
export function findingKey([host, qid, ...rest]: readonly string[]): FindingKey | undefined {
  const found = { host: Number(host), qid: Number(qid), ...placeOf(rest) };
  const isId = (id: number): boolean => Number.isSafeInteger(id) && id > 0;
  return isId(found.host) && isId(found.qid) ? found : undefined;
}

/** Of a key's parts behind the QID. */
export function placeOf([port = '', protocol = '', ssl = '', fqdn = '', instance = '']: readonly string[]) {
  return {
    place: `${port}/${protocol}/${ssl}/${unslashed(fqdn)}/${instance}`,
    parts: { port: whole(port), protocol: text(protocol), ssl: bit(ssl), fqdn: text(fqdn), instance: text(instance) },
  } satisfies Partial<FindingKey>;
}

const unslashed = (name: string): string => (/[/%]/.test(name) ? encodeURIComponent(name) : name);

/**
 * The row after an event, and what history gains; `row` itself when the event is not newer. `at` of a closing or a
 * return is Qualys's own time of it, where Qualys says one, else the record's, else when the page was accepted.
 */
export function foldEvent(
  row: FindingRow | undefined,
  event: FindingEvent,
  history: HistoryRow[],
): FindingRow | undefined {
  if (row !== undefined && !isNewer(event, row)) return row;
  const { connection, seq, accepted, said } = event;
  const { host, qid, place } = event.at;
  const note = (what: (typeof WHAT)[number], at: number, reason = 0): void => {
    history.push({ host, qid, place, at, what: WHAT.indexOf(what), reason });
  };
  if (event.change === 'removed') {
    const origin: Origin = { connection, seq, accepted };
    // What was never seen needs no ending.
    if (row === undefined) return undefined;
    if (row.removed > 0) return { ...row, ...origin };
    if (row.closed > 0) return { ...row, ...origin, removed: accepted };
    const reason = CLOSED.indexOf(event.reason ?? 'purged');
    note('closed', accepted, reason);
    return { ...row, ...origin, removed: accepted, closed: accepted, closed_reason: reason };
  }
  const next = rowOf(row, event);
  const when = event.time || accepted;
  const isFixed = next.status === FIXED;
  if (row === undefined) next.opened = next.first_found || when;
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
    next.reopened = said.last_reopened > row.closed ? said.last_reopened : when;
    next.reopenings = row.reopenings + 1;
    next.closed = 0;
    next.closed_reason = 0;
    note('reopened', next.reopened);
  } else if (row === undefined && said.last_reopened > next.opened) {
    next.reopened = said.last_reopened;
    next.reopenings = said.times_reopened || 1;
    note('reopened', next.reopened);
  }
  return next;
}

/** What the event says, on what was known; written out, since spreading objects costs more than all else here. */
function rowOf(row: FindingRow | undefined, { connection, seq, accepted, at, said }: FindingEvent): FindingRow {
  const { host, qid, place, parts } = at;
  return {
    host,
    qid,
    place,
    connection,
    seq,
    accepted,
    port: parts.port,
    protocol: parts.protocol,
    ssl: parts.ssl,
    fqdn: parts.fqdn,
    instance: parts.instance,
    status: said.status,
    type: said.type,
    severity: said.severity,
    qds: said.qds,
    ignored: said.ignored,
    disabled: said.disabled,
    first_found: said.first_found,
    last_found: said.last_found,
    last_fixed: said.last_fixed,
    times_found: said.times_found,
    opened: row?.opened ?? 0,
    reopened: row?.reopened ?? 0,
    reopenings: row?.reopenings ?? 0,
    closed: row?.closed ?? 0,
    closed_reason: row?.closed_reason ?? 0,
    removed: 0,
  };
}

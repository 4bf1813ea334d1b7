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
import { isNewer } from '../event.ts';
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
  readonly place: string;
  readonly port: number;
  readonly protocol: string;
  readonly ssl: number;
  readonly fqdn: string;
  readonly instance: string;
}

export interface FindingKey {
  readonly host: number;
  readonly qid: number;
  readonly place: Place;
}

/** What an event says of its finding; as in Event. One object is filled again and again: see `events.ts`. */
export interface FindingEvent {
  connection: string;
  seq: number;
  accepted: number;
  change: Change;
  reason: RemovalReason | undefined;
  host: number;
  qid: number;
  place: Place;
  /** Qualys's own time of the record; milliseconds, 0 where it has none. */
  time: number;
  readonly said: Said;
}

/** Undefined where the key has no host or no QID. */
export function findingKey([host, qid, ...rest]: readonly string[]): FindingKey | undefined {
  const found = { host: Number(host), qid: Number(qid), place: placeOf(rest) };
  const isId = (id: number): boolean => Number.isSafeInteger(id) && id > 0;
  return isId(found.host) && isId(found.qid) ? found : undefined;
}

/** Of a key's parts behind the QID. */
export const placeOf = ([port = '', protocol = '', ssl = '', fqdn = '', instance = '']: readonly string[]): Place => ({
  place: `${port}/${protocol}/${ssl}/${unslashed(fqdn)}/${instance}`,
  ...{ port: whole(port), protocol: text(protocol), ssl: bit(ssl), fqdn: text(fqdn), instance: text(instance) },
});

const unslashed = (name: string): string => (/[/%]/.test(name) ? encodeURIComponent(name) : name);

/** A row to be filled by the first event of a finding. */
export const noFinding = (): FindingRow => ({
  ...{ host: 0, qid: 0, place: '', connection: '', seq: 0, accepted: 0, port: 0, protocol: '', ssl: 0, fqdn: '' },
  ...{ instance: '', status: 0, type: 0, severity: 0, qds: 0, ignored: 0, disabled: 0, first_found: 0, last_found: 0 },
  ...{ last_fixed: 0, times_found: 0, opened: 0, reopened: 0, reopenings: 0, closed: 0, closed_reason: 0, removed: 0 },
});

/**
 * Makes of `row` what an event says, and adds to history; `isKnown`: it was a finding before. False when it stays as it
 * was: the event is not newer, or ends what was never seen. `at` of a closing or a return is Qualys's own time of it,
 * where Qualys says one, else the record's, else when the page was accepted.
 */
export function foldEvent(row: FindingRow, isKnown: boolean, event: FindingEvent, history: HistoryRow[]): boolean {
  if (isKnown && !isNewer(event, row)) return false;
  const { accepted, said, change } = event;
  if (change === 'removed' && !isKnown) return false;
  const note = (what: (typeof WHAT)[number], at: number, reason = 0): void => {
    const { host, qid, place } = row;
    history.push({ host, qid, place, at, what: WHAT.indexOf(what), reason });
  };
  row.connection = event.connection;
  row.seq = event.seq;
  row.accepted = accepted;
  if (change === 'removed') {
    if (row.removed > 0) return true;
    row.removed = accepted;
    if (row.closed > 0) return true;
    row.closed = accepted;
    row.closed_reason = CLOSED.indexOf(event.reason ?? 'purged');
    note('closed', accepted, row.closed_reason);
    return true;
  }
  takeSaid(row, event);
  const when = event.time || accepted;
  if (!isKnown) begin(row, row.first_found || when);
  if (row.status === FIXED) {
    const wasOpen = row.closed === 0;
    if (wasOpen) row.closed = row.last_fixed || when;
    // One that had gone from view comes back fixed.
    row.closed_reason = 1;
    if (wasOpen) note('closed', row.closed, 1);
  } else if (row.closed > 0) {
    row.reopened = said.last_reopened > row.closed ? said.last_reopened : when;
    row.reopenings++;
    row.closed = 0;
    row.closed_reason = 0;
    note('reopened', row.reopened);
  } else if (!isKnown && said.last_reopened > row.opened) {
    row.reopened = said.last_reopened;
    row.reopenings = said.times_reopened || 1;
    note('reopened', row.reopened);
  }
  return true;
}

function begin(row: FindingRow, opened: number): void {
  row.opened = opened;
  row.reopened = 0;
  row.reopenings = 0;
  row.closed = 0;
  row.closed_reason = 0;
}

/** Written out, since walking over names costs more than all else here. */
function takeSaid(row: FindingRow, { host, qid, place, said }: FindingEvent): void {
  row.host = host;
  row.qid = qid;
  row.place = place.place;
  row.port = place.port;
  row.protocol = place.protocol;
  row.ssl = place.ssl;
  row.fqdn = place.fqdn;
  row.instance = place.instance;
  row.status = said.status;
  row.type = said.type;
  row.severity = said.severity;
  row.qds = said.qds;
  row.ignored = said.ignored;
  row.disabled = said.disabled;
  row.first_found = said.first_found;
  row.last_found = said.last_found;
  row.last_fixed = said.last_fixed;
  row.times_found = said.times_found;
  row.removed = 0;
}

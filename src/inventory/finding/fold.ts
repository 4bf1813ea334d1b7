import type { Store, Transaction } from '../../store/store.ts';
import { columnsOf, rowsOf } from '../columns.ts';
import type { InventorySchema } from '../schema.ts';
import { type FindingEvent, type FindingKey, type FindingRow, foldEvent, type HistoryRow } from './state.ts';

/** What a finding's row is found by. */
const KEY = ['host', 'qid', 'place'] as const;
const REST = [
  ...['connection', 'seq', 'accepted', 'port', 'protocol', 'ssl', 'fqdn', 'instance', 'status', 'type', 'severity'],
  ...['qds', 'ignored', 'disabled', 'first_found', 'last_found', 'last_fixed', 'times_found', 'opened', 'reopened'],
  ...['reopenings', 'closed', 'closed_reason', 'removed'],
] as readonly Exclude<keyof FindingRow, (typeof KEY)[number]>[];
const ALL = [...KEY, ...REST];

/** What folding some events changes; nothing is written yet. */
export interface FindingChanges {
  readonly fresh: readonly FindingRow[];
  readonly changed: readonly FindingRow[];
  readonly history: readonly HistoryRow[];
  /** How many more findings of a host Qualys has now, and how many fewer; hosts without a change are left out. */
  readonly present: ReadonlyMap<number, number>;
}

/** Decides what events, in order, make of the findings there are. Hosts nobody has seen before have none. */
export async function decideFindings(
  store: Store<InventorySchema>,
  space: number,
  events: readonly FindingEvent[],
  isNewHost: (host: number) => boolean,
): Promise<FindingChanges> {
  const nameOf = ({ host, qid, place }: Pick<FindingKey, (typeof KEY)[number]>): string => `${host}/${qid}/${place}`;
  const asked = events.map(({ at }) => at).filter(({ host }) => !isNewHost(host));
  const rows = new Map<string, { before: FindingRow | undefined; now: FindingRow }>();
  if (asked.length > 0) {
    const found = await store.selectMany('finding', { space, ...columnsOf(asked, KEY) }, ALL);
    for (const { row } of rowsOf<FindingRow>(found)) rows.set(nameOf(row), { before: row, now: row });
  }
  const history: HistoryRow[] = [];
  for (const event of events) {
    const name = nameOf(event.at);
    const known = rows.get(name);
    const now = foldEvent(known?.now, event, history);
    if (now === undefined) continue;
    if (known === undefined) rows.set(name, { before: undefined, now });
    else known.now = now;
  }
  const all = [...rows.values()];
  const present = new Map<number, number>();
  for (const { before, now } of all) {
    const more = Number(now.removed === 0) - Number(before !== undefined && before.removed === 0);
    if (more !== 0) present.set(now.host, (present.get(now.host) ?? 0) + more);
  }
  return {
    present,
    fresh: all.flatMap(({ before, now }) => (before === undefined ? [now] : [])),
    changed: all.flatMap(({ before, now }) => (before === undefined || before === now ? [] : [now])),
    history,
  };
}

export async function writeFindings(
  tx: Transaction<InventorySchema>,
  space: number,
  { fresh, changed, history }: FindingChanges,
): Promise<void> {
  if (fresh.length > 0) {
    // In the order of the primary key: neighbours go to the same page.
    const sorted = [...fresh].sort((a, b) => a.host - b.host || a.qid - b.qid);
    await tx.insertMany('finding', { space, ...columnsOf(sorted, ALL) });
  }
  if (changed.length > 0)
    await tx.updateMany('finding', { space, ...columnsOf(changed, KEY) }, columnsOf(changed, REST));
  if (history.length > 0)
    await tx.insertMany('finding_history', { space, ...columnsOf(history, [...KEY, 'at', 'what', 'reason']) });
}

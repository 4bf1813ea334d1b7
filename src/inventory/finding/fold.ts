import type { Store, Transaction } from '../../store/store.ts';
import { columnsOf, rowsOf } from '../columns.ts';
import type { InventorySchema } from '../schema.ts';
import { type FindingEvents, someEvent } from './events.ts';
import { COLUMNS, type FindingRows, findingRows, KEY } from './rows.ts';
import { type FindingRow, foldEvent, type HistoryRow, noFinding } from './state.ts';

/** What folding some events changes; nothing is written yet. */
export interface FindingChanges {
  /** In the order of the primary key: neighbours go to the same page. */
  readonly fresh: FindingRows;
  readonly changed: FindingRows;
  readonly history: readonly HistoryRow[];
  /** How many more findings of a host Qualys has now, and how many fewer; hosts without a change are left out. */
  readonly present: ReadonlyMap<number, number>;
}

/** Decides what events, in order, make of the findings there are. Hosts nobody has seen before have none. */
export async function decideFindings(
  store: Store<InventorySchema>,
  space: number,
  events: FindingEvents,
  isNewHost: (host: number) => boolean,
): Promise<FindingChanges> {
  const order = events.inOrder();
  const isFirst = (n: number): boolean => n === 0 || !events.isSame(order[n - 1]!, order[n]!);
  const known = await knownFindings(
    store,
    space,
    events,
    order.filter((event, n) => isFirst(n) && !isNewHost(events.hostOf(event))),
  );
  const fresh = findingRows(events.count());
  const changed = findingRows(known.size);
  const history: HistoryRow[] = [];
  const present = new Map<number, number>();
  const event = someEvent();
  const unseen = noFinding();
  for (let n = 0; n < order.length; ) {
    const before = known.get(order[n]!);
    const row = before ?? unseen;
    const was = before !== undefined && before.removed === 0;
    let [isKnown, isChanged] = [before !== undefined, false];
    do {
      events.load(order[n]!, event);
      const isFolded = foldEvent(row, isKnown, event, history);
      isChanged ||= isFolded;
      isKnown ||= isFolded;
      n++;
    } while (n < order.length && !isFirst(n));
    if (!isChanged) continue;
    (before === undefined ? fresh : changed).add(row);
    const more = Number(row.removed === 0) - Number(was);
    if (more !== 0) present.set(row.host, (present.get(row.host) ?? 0) + more);
  }
  return { fresh, changed, history, present };
}

/** The findings there are, by the number of the event that asks for them. */
async function knownFindings(
  store: Store<InventorySchema>,
  space: number,
  events: FindingEvents,
  asked: readonly number[],
): Promise<ReadonlyMap<number, FindingRow>> {
  if (asked.length === 0) return new Map();
  const event = someEvent();
  const keys = asked.map((i) => {
    events.load(i, event);
    return { host: event.host, qid: event.qid, place: event.place.place };
  });
  const found = await store.selectMany('finding', { space, ...columnsOf(keys, KEY) }, COLUMNS);
  return new Map(rowsOf<FindingRow>(found).map(({ match, row }) => [asked[match]!, row]));
}

export async function writeFindings(
  tx: Transaction<InventorySchema>,
  space: number,
  { fresh, changed, history }: FindingChanges,
): Promise<void> {
  if (fresh.count() > 0) await tx.insertMany('finding', { space, ...fresh.columns() });
  if (changed.count() > 0) {
    const { host, qid, place, ...set } = changed.columns();
    await tx.updateMany('finding', { space, host, qid, place }, set);
  }
  if (history.length > 0)
    await tx.insertMany('finding_history', { space, ...columnsOf(history, [...KEY, 'at', 'what', 'reason']) });
}

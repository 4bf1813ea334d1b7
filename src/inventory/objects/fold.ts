import type { Outcome } from '../../core/sink.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { columnsOf, rowsOf } from '../columns.ts';
import { type Event, isNewer, type Origin, refused } from '../event.ts';
import type { InventorySchema } from '../schema.ts';
import type { ObjectKind } from './object.ts';

type Row = Readonly<Record<string, string | number>>;

export interface ObjectChanges {
  readonly kind: ObjectKind;
  readonly fresh: readonly Row[];
  readonly changed: readonly Row[];
}

/** A key, or what the event is refused for. */
export function objectKey(kind: ObjectKind, { record, key }: Pick<Event, 'record' | 'key'>): Row | Outcome {
  const row: Record<string, string | number> = {};
  for (const [name, read] of Object.entries(kind.key)) {
    const value = read(record, key);
    if ((value === '' || value === 0) && kind.optional?.includes(name) !== true)
      return refused(`the key names no ${name}`);
    row[name] = value;
  }
  return row;
}

/** Decides what events, in order, make of the objects there are. */
export async function decideObjects(
  store: Store<InventorySchema>,
  space: number,
  kind: ObjectKind,
  events: readonly { readonly at: Row; readonly event: Event }[],
): Promise<ObjectChanges> {
  const keys = Object.keys(kind.key);
  const nameOf = (row: Row): string => JSON.stringify(keys.map((key) => row[key]));
  const table = kind.table as keyof InventorySchema;
  const match = columnsOf(
    events.map(({ at }) => at),
    keys,
  );
  const found = await store.selectMany(table, { space, ...match }, [...keys, ...columnsIn(kind)]);
  const before = new Map(rowsOf<Row>(found).map(({ row }) => [nameOf(row), row]));
  const now = new Map(before);
  for (const { at, event } of events) {
    const name = nameOf(at);
    const next = after(now.get(name), at, event, kind);
    if (next !== undefined) now.set(name, next);
  }
  const fresh = [...now].flatMap(([name, row]) => (before.has(name) ? [] : [row]));
  return {
    kind,
    fresh,
    changed: [...now].flatMap(([name, row]) => (before.get(name) === row || !before.has(name) ? [] : [row])),
  };
}

const ORIGIN = ['connection', 'seq', 'accepted', 'removed', 'removed_at', 'returned'] as const;
const columnsIn = ({ columns }: ObjectKind): string[] => [...Object.keys(columns), ...ORIGIN];

function after(was: Row | undefined, at: Row, event: Event, kind: ObjectKind): Row | undefined {
  const { connection, seq, accepted } = event;
  if (was !== undefined && !isNewer(event, was as unknown as Origin)) return undefined;
  if (event.change === 'removed') {
    const removed = event.reason ?? 'purged';
    if (was === undefined) return undefined;
    const returned = was['removed'] === '' ? was['accepted']! : was['returned']!;
    return { ...was, connection, seq, accepted, removed, removed_at: accepted, returned };
  }
  const said = Object.fromEntries(
    Object.entries(kind.columns).map(([name, read]) => [name, read(event.record, event.key)]),
  );
  return { ...at, ...said, connection, seq, accepted, removed: '', removed_at: 0, returned: 0 };
}

export async function writeObjects(
  tx: Transaction<InventorySchema>,
  space: number,
  { kind, fresh, changed }: ObjectChanges,
): Promise<void> {
  const table = kind.table as keyof InventorySchema;
  const keys = Object.keys(kind.key);
  const rest = columnsIn(kind);
  if (fresh.length > 0) await tx.insertMany(table, { space, ...columnsOf(fresh, [...keys, ...rest]) });
  if (changed.length > 0) await tx.updateMany(table, { space, ...columnsOf(changed, keys) }, columnsOf(changed, rest));
}

import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { describeStores } from '../../test/support/stores.ts';
import type { Batch } from '../core/sink.ts';
import { migrate } from '../store/migrate.ts';
import type { Store } from '../store/store.ts';
import { foldBatches } from './fold.ts';
import { type CompleteReading, DEFAULT_POLICY, type Thresholds } from './policy.ts';
import { type InventorySchema, inventoryMigrations } from './schema.ts';
import { viewsOf } from './views.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 20);
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000', '');

/** One event of a data set whose page was accepted so long before now. */
function batchOf(dataset: string, seq: number, key: readonly string[], ago: number, record?: object): Batch {
  const head = { id: `id${seq}`, seq, dataset, pulled_at: new Date(NOW - ago).toISOString() };
  const change = record === undefined ? { change: 'removed', reason: 'purged' } : { change: 'new' };
  const bytes = Buffer.from(`${JSON.stringify({ ...head, ...change, key, record: record ?? {} })}\n`);
  return {
    ...{ id: `b${seq}`, tenant: 't', subscription: 's', connection: 'c', dataset, pullingId: '1' },
    ...{ count: 1, bytes, ends: [bytes.length] },
    eventId: () => head.id,
    seq: () => seq,
    key: () => JSON.stringify(key),
    change: () => (record === undefined ? 'removed' : 'new'),
    time: () => iso(NOW - ago),
  };
}

interface Kind {
  readonly kind: 'devices' | 'users';
  readonly dataset: string;
  readonly column: string;
  readonly key: (name: string) => string[];
  /** A record of something Qualys saw so long before now; undefined: never. */
  readonly record: (name: string, seen: number | undefined) => object;
}
const KINDS: readonly Kind[] = [
  {
    ...{ kind: 'devices', dataset: 'host_list', column: 'host_id', key: (name) => [name] },
    record: (name, seen) => ({
      ...{ ID: name, IP: '10.0.0.1' },
      ...(seen === undefined ? {} : { LAST_VM_SCANNED_DATE: iso(NOW - seen) }),
    }),
  },
  {
    ...{ kind: 'users', dataset: 'users', column: 'login', key: (name) => [name, '', ''] },
    record: (name, seen) => ({
      ...{ USER_LOGIN: name, USER_ROLE: 'Reader' },
      ...(seen === undefined ? {} : { LAST_LOGIN_DATE: iso(NOW - seen) }),
    }),
  },
];

describeStores('the thresholds of the inventory', (place) => {
  test.each(KINDS)('[A43, E2] $kind: ignored when not seen, gone when not returned, nothing deleted', async (one) => {
    const { kind, dataset, column, key, record } = one;
    const store: Store<InventorySchema> = await (await place.place()).openStore<InventorySchema>();
    await migrate(store, inventoryMigrations, 1);
    const has = (name: string, seq: number, ago: number, seen?: number) =>
      batchOf(dataset, seq, key(name), ago, record(name, seen));
    await foldBatches(store, [
      has('1', 1, 2 * HOUR, 10 * HOUR),
      has('2', 2, 50 * HOUR, 100 * HOUR),
      has('3', 3, 50 * HOUR, undefined),
      has('4', 4, 50 * HOUR, 10 * HOUR),
    ]);
    // Missing from a complete reading of six hours ago.
    await foldBatches(store, [batchOf(dataset, 5, key('4'), 6 * HOUR)]);
    const shown = async (thresholds: Thresholds, readings: readonly CompleteReading[] = []): Promise<string> => {
      const policy = { ...DEFAULT_POLICY, [kind]: thresholds };
      const { columns, from, where } = viewsOf({ policy, now: NOW, readings }).get(kind)!;
      const name = columns.find((of) => of.name === column)!.sql;
      const { rows } = await sql
        .raw<{ x: unknown }>(`SELECT ${name} AS x FROM ${from} WHERE ${where}`)
        .execute(store.db);
      return rows
        .map(({ x }) => String(x))
        .toSorted()
        .join(' ');
    };
    const reading = (ago: number): CompleteReading => ({ tenant: 't', subscription: 's', dataset, at: NOW - ago });

    // Without thresholds: what Qualys has, and what a complete reading missed is gone at once.
    expect(await shown({})).toBe('1 2 3');

    // Ignore, not seen by the source in the last X hours: by last seen (users: last login); what has none is shown.
    expect(await shown({ ignoreNotSeen: 100 * HOUR })).toBe('1 2 3');
    expect(await shown({ ignoreNotSeen: 100 * HOUR - 1 })).toBe('1 3');
    expect(await shown({ ignoreNotSeen: 9 * HOUR })).toBe('3');

    // Delete, not returned in the last X hours: by when it came, however long ago it was seen.
    expect(await shown({ deleteNotReturned: 50 * HOUR })).toBe('1 2 3');
    expect(await shown({ deleteNotReturned: 50 * HOUR - 1 })).toBe('1');
    // A complete reading that succeeded returned whatever it did not find missing; an older one proves nothing.
    expect(await shown({ deleteNotReturned: 24 * HOUR }, [reading(24 * HOUR)])).toBe('1 2 3');
    expect(await shown({ deleteNotReturned: 24 * HOUR }, [reading(24 * HOUR + 1)])).toBe('1');
    for (const other of [{ tenant: 'u' }, { subscription: 'x' }, { dataset: 'tickets' }])
      expect(await shown({ deleteNotReturned: 24 * HOUR }, [{ ...reading(HOUR), ...other }])).toBe('1');

    // Delete, not returned by a successful fetch: only a complete reading that missed it starts the clock.
    expect(await shown({ deleteNotReturnedBySuccess: 6 * HOUR })).toBe('1 2 3 4');
    expect(await shown({ deleteNotReturnedBySuccess: 6 * HOUR - 1 })).toBe('1 2 3');

    // What is gone was returned by the pull that brought it, not by the reading that missed it.
    const kept = (deleteNotReturned: number, readings: readonly CompleteReading[] = []) =>
      shown({ deleteNotReturned, deleteNotReturnedBySuccess: 12 * HOUR }, readings);
    expect(await kept(50 * HOUR)).toBe('1 2 3 4');
    expect(await kept(50 * HOUR - 1)).toBe('1');
    // Or by a complete reading before that one, which found it still there.
    expect(await kept(24 * HOUR, [reading(20 * HOUR), reading(7 * HOUR)])).toBe('1 2 3 4');
    expect(await kept(24 * HOUR, [reading(7 * HOUR)])).toBe('1 2 3');
    expect(await kept(10 * HOUR, [reading(20 * HOUR), reading(7 * HOUR)])).toBe('1 2 3');
    expect(await kept(24 * HOUR, [reading(7 * HOUR), reading(5 * HOUR), reading(HOUR)])).toBe('1 2 3');

    // Together, each hides what it is about; and a longer time shows everything again.
    expect(await shown({ ignoreNotSeen: 50 * HOUR, deleteNotReturnedBySuccess: 12 * HOUR })).toBe('1 3 4');
    expect(await shown({ ignoreNotSeen: 999 * HOUR, deleteNotReturned: 999 * HOUR })).toBe('1 2 3');

    // Found missing once more, or back: only what brings it returns it.
    await foldBatches(store, [batchOf(dataset, 6, key('4'), 3 * HOUR)]);
    expect(await kept(50 * HOUR - 1)).toBe('1');
    await foldBatches(store, [has('4', 7, HOUR, 10 * HOUR)]);
    expect(await shown({ deleteNotReturned: 2 * HOUR })).toBe('1 4');
    await foldBatches(store, [batchOf(dataset, 8, key('4'), HOUR / 2)]);
    expect(await kept(HOUR)).toBe('4');
    expect(await kept(HOUR - 1)).toBe('');
    await store.close();
  });
});

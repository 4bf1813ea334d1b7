import { expect, test } from 'vitest';
import { describeStores } from '../../../test/support/stores.ts';
import { DEFAULT_POLICY } from '../../inventory/policy.ts';
import { type OutboxSchema, outboxMigrations } from '../../outbox/schema.ts';
import { migrate } from '../../store/migrate.ts';
import { completeReadings } from './coverage.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 20);

describeStores('complete readings', (kind) => {
  test('[A43] are the first two since the threshold of what they hold, and none without one', async () => {
    const store = await (await kind.place()).openStore<OutboxSchema>();
    await migrate(store, outboxMigrations, 1);
    const zero = { received: 0, emitted: 0, unchanged: 0, quarantined: 0, removed: 0, appended: 0 };
    const of = { connection: 'c', keyspace: 1, fence: 1, seq: 0, checkpoint: '{}', ...zero };
    const datasets = ['host_list', 'users', 'tickets'];
    for (const [i, dataset] of datasets.entries())
      await store.db
        .insertInto('stream')
        .values({ ...of, id: i + 1, dataset, tenant: 't', subscription: 's' })
        .execute();
    const sweep = { kind: 'ids' as const, scope: '', reason: '', known: 1, absent: 0, ended: null };
    let id = 0;
    for (const stream of [1, 2, 3])
      for (const [ago, state] of [
        [50, 'concluded'],
        [40, 'concluded'],
        [30, 'dropped'],
        [20, 'concluded'],
        [10, 'concluded'],
      ] as const)
        await store.db
          .insertInto('sweep')
          .values({ ...sweep, id: ++id, stream, state, started: NOW - ago * HOUR })
          .execute();
    const found = async (devices: number | undefined, users: number | undefined): Promise<string[]> => {
      const hours = (n: number | undefined) => (n === undefined ? {} : { deleteNotReturned: n * HOUR });
      const policy = { ...DEFAULT_POLICY, devices: hours(devices), users: hours(users) };
      const readings = await completeReadings({ store }, policy, NOW + 59_000);
      return readings.map(({ dataset, at }) => `${dataset} ${(NOW - at) / HOUR}`).toSorted();
    };
    expect(await found(undefined, undefined)).toEqual([]);
    expect(await found(45, undefined)).toEqual(['host_list 20', 'host_list 40']);
    expect(await found(undefined, 50)).toEqual(['users 40', 'users 50']);
    expect(await found(20, 15)).toEqual(['host_list 10', 'host_list 20', 'users 10']);
  });
});

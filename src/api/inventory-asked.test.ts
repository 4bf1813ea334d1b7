import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fillInventory } from '../../test/support/inventory-rows.ts';
import { inventoryStore, openOutbox } from '../collector/port.ts';
import { systemClock } from '../core/clock.ts';
import { DEFAULT_POLICY } from '../inventory/policy.ts';
import { countOf } from '../inventory/query/query.ts';
import { claimStream } from '../outbox/streams.ts';
import { asked } from './inventory-asked.ts';

const T0 = Date.UTC(2026, 10, 21);

it('questions to the inventory cannot write, and are answered while the collector holds its database', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'quarry-asked-'));
  const outbox = await openOutbox({ dataDir }, T0);
  const look = await openOutbox({ dataDir, readOnly: true }, T0);
  try {
    const service = { clock: systemClock, config: () => ({ inventory: { sla: {}, devices: {}, users: {} } }) } as never;
    const request = { principal: { tenants: '*' } } as never;
    const begun = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const held = outbox.store.transaction(() => {
      begun.resolve();
      return over.promise;
    });
    await begun.promise;
    const whom = await asked({ service, look }, request);
    expect(await countOf(whom, 'devices', {})).toBe(0);
    await expect(whom.store.transaction((tx) => tx.db.deleteFrom('device').execute())).rejects.toThrow(/readonly/);
    await expect(inventoryStore(look).db.deleteFrom('device').execute()).rejects.toThrow(/readonly/);
    over.resolve();
    await held;
  } finally {
    await look.close();
    await outbox.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

it('are answered under the policy of the configuration as it is now, with the complete readings there were', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'quarry-asked-'));
  const outbox = await openOutbox({ dataDir }, T0);
  try {
    const inventory = inventoryStore(outbox);
    await fillInventory(inventory, { devices: 40, perDevice: 3, qids: 10, seed: 1, now: T0 });
    const from = { tenant: 'acme', subscription: 's', connection: 'c', dataset: 'host_list' };
    const { stream } = await claimStream(outbox.store, from);
    const ended = { kind: 'full' as const, scope: '', reason: 'purged', known: 1, absent: 0, ended: T0 };
    await outbox.store.db
      .insertInto('sweep')
      .values({ ...ended, id: 1, stream, started: T0 - 7, state: 'concluded' })
      .execute();
    let policy = DEFAULT_POLICY;
    const service = { clock: { ...systemClock, now: () => T0 }, config: () => ({ inventory: policy }) } as never;
    const ask = () => asked({ service, look: outbox }, { principal: { tenants: '*' } } as never);
    const devices = async (): Promise<number> => countOf(await ask(), 'devices', {});
    const all = await devices();
    policy = { ...DEFAULT_POLICY, devices: { ignoreNotSeen: 20 * 86_400_000 } };
    expect(await devices()).toBeLessThan(all);
    expect(await devices()).toBeGreaterThan(0);
    policy = { ...DEFAULT_POLICY, sla: { 5: 1, 4: 1, 3: 1, 2: 1, 1: 1 } };
    expect(await devices()).toBe(all);
    expect(await countOf(await ask(), 'findings', { filter: 'overdue=true' })).toBeGreaterThan(0);
    policy = DEFAULT_POLICY;
    expect(await countOf(await ask(), 'findings', { filter: 'overdue=true' })).toBe(0);
    const readings = async () => (await ask()).context.readings;
    expect(await readings()).toEqual([]);
    policy = { ...DEFAULT_POLICY, devices: { deleteNotReturned: 86_400_000 } };
    expect(await readings()).toEqual([{ tenant: 'acme', subscription: 's', dataset: 'host_list', at: T0 - 7 }]);
  } finally {
    await outbox.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

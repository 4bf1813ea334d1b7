import { expect, it } from 'vitest';
import { describeStores, type Place } from '../../test/support/stores.ts';
import { Secret } from '../core/secret.ts';
import { migrate } from '../store/migrate.ts';
import type { Store } from '../store/store.ts';
import { listAudit } from './audit.ts';
import {
  addConnection,
  changeConnection,
  connectionOf,
  duplicateConnection,
  listConnections,
  removeConnection,
  secretNames,
  storedSections,
} from './connections.ts';
import { addQuery, changeQuery, listQueries, removeQuery } from './saved-queries.ts';
import { type AccountsSchema, accountsMigrations } from './schema.ts';
import { keyring, newKey } from './seal.ts';
import { anySealed, sealAgain } from './sealed.ts';

const WHO = { actor: 'ada', address: '127.0.0.1' };
const T0 = Date.UTC(2026, 10, 21);
const CANARY = 'canary-58f3';
const KEYS = keyring([newKey()]);
const GIVEN = {
  id: 'eu-1',
  tenant: 'acme',
  name: 'Europe',
  settings: {
    platform: 'EU1',
    username: 'u',
    password: CANARY,
    proxy: { url: 'http://p:3128', password: `${CANARY}-proxy` },
    datasets: ['host_list'],
  },
};

const open = async (place: Place): Promise<Store<AccountsSchema>> => {
  const store = await place.openStore<AccountsSchema>();
  await migrate(store, accountsMigrations, T0);
  return store;
};

describeStores('stored connections', (kind) => {
  it('[fault 91] keep their secrets sealed, apart, and out of the audit log', async () => {
    const store = await open(await kind.place());
    const made = await addConnection(store, KEYS, GIVEN, WHO, T0);
    expect(made.settings).toEqual({
      platform: 'EU1',
      username: 'u',
      proxy: { url: 'http://p:3128' },
      datasets: ['host_list'],
    });
    expect(await secretNames(store, 'eu-1')).toEqual(['password', 'proxy.password']);
    const stored = [
      await store.db.selectFrom('stored_connection').selectAll().execute(),
      await store.db.selectFrom('sealed_secret').selectAll().execute(),
      await listAudit(store, { limit: 10 }),
    ];
    expect(JSON.stringify(stored)).not.toContain(CANARY);
    expect(await storedSections(store, KEYS)).toEqual({ 'eu-1': { tenant: 'acme', ...GIVEN.settings } });
  });

  it('[S18] change by version; id, tenant and platform stay, secrets that are not given stay', async () => {
    const store = await open(await kind.place());
    await addConnection(store, KEYS, GIVEN, WHO, T0);
    await expect(addConnection(store, KEYS, GIVEN, WHO, T0)).rejects.toMatchObject({ code: 'QRY8002' });
    const { password: _, ...rest } = GIVEN.settings;
    const settings = { ...rest, username: 'v', proxy: { url: 'http://q:3128' } };
    const changed = await changeConnection(store, KEYS, 'eu-1', 1, { settings, notes: 'n' }, WHO, T0 + 1);
    expect(changed).toMatchObject({ version: 2, notes: 'n', name: 'Europe', updated: T0 + 1 });
    expect(await storedSections(store, KEYS)).toMatchObject({
      'eu-1': { username: 'v', password: CANARY, proxy: { url: 'http://q:3128', password: `${CANARY}-proxy` } },
    });
    const change = (change: object, version?: number) =>
      changeConnection(store, KEYS, 'eu-1', version, change, WHO, T0);
    await expect(change({ name: 'x' }, 1)).rejects.toMatchObject({ code: 'QRY8004' });
    await expect(change({ settings: { ...rest, platform: 'US1' } })).rejects.toMatchObject({ code: 'QRY8021' });
    await expect(change({ notes: 'n'.repeat(251) })).rejects.toMatchObject({ code: 'QRY8020' });
    await expect(addConnection(store, KEYS, { ...GIVEN, id: 'Not an id' }, WHO, T0)).rejects.toMatchObject({
      code: 'QRY8020',
    });
    expect((await connectionOf(store, 'eu-1'))?.version).toBe(2);
  });

  it('are duplicated with their secrets, paused; pause and removal take them out', async () => {
    const store = await open(await kind.place());
    await addConnection(store, KEYS, GIVEN, WHO, T0);
    const copy = await duplicateConnection(store, KEYS, 'eu-1', { id: 'eu-2' }, WHO, T0);
    expect(copy).toMatchObject({ id: 'eu-2', name: 'Europe (copy)', paused: true, version: 1 });
    expect(Object.keys(await storedSections(store, KEYS))).toEqual(['eu-1']);
    await changeConnection(store, KEYS, 'eu-2', 1, { paused: false }, WHO, T0);
    expect(await storedSections(store, KEYS)).toMatchObject({ 'eu-2': { password: CANARY } });
    await removeConnection(store, 'eu-1', undefined, WHO, T0);
    expect((await listConnections(store)).map(({ id }) => id)).toEqual(['eu-2']);
    expect(await secretNames(store, 'eu-1')).toEqual([]);
    await expect(removeConnection(store, 'eu-1', undefined, WHO, T0)).rejects.toMatchObject({ code: 'QRY8003' });
    await removeConnection(store, 'eu-2', undefined, WHO, T0);
    expect(await anySealed(store)).toBe(false);
  });

  it('[fault 92] are sealed again with a new key, also after a kill half way', async () => {
    const store = await open(await kind.place());
    const [old, young] = [newKey(), newKey()];
    const before = keyring([old]);
    for (let i = 0; i < 60; i++) await addConnection(store, before, { ...GIVEN, id: `c${i}` }, WHO, T0);
    const both = keyring([young, old]);
    // The first hundred and no more: as if killed between two transactions.
    let transactions = 0;
    const dying: Store<AccountsSchema> = {
      ...store,
      transaction: (work) => (++transactions > 1 ? Promise.reject(new Error('killed')) : store.transaction(work)),
    };
    await expect(sealAgain(dying, both, T0)).rejects.toThrow('killed');
    expect(Object.keys(await storedSections(store, both))).toHaveLength(60);
    await expect(storedSections(store, keyring([young]))).rejects.toMatchObject({ code: 'QRY8010' });
    expect(await sealAgain(store, both, T0)).toBe(20);
    expect(await storedSections(store, keyring([young]))).toMatchObject({ c59: { password: CANARY } });
    expect(await sealAgain(store, both, T0)).toBe(0);
  });

  it('[fault 93] a key that is lost changes nothing', async () => {
    const store = await open(await kind.place());
    await addConnection(store, KEYS, GIVEN, WHO, T0);
    const rows = () => store.db.selectFrom('sealed_secret').selectAll().orderBy('place').execute();
    const as = await rows();
    await expect(sealAgain(store, keyring([newKey()]), T0)).rejects.toMatchObject({ code: 'QRY8010' });
    expect(await rows()).toEqual(as);
  });

  it('and queries are saved, changed by version, and removed', async () => {
    const store = await open(await kind.place());
    const query = {
      tenant: 'acme',
      owner: 'ada',
      name: 'worst',
      view: 'devices',
      expression: 'severity>=4',
      presentation: { sort: '-qds' },
    };
    const made = await addQuery(store, query, WHO, T0);
    const changed = await changeQuery(store, made.id, 1, { expression: 'severity:5' }, WHO, T0 + 1);
    expect(await listQueries(store)).toEqual([changed]);
    expect(changed).toMatchObject({ ...query, expression: 'severity:5', version: 2 });
    await expect(changeQuery(store, made.id, 1, {}, WHO, T0)).rejects.toMatchObject({ code: 'QRY8004' });
    await removeQuery(store, made.id, undefined, WHO, T0);
    expect(await listQueries(store)).toEqual([]);
    await expect(removeQuery(store, made.id, undefined, WHO, T0)).rejects.toMatchObject({ code: 'QRY8003' });
  });

  it('a secret that is moved to another place does not open there', async () => {
    const store = await open(await kind.place());
    await addConnection(store, KEYS, GIVEN, WHO, T0);
    await addConnection(
      store,
      KEYS,
      { ...GIVEN, id: 'other', settings: { password: new Secret('x').toString() } },
      WHO,
      T0,
    );
    const { sealed } = await store.db
      .selectFrom('sealed_secret')
      .select('sealed')
      .where('place', '=', 'connection:eu-1:password')
      .executeTakeFirstOrThrow();
    await store.db
      .updateTable('sealed_secret')
      .set({ sealed })
      .where('place', '=', 'connection:other:password')
      .execute();
    await expect(storedSections(store, KEYS)).rejects.toMatchObject({ code: 'QRY8011' });
  });
});

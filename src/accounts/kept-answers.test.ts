import { expect, it } from 'vitest';
import { describeStores, type Place } from '../../test/support/stores.ts';
import { migrate } from '../store/migrate.ts';
import type { Store } from '../store/store.ts';
import { beginOnce, forgetAnswers, freeKey, keepAnswer } from './kept-answers.ts';
import { type AccountsSchema, accountsMigrations } from './schema.ts';
import { keyring, newKey } from './seal.ts';
import type { Principal } from './words.ts';

const T0 = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const KEYS = keyring([newKey()]);
const ADA: Principal = { id: 'a', login: 'ada', role: 'admin', tenants: '*', scopes: ['write'] };
const ONCE = { who: ADA, route: '/api/v1/tokens', key: 'k-1', content: '{"password":"canary-61"}' };
const ANSWER = { status: 201, headers: { etag: '"1"' }, body: '{"secret":"canary-62"}' };

const open = async (place: Place): Promise<Store<AccountsSchema>> => {
  const store = await place.openStore<AccountsSchema>();
  await migrate(store, accountsMigrations, T0);
  return store;
};

describeStores('answers kept by an Idempotency-Key', (kind) => {
  it('are given again for a day, to who asked, for the same request; nothing of either can be read', async () => {
    const store = await open(await kind.place());
    const begin = (more: Partial<typeof ONCE>, now = T0) => beginOnce(store, KEYS, { ...ONCE, ...more }, now);
    const begun = await begin({});
    if (!('id' in begun)) throw new Error('there was an answer already');
    await keepAnswer(store, KEYS, begun.id, ANSWER, T0);
    expect(await begin({}, T0 + DAY - 1)).toEqual({ kept: ANSWER });
    await expect(begin({ content: '{}' })).rejects.toMatchObject({ code: 'QRY8034' });
    for (const other of [{ route: '/api/v1/users' }, { key: 'k-2' }, { who: { ...ADA, id: 'b' } }])
      expect(await begin(other)).toHaveProperty('id');
    expect(await begin({ who: { ...ADA, tenants: ['acme'] } })).toHaveProperty('id');
    const rows = await store.db.selectFrom('kept_answer').selectAll().execute();
    expect(rows).toHaveLength(5);
    expect(JSON.stringify(rows)).not.toMatch(/canary|k-1/);
    expect(await begin({}, T0 + DAY)).toHaveProperty('id');
  });

  it('let one request in at a time; a key that is freed, or was lost in a kill, is good again', async () => {
    const store = await open(await kind.place());
    const begin = (now = T0) => beginOnce(store, KEYS, ONCE, now);
    const all = await Promise.allSettled([begin(), begin(), begin()]);
    const first = all.find((one) => one.status === 'fulfilled')?.value;
    expect(all.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'in')).sort()).toEqual(
      ['QRY8035', 'QRY8035', 'in'],
    );
    if (first === undefined || !('id' in first)) throw new Error('nobody was let in');
    await freeKey(store, first.id);
    expect(await begin()).toEqual(first);
    await expect(begin(T0 + 299_999)).rejects.toMatchObject({ code: 'QRY8035' });
    expect(await begin(T0 + 300_000)).toEqual(first);
  });

  it('are forgotten after a day, and all of them when the key of secrets changes', async () => {
    const store = await open(await kind.place());
    const count = async () => (await store.db.selectFrom('kept_answer').select('id').execute()).length;
    await beginOnce(store, KEYS, ONCE, T0);
    await beginOnce(store, KEYS, { ...ONCE, key: 'k-2' }, T0 + 1);
    await forgetAnswers(store, T0 + DAY);
    expect(await count()).toBe(1);
    await forgetAnswers(store, undefined);
    expect(await count()).toBe(0);
  });
});

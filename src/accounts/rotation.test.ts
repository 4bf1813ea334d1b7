import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeStores } from '../../test/support/stores.ts';
import { openAccounts, rotateKeys } from './accounts.ts';
import { addConnection, storedSections } from './connections.ts';
import { KEY_FILE } from './key-file.ts';

const WHO = { actor: 'ada', address: '' };
const T0 = Date.UTC(2026, 10, 21);
const GIVEN = { id: 'a', tenant: 'acme', settings: { platform: 'EU1', password: 'canary-1' } };

describeStores('keys of an installation', (kind) => {
  it('[fault 92] are rotated, and a rotation that was cut short is finished by the next', async () => {
    const location = { ...(await kind.place()), env: {} };
    const accounts = await openAccounts(location, T0);
    expect(accounts.from.made).toBe(true);
    await addConnection(accounts.store, accounts.keys, GIVEN, WHO, T0);
    await accounts.close();
    const file = join(location.dataDir, KEY_FILE);
    const old = readFileSync(file, 'utf8');
    // As a kill between the two writes leaves it: the new key first, everything still sealed with the old.
    writeFileSync(file, `a-new-key-of-some-length\n${old}`);
    expect(await rotateKeys(location, T0)).toEqual({ sealed: 1, from: file });
    expect(readFileSync(file, 'utf8')).toBe('a-new-key-of-some-length\n');
    expect(await rotateKeys(location, T0)).toMatchObject({ sealed: 1 });
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1);
    const again = await openAccounts(location, T0);
    expect(again.from.made).toBe(false);
    expect(await storedSections(again.store, again.keys)).toMatchObject({ a: { password: 'canary-1' } });
    await again.close();
  });

  it('[fault 93] that are wrong refuse, and change neither file nor database', async () => {
    const location = { ...(await kind.place()), env: {} };
    const accounts = await openAccounts(location, T0);
    await addConnection(accounts.store, accounts.keys, GIVEN, WHO, T0);
    await accounts.close();
    const file = join(location.dataDir, KEY_FILE);
    writeFileSync(file, 'another-key-of-some-length\n');
    await expect(rotateKeys(location, T0)).rejects.toMatchObject({ code: 'QRY8010' });
    expect(readFileSync(file, 'utf8')).toBe('another-key-of-some-length\n');
  });

  it('come from the environment with the old one beside them', async () => {
    const place = await kind.place();
    const first = { ...place, env: { QUARRY_SECRET_KEY: 'the first key of all' } };
    const accounts = await openAccounts(first, T0);
    await addConnection(accounts.store, accounts.keys, GIVEN, WHO, T0);
    await accounts.close();
    const both = {
      ...place,
      env: { QUARRY_SECRET_KEY: 'the second key of all', QUARRY_SECRET_KEY_OLD: 'the first key of all' },
    };
    expect(await rotateKeys(both, T0)).toEqual({ sealed: 1, from: 'QUARRY_SECRET_KEY' });
    const after = await openAccounts({ ...place, env: { QUARRY_SECRET_KEY: 'the second key of all' } }, T0);
    expect(await storedSections(after.store, after.keys)).toMatchObject({ a: { password: 'canary-1' } });
    await after.close();
  });
});

import { describe, expect, it } from 'vitest';
import { DAY, difference, newest, type Rig, repeated, SAME, startRig } from '../support/rig.ts';

async function withRig(
  datasets: Record<string, unknown>,
  faults: readonly string[],
  test: (rig: Rig) => Promise<void>,
): Promise<void> {
  const rig = await startRig({ hosts: 40, faults, datasets });
  try {
    await test(rig);
  } finally {
    await rig.close();
  }
}

const calls = (rig: Rig, part: string): number =>
  Object.entries(rig.simulator.counters().byEndpoint)
    .filter(([path]) => path.includes(part))
    .flatMap(([, byStatus]) => Object.values(byStatus))
    .reduce((sum, n) => sum + n, 0);

describe('webapps with details', () => {
  it('are whole, one call each, with the keys of the thin list', () =>
    withRig({ webapps: { details: true, page_size: 3 } }, [], async (rig) => {
      const summary = await rig.run();
      expect([...summary.stopped.values()]).toEqual([]);
      const found = newest(await rig.lines('webapps'));
      expect(difference(found.keys(), rig.truth('webapps'))).toEqual(SAME);
      for (const { record } of found.values()) expect(Object.keys(record)).toContain('defaultScanner');
      expect(calls(rig, '/get/was/webapp')).toBe(found.size);
      // What has not changed is neither asked for again nor sent.
      const before = (await rig.lines('webapps')).length;
      await rig.run();
      expect((await rig.lines('webapps')).length).toBe(before);
    }));

  it('when the call for one fails, the page is read again, and nothing comes twice', () =>
    withRig({ webapps: { details: true } }, ['http-502*1+2@/get/was/'], async (rig) => {
      await rig.run();
      expect(difference(newest(await rig.lines('webapps')).keys(), rig.truth('webapps'))).toEqual(SAME);
      expect(repeated(await rig.lines('webapps'))).toEqual([]);
    }));

  it('without details the list is all that is asked for', () =>
    withRig({ webapps: {} }, [], async (rig) => {
      await rig.run();
      expect(calls(rig, '/get/was/webapp')).toBe(0);
      for (const { record } of newest(await rig.lines('webapps')).values())
        expect(Object.keys(record)).not.toContain('defaultScanner');
    }));
});

describe('[A17] users with roles', () => {
  it('have the roles and tags of the second source beside what the classic list says', () =>
    withRig({ users: {} }, [], async (rig) => {
      await rig.run();
      const found = newest(await rig.lines('users'));
      expect(difference(found.keys(), rig.truth('users'))).toEqual(SAME);
      let withRoles = 0;
      for (const { record } of found.values()) {
        // The second source leaves Managers out.
        const isManager = record['USER_ROLE'] === 'Manager';
        expect('roleList' in record).toBe(!isManager);
        if (isManager) continue;
        withRoles++;
        expect(record['roleList']).toMatchObject({ list: { RoleData: [{ name: record['USER_ROLE'] }] } });
      }
      expect(withRoles).toBeGreaterThan(0);
      expect([...found.values()].some(({ record }) => 'scopeTags' in record)).toBe(true);
      const before = (await rig.lines('users')).length;
      await rig.run();
      expect((await rig.lines('users')).length).toBe(before);
    }));

  it('are joined by login where ids are hidden, and where both are hidden stay as they are', () =>
    withRig({ users: {} }, ['users-hidden'], async (rig) => {
      const summary = await rig.run();
      expect([...summary.stopped.values()]).toEqual([]);
      for (const { record } of newest(await rig.lines('users')).values())
        if (!('USER_LOGIN' in record)) expect('roleList' in record).toBe(false);
    }));

  it('where the second source is refused, the classic list comes alone, and that is said', () =>
    withRig({ users: {} }, ['qps-no-permission@/am/user'], async (rig) => {
      const summary = await rig.run();
      expect([...summary.stopped.values()]).toEqual([]);
      const found = newest(await rig.lines('users'));
      expect(difference(found.keys(), rig.truth('users'))).toEqual(SAME);
      for (const { record } of found.values()) expect('roleList' in record).toBe(false);
      expect(rig.logged.find(({ msg }) => msg.includes('second source'))).toMatchObject({
        level: 'warn',
        code: 'QRY2012',
        stream: 'acme/users',
      });
    }));

  it('roles: false asks for the classic list alone', () =>
    withRig({ users: { roles: false } }, [], async (rig) => {
      await rig.run();
      expect(calls(rig, '/am/user')).toBe(0);
    }));
});

describe('[A31] assets against their count', () => {
  it('a whole reading agrees with it, and nothing is said', () =>
    withRig({ assets: { page_size: 9 } }, [], async (rig) => {
      const { reports } = await rig.run();
      const all = rig.truth('assets').size;
      expect(reports.map(({ counted }) => counted)).toEqual([
        { by: 'count', read: all, counted: all, changed: 0, short: false },
      ]);
      expect(rig.logged.filter(({ msg }) => msg.includes('Qualys counts'))).toEqual([]);
      expect(calls(rig, '/count/am/asset')).toBe(2);
    }));

  it('[M23] a list that ends too early is noticed, and nothing is removed for it', () =>
    withRig({ assets: { page_size: 9 } }, [], async (rig) => {
      await rig.run();
      const all = newest(await rig.lines('assets')).size;
      rig.simulator.setFault('assets-capped=10');
      rig.pass(DAY / 24);
      for (let sweeps = 0; sweeps < 2; sweeps++) {
        const { reports } = await rig.run({ sweep: true });
        const full = reports.find(({ mode }) => mode === 'full');
        expect(full).toMatchObject({ outcome: 'complete', removed: 0, counted: { read: 10, short: true } });
        expect(full?.heldSweep).toBeUndefined();
      }
      expect(newest(await rig.lines('assets')).size).toBeGreaterThanOrEqual(all);
      expect(rig.logged.filter(({ level, msg }) => level === 'error' && msg.includes('counts more'))).toHaveLength(2);
    }));
});

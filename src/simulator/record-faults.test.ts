/** Faults of asset groups, tickets, users and compliance, and those of all lists where these lists page. */
import { describe, expect, test } from 'vitest';
import {
  CONTROLS,
  GROUPS,
  IPS,
  keys,
  list,
  POLICIES,
  POSTURES,
  pages,
  REPORTS,
  TICKETS,
  ticketPages,
  USERS,
  values,
} from '../../test/support/records-client.ts';
import { all, ask, child, nextIdMin, parseXml, value } from '../../test/support/simulator-client.ts';
import type { RecordsFault } from './faults.ts';
import { type FaultName, type Simulator, startSimulator } from './index.ts';

type Try = (sim: Simulator) => Promise<void>;

/** One try per fault; the type demands all of them. */
const TRIES: Record<RecordsFault, Try> = {
  'childless-list': async (sim) => {
    const reply = await ask(sim, GROUPS, { params: { action: 'list', title: 'nobody' } });
    expect(reply.text).toContain('<ASSET_GROUP_LIST />');
    const found = child(child(parseXml(reply.text), 'RESPONSE'), 'ASSET_GROUP_LIST');
    expect(found?.children).toEqual([]);
    expect(all(await list(sim, REPORTS, { id: 1 }), 'REPORT_LIST')).toHaveLength(1);
    expect(all(await list(sim, POSTURES, { policy_id: 1 }), 'INFO_LIST')).toHaveLength(1);
  },
  'warning-not-truncated': async (sim) => {
    for (const [path, params] of [
      [GROUPS, {}],
      [CONTROLS, { truncation_limit: 0 }],
      [POLICIES, {}],
      [POSTURES, { policy_id: keys(sim, 'compliance_policies')[0]! }],
    ] as const) {
      const response = child(await list(sim, path, params), 'RESPONSE');
      expect(
        child(response, 'WARNING')?.children.map(({ name }) => name),
        path,
      ).toEqual(['TEXT']);
    }
    const cut = await list(sim, GROUPS, { truncation_limit: 2 });
    expect(value(child(child(cut, 'RESPONSE'), 'WARNING'), 'CODE'), 'a truncated page says so still').toBe('1980');
  },
  'warning-list': async (sim) => {
    const [id] = keys(sim, 'compliance_policies');
    for (const [path, params] of [
      [POSTURES, { policy_id: id!, truncation_limit: 3 }],
      [POLICIES, {}],
    ] as const) {
      sim.setFault('page-size-capped=3');
      const warnings = child(child(await list(sim, path, params), 'RESPONSE'), 'WARNING_LIST');
      expect(value(child(warnings, 'WARNING'), 'CODE'), path).toBe('1980');
      expect(new URL(value(child(warnings, 'WARNING'), 'URL')!).searchParams.get('id_min')).toMatch(/^\d+$/);
    }
  },
  'no-networks': async (sim) => {
    const set = child(child(await list(sim, IPS), 'RESPONSE'), 'IP_SET')!.children;
    expect(set.flatMap(({ attributes }) => Object.keys(attributes))).toEqual([]);
    const main = keys(sim, 'ips').filter((key) => key.endsWith('|0'));
    expect(set.map(({ text }) => `${text}|0`)).toEqual(main);
  },
  'duplicate-ticket': async (sim) => {
    sim.setFault('page-size-capped=7');
    const found = (await ticketPages(sim)).map((root) => values(root, 'TICKET', 'NUMBER'));
    expect(found.length).toBeGreaterThan(2);
    for (const [n, page] of found.slice(1).entries()) expect(page[0]).toBe(found[n]!.at(-1));
    expect([...new Set(found.flat())]).toEqual(keys(sim, 'tickets'));
  },
  'tickets-error': async (sim) => {
    const root = await list(sim, TICKETS, { states: 'OPEN' });
    expect([root.name, ...root.children.map(({ name }) => name)]).toEqual(['REMEDIATION_TICKETS', 'ERROR']);
    expect(child(root, 'ERROR')?.attributes['number']).toBe('999');
  },
  'users-denied': async (sim) => {
    const root = await list(sim, USERS);
    expect([root.name, ...root.children.map(({ name }) => name)]).toEqual(['USER_LIST_OUTPUT', 'ERROR']);
    expect(child(root, 'ERROR')?.attributes['number']).toBe('999');
  },
  'users-hidden': async (sim) => {
    const users = all(await list(sim, USERS), 'USER');
    const hidden = users.filter((user) => value(user, 'USER_LOGIN') === undefined);
    expect(hidden.length).toBeGreaterThan(3);
    expect(hidden.length).toBeLessThan(users.length);
    for (const user of hidden) {
      expect(value(user, 'USER_ID')).toBeUndefined();
      expect(value(child(user, 'CONTACT_INFO'), 'LASTNAME')).not.toBe('');
    }
  },
  'posture-status-empty': async (sim) => {
    const id = keys(sim, 'compliance_policies')[0]!;
    expect(all(await list(sim, POSTURES, { policy_id: id, status: 'Failed' }), 'INFO')).toEqual([]);
    expect(all(await list(sim, POSTURES, { policy_id: id }), 'INFO').length).toBeGreaterThan(10);
  },
};

async function during(fault: FaultName, act: Try): Promise<void> {
  const sim = await startSimulator({ hosts: 80, seed: 9, faults: [fault] });
  try {
    await act(sim);
    sim.clearFaults();
    expect(values(await list(sim, USERS), 'USER', 'USER_LOGIN')).toEqual(
      keys(sim, 'users').map((key) => key.split('|')[0]),
    );
    expect(sim.counters().defects).toEqual([]);
  } finally {
    await sim.close();
  }
}

describe('fault', () => {
  test.each(Object.keys(TRIES) as RecordsFault[])('%s does what it says', (name) => during(name, TRIES[name]));

  test('page-size-capped: lists paged by id and tickets are capped too, and still whole in the end', () =>
    during('page-size-capped', async (sim) => {
      for (const [path, dataset, element, params] of [
        [GROUPS, 'asset_groups', 'ASSET_GROUP', {}],
        [POLICIES, 'compliance_policies', 'POLICY', {}],
        [CONTROLS, 'compliance_controls', 'CONTROL', { truncation_limit: 0 }],
      ] as const) {
        sim.clearFaults();
        sim.setFault(`page-size-capped=${dataset === 'compliance_controls' ? 400 : 4}`);
        const roots = await pages(sim, path, params);
        expect(roots.length, dataset).toBeGreaterThan(1);
        expect(values(roots, element, 'ID')).toEqual(keys(sim, dataset));
      }
      sim.clearFaults();
      sim.setFault('page-size-capped=4');
      const tickets = await ticketPages(sim);
      expect(all(tickets[0]!, 'TICKET')).toHaveLength(4);
      expect(values(tickets, 'TICKET', 'NUMBER')).toEqual(keys(sim, 'tickets'));
    }));

  test('next-url-loop: the WARNING leads back', () =>
    during('next-url-loop', async (sim) => {
      const ids = keys(sim, 'asset_groups').map(Number);
      expect(nextIdMin(await list(sim, GROUPS, { truncation_limit: 3, id_min: ids[1]! }))).toBe(ids[1]);
    }));

  test('generic-return in the middle of tickets, text faults and a cut answer show here as well', () =>
    during('generic-return', async (sim) => {
      expect((await list(sim, TICKETS, { states: 'OPEN' })).name).toBe('GENERIC_RETURN');
      sim.clearFaults();
      sim.setFault('bare-amp@/msp/');
      expect(() => parseXml('<A>&</A>')).toThrow();
      await expect(list(sim, USERS)).rejects.toThrow();
      sim.clearFaults();
      sim.setFault('truncated-at=3000@/compliance/');
      await expect(list(sim, POLICIES)).rejects.toThrow();
    }));
});

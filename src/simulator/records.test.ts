/** Addresses, groups, reports, tickets, users, appliances and compliance, over a socket, held against the truth. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  APPLIANCES,
  CONTROLS,
  GROUPS,
  IPS,
  keys,
  list,
  POLICIES,
  POSTURES,
  pages,
  REPORTS,
  SCANS,
  ticketPages,
  truth,
  USERS,
  values,
} from '../../test/support/records-client.ts';
import { all, ask, child, nextIdMin, parseXml, value } from '../../test/support/simulator-client.ts';
import { type Simulator, startSimulator } from './index.ts';
import { DAY, HOUR } from './world/time.ts';

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 260, seed: 11 });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

/** Each way of reading a list whole, and what of it is the key. */
const WHOLE: Record<string, (of: Simulator) => Promise<string[]>> = {
  ips: async (of) =>
    child(child(await list(of, IPS), 'RESPONSE'), 'IP_SET')!.children.map(
      ({ text, attributes }) => `${text}|${attributes['network_id']}`,
    ),
  asset_groups: async (of) => values(await pages(of, GROUPS, { truncation_limit: 3 }), 'ASSET_GROUP', 'ID'),
  reports: async (of) => values(await list(of, REPORTS), 'REPORT', 'ID'),
  tickets: async (of) => values(await ticketPages(of), 'TICKET', 'NUMBER'),
  users: async (of) =>
    all(await list(of, USERS), 'USER').map((user) =>
      ['USER_LOGIN', 'USER_ID', 'CREATION_DATE'].map((name) => value(user, name)).join('|'),
    ),
  appliances: async (of) => values(await list(of, APPLIANCES), 'APPLIANCE', 'ID'),
  compliance_scans: async (of) =>
    values(await list(of, SCANS, { launched_after_datetime: '2025-01-01' }), 'SCAN', 'REF'),
  compliance_controls: async (of) => values(await pages(of, CONTROLS, { truncation_limit: 170 }), 'CONTROL', 'ID'),
  compliance_policies: async (of) => values(await pages(of, POLICIES, {}), 'POLICY', 'ID'),
  compliance_posture: async (of) => {
    const found: string[] = [];
    for (const id of keys(of, 'compliance_policies')) {
      for (const root of await pages(of, POSTURES, { policy_id: id, truncation_limit: 97 })) {
        for (const info of all(root, 'INFO')) {
          const parts = ['HOST_ID', 'CONTROL_ID', 'TECHNOLOGY_ID', 'INSTANCE'].map((name) => value(info, name) ?? '');
          found.push([id, ...parts].join('|'));
        }
      }
    }
    return found;
  },
};

describe('read whole, page by page', () => {
  test.each(Object.keys(WHOLE))('%s is the truth, today and weeks later', async (dataset) => {
    const living = await startSimulator({ hosts: 150, seed: 5, churn: 0.01 });
    try {
      const first = keys(living, dataset);
      expect(await WHOLE[dataset]!(living)).toEqual(first);
      expect(new Set(first).size, 'keys are unique').toBe(first.length);
      expect(first.length).toBeGreaterThan(2);
      living.advance(23 * DAY + 5 * HOUR);
      const later = keys(living, dataset);
      expect(await WHOLE[dataset]!(living)).toEqual(later);
      if (dataset !== 'appliances') expect(later).not.toEqual(first);
    } finally {
      await living.close();
    }
  });

  test('pages of one record are as good as one page', async () => {
    const ids = keys(sim, 'asset_groups');
    const found = await pages(sim, GROUPS, { truncation_limit: 1 });
    expect(values(found, 'ASSET_GROUP', 'ID')).toEqual(ids);
    expect(found).toHaveLength(ids.length);
    expect(values(await list(sim, GROUPS, { truncation_limit: 0 }), 'ASSET_GROUP', 'ID')).toEqual(ids);
  });

  test('a page of postures holds 5000 unless asked otherwise, one of policies and tickets 1000 whatever is asked', async () => {
    const large = await startSimulator({ hosts: 6000, seed: 2 });
    try {
      const [policy] = keys(large, 'compliance_policies');
      const page = await list(large, POSTURES, { policy_id: policy!, details: 'None' });
      expect(all(page, 'INFO')).toHaveLength(5000);
      expect(nextIdMin(page)).toBeDefined();
      const tickets = await ticketPages(large);
      expect(tickets.map((root) => all(root, 'TICKET').length).slice(0, 2)).toEqual([1000, 1000]);
      expect(child(tickets[0], 'TRUNCATION')?.text).toBe('Truncated after 1000 records');
      expect(values(tickets, 'TICKET', 'NUMBER')).toEqual(keys(large, 'tickets'));
      const refused = await ask(large, POLICIES, { params: { action: 'list', truncation_limit: 5 } });
      expect(value(child(parseXml(refused.text), 'RESPONSE'), 'CODE')).toBe('1901');
    } finally {
      await large.close();
    }
  });

  test('details=None gives ids, neighbours as ranges', async () => {
    for (const [path, dataset] of [
      [CONTROLS, 'compliance_controls'],
      [POLICIES, 'compliance_policies'],
    ] as const) {
      const roots = await pages(sim, path, { details: 'None' });
      const ids = roots.flatMap((root) =>
        child(child(root, 'RESPONSE'), 'ID_SET')!.children.flatMap(({ name, text }) => {
          const [from, to] = text.split('-').map(Number);
          expect(name).toBe(to === undefined ? 'ID' : 'ID_RANGE');
          return Array.from({ length: (to ?? from!) - from! + 1 }, (_, i) => String(from! + i));
        }),
      );
      expect(ids).toEqual(keys(sim, dataset));
      if (path === CONTROLS) expect(all(roots[0]!, 'ID_RANGE').length).toBeGreaterThan(0);
    }
  });

  test('up to ten policies at once: one POLICY each, everything, no WARNING', async () => {
    const ids = keys(sim, 'compliance_policies').slice(0, 10);
    const root = await list(sim, POSTURES, { policy_ids: ids.join(','), details: 'Light' });
    const found = all(root, 'POLICY').flatMap((policy) =>
      all(policy, 'INFO').map((info) =>
        [value(policy, 'ID'), ...['HOST_ID', 'CONTROL_ID', 'TECHNOLOGY_ID'].map((name) => value(info, name))].join('|'),
      ),
    );
    expect(found).toEqual(truth(sim, 'compliance_posture').map(({ key }) => key.slice(0, 4).join('|')));
    expect(all(root, 'WARNING')).toEqual([]);
  });
});

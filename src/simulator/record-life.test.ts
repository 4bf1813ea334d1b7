/** How the same lists change with virtual time, and what their parameters select. */
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
  TICKETS,
  ticketPages,
  truth,
  USERS,
  values,
} from '../../test/support/records-client.ts';
import { all, ask, child, type Node, parseXml, value } from '../../test/support/simulator-client.ts';
import { type Simulator, startSimulator } from './index.ts';
import { ipNumber } from './params.ts';
import { DAY, HOUR, MINUTE, stamp } from './world/time.ts';

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 300, seed: 23 });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

/** Key → one value of each element. */
const table = (roots: readonly Node[], element: string, key: string, name: string): Map<string, string> =>
  new Map(
    roots.flatMap((root) =>
      all(root, element).map((one): [string, string] => [value(one, key)!, all(one, name)[0]?.text ?? '']),
    ),
  );

describe('time', () => {
  test('a ticket changes state only with its modification, and modified_since finds all of those', async () => {
    const living = await startSimulator({ hosts: 300, seed: 23 });
    try {
      const seen = new Set<string>();
      const states = new Set<unknown>();
      let before = truth(living, 'tickets');
      for (let day = 0; day < 40; day += 5) {
        const since = stamp(living.now());
        living.advance(5 * DAY);
        const after = truth(living, 'tickets');
        const old = new Map(before.map((line) => [line.key[0], line]));
        const changed = after.filter((line) => line['modified'] !== old.get(line.key[0])?.['modified']);
        for (const line of after) {
          states.add(line['state']);
          const then = old.get(line.key[0]);
          if (then !== undefined && !changed.includes(line)) expect(line['state']).toBe(then['state']);
          if (then !== undefined && then['state'] !== line['state']) seen.add(`${then['state']} → ${line['state']}`);
          if (then === undefined) seen.add('new');
        }
        const found = values(await ticketPages(living, { modified_since_datetime: since }), 'TICKET', 'NUMBER');
        expect(found).toEqual(changed.map((line) => line.key[0]));
        before = after;
      }
      for (const change of ['new', 'OPEN → CLOSED', 'OPEN → RESOLVED', 'RESOLVED → OPEN'])
        expect(seen).toContain(change);
      expect(states.size, 'all four states').toBe(4);
    } finally {
      await living.close();
    }
  });

  test('tickets mean detections the host list has', async () => {
    const root = await list(sim, TICKETS, { states: 'OPEN,CLOSED', show_host_id: 1 });
    let open = 0;
    for (const ticket of all(root, 'TICKET')) {
      const host = sim.world.host(sim.world.ordinalOf(Number(all(ticket, 'HOST_ID')[0]!.text))!);
      const matching = [...sim.world.detections(host, sim.now())].filter(
        (one) =>
          String(one.vulnerability.qid) === all(ticket, 'QID')[0]!.text &&
          String(one.port ?? '') === (value(child(ticket, 'DETECTION'), 'PORT') ?? ''),
      );
      expect(matching.length).toBeGreaterThan(0);
      const state = value(ticket, 'CURRENT_STATE');
      if (state === 'CLOSED') expect(matching.map((one) => one.status)).toContain('Fixed');
      if (state === 'OPEN') open++;
    }
    expect(open).toBeGreaterThan(20);
  });

  test('a scan queues, loads, runs and ends, and is processed after that; a report is gone after a week', async () => {
    const living = await startSimulator({ hosts: 50, seed: 3 });
    try {
      const story = new Map<string, string[]>();
      for (let step = 0; step < 2 * 24 * 30; step++) {
        for (const scan of all(await list(living, SCANS, { launched_after_datetime: '2026-11-20' }), 'SCAN')) {
          const said = `${all(scan, 'STATE')[0]!.text}${value(scan, 'PROCESSED') === '1' ? '+' : ''}`;
          const ref = value(scan, 'REF')!;
          const steps = story.get(ref) ?? [];
          if (steps.at(-1) !== said) story.set(ref, [...steps, said]);
        }
        living.advance(2 * MINUTE);
      }
      const stories = [...story.values()].map((steps) => steps.join(' '));
      expect(stories).toContain('Queued Loading Running Finished Finished+');
      for (const one of stories) {
        expect(one).toMatch(/^Queued( Loading( Running( Paused)?( (Finished( Finished\+)?|Canceled|Error))?)?)?$/);
      }
      const reports = values(await list(living, REPORTS), 'REPORT', 'ID');
      living.advance(6 * DAY);
      const later = values(await list(living, REPORTS), 'REPORT', 'ID');
      expect(later.some((id) => reports.includes(id))).toBe(true);
      expect(later).not.toContain(reports.at(-1));
    } finally {
      await living.close();
    }
  });

  test('a month of scans is the default, a start of one’s own goes further back', async () => {
    const launched = values(await list(sim, SCANS), 'SCAN', 'LAUNCH_DATETIME');
    expect(launched.at(-1)! >= stamp(sim.now() - 30 * DAY)).toBe(true);
    expect(launched).toEqual(launched.toSorted().reverse());
    const more = values(await list(sim, SCANS, { launched_after_datetime: '2026-06-01' }), 'SCAN', 'LAUNCH_DATETIME');
    expect(more.slice(0, launched.length)).toEqual(launched);
    expect(more.at(-1)! < '2026-06-03').toBe(true);
  });

  test('policies are evaluated daily, but for one that never was and an inactive one', async () => {
    const living = await startSimulator({ hosts: 300, seed: 23 });
    try {
      const evaluated = async (): Promise<Map<string, string>> => {
        const roots = [await list(living, POLICIES)];
        return new Map(
          roots.flatMap((root) =>
            all(root, 'POLICY').map((one): [string, string] => [
              value(one, 'TITLE')!,
              value(child(one, 'LAST_EVALUATED'), 'DATETIME') ?? 'never',
            ]),
          ),
        );
      };
      const before = await evaluated();
      const [policy] = keys(living, 'compliance_policies');
      const postures = async (): Promise<Map<string, string>> =>
        table(await pages(living, POSTURES, { policy_id: policy! }), 'INFO', 'ID', 'POSTURE_MODIFIED_DATE');
      const first = await postures();
      const since = stamp(living.now());
      living.advance(3 * DAY);
      const after = await evaluated();
      const later = await postures();
      const still = [...after].filter(([title, at]) => before.get(title) === at).map(([title]) => title);
      expect(still).toEqual(['Entwurf: noch nicht geprüft', 'PCI DSS v3.2.1 (retired)']);
      expect(after.get(still[0]!)).toBe('never');
      const changed = [...later].filter(([id, at]) => first.get(id) !== at).map(([id]) => id);
      expect(changed.length).toBeGreaterThan(5);
      expect(changed.length).toBeLessThan(later.size / 2);
      const asked = await pages(living, POSTURES, { policy_id: policy!, status_changes_since: since });
      expect(values(asked, 'INFO', 'ID')).toEqual(changed);
      const never = after.size > 0 ? keys(living, 'compliance_policies')[3]! : '';
      expect(all(await list(living, POSTURES, { policy_id: never }), 'INFO')).toEqual([]);
    } finally {
      await living.close();
    }
  });

  test('people join, leave, log in and are switched off; appliances go offline', async () => {
    const living = await startSimulator({ hosts: 300, seed: 23 });
    try {
      const look = async (name: string): Promise<Map<string, string>> =>
        table([await list(living, USERS)], 'USER', 'USER_LOGIN', name);
      const online = async (): Promise<string> =>
        [...table([await list(living, APPLIANCES)], 'APPLIANCE', 'ID', 'STATUS').values()].join(' ');
      const [login, status] = [await look('LAST_LOGIN_DATE'), await look('USER_STATUS')];
      const seen = new Set<string>();
      for (let day = 0; day < 5; day++) {
        seen.add(await online());
        living.advance(DAY);
      }
      expect(seen.size).toBeGreaterThan(1);
      living.advance(60 * DAY);
      const [later, then] = [await look('LAST_LOGIN_DATE'), await look('USER_STATUS')];
      expect([...then.keys()].filter((one) => !status.has(one)).length).toBeGreaterThan(3);
      expect([...status.keys()].filter((one) => !then.has(one)).length).toBeGreaterThan(0);
      expect(
        [...then].filter(([one, what]) => what === 'Inactive' && status.get(one) === 'Active').length,
      ).toBeGreaterThan(0);
      expect(later.get('quarry_sim')! > login.get('quarry_sim')!).toBe(true);
      expect([...login.values()]).toContain('N/A');
    } finally {
      await living.close();
    }
  });
});

describe('consistency', () => {
  test('the addresses cover every host, in its network, and more', async () => {
    const ranges = child(child(await list(sim, IPS), 'RESPONSE'), 'IP_SET')!.children.map(({ text, attributes }) => {
      const [first, last] = text.split('-').map(ipNumber);
      return { first: first!, last: last ?? first!, network: Number(attributes['network_id']) };
    });
    let scanned = 0;
    for (const n of sim.world.ordinals(sim.now())) {
      const { ipNumber: ip, network } = sim.world.host(n);
      const holding = ranges.filter((one) => one.network === network.id && one.first <= ip && ip <= one.last);
      expect(holding).toHaveLength(1);
      scanned++;
    }
    expect(ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)).toBeGreaterThan(scanned);
    const texts = keys(sim, 'ips').map((key) => key.split('|')[0]);
    expect(new Set(texts).size, 'the same text in two networks').toBeLessThan(texts.length);
  });

  test('groups list the hosts that name them, and go by short names unless asked', async () => {
    const root = await list(sim, GROUPS, { show_attributes: 'ALL', truncation_limit: 0 });
    for (const group of all(root, 'ASSET_GROUP').slice(0, 10)) {
      const id = Number(value(group, 'ID'));
      const hosts = [...sim.world.ordinals(sim.now())].map((n) => sim.world.host(n));
      const members = hosts.filter((host) => host.assetGroupIds.includes(id));
      expect(value(group, 'HOST_IDS')).toBe(members.map((host) => host.id).join(', '));
      expect(child(group, 'IP_SET')!.children.map(({ text }) => text)).toEqual(members.map((host) => host.ip));
    }
    const [plain] = all(await list(sim, GROUPS), 'ASSET_GROUP');
    expect(plain!.children.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['OWNER_ID', 'UNIT_ID', 'NETWORK_ID']),
    );
    const [titled] = all(await list(sim, GROUPS, { show_attributes: 'TITLE,OWNER_USER_ID' }), 'ASSET_GROUP');
    expect(titled!.children.map(({ name }) => name)).toEqual(['ID', 'TITLE', 'OWNER_USER_ID']);
  });

  test('the glossary of a page explains what the page names, no more and no less', async () => {
    const [root] = await pages(sim, POSTURES, {
      policy_id: keys(sim, 'compliance_policies')[0]!,
      truncation_limit: 50,
    });
    const glossary = all(root!, 'GLOSSARY')[0]!;
    for (const [element, name] of [
      ['HOST', 'HOST_ID'],
      ['CONTROL', 'CONTROL_ID'],
      ['TECHNOLOGY', 'TECHNOLOGY_ID'],
    ] as const) {
      const named = new Set(values(root!, 'INFO', name));
      expect(new Set(values(glossary, element, 'ID'))).toEqual(named);
    }
    expect(new Set(values(root!, 'INFO', 'STATUS'))).toEqual(new Set(['Passed', 'Failed', 'Error']));
  });
});

describe('parameters', () => {
  test.each([
    [GROUPS, { colour: 'blue' }, '1901'],
    [GROUPS, { show_attributes: 'TITLE,COLOUR' }, '1905'],
    [IPS, { ips: '8.8.8.8' }, '1905'],
    [IPS, { tracking_method: 'DNS' }, '1907'],
    [REPORTS, { state: 'Done' }, '1905'],
    [APPLIANCES, { output_mode: 'short' }, '1905'],
    [SCANS, { scan_ref: 'scan/1.1' }, '1905'],
    [SCANS, { state: 'Running,Done' }, '1905'],
    [CONTROLS, { details: 'Some' }, '1905'],
    [POLICIES, { updated_after_datetime: '2099-01-01' }, '1905'],
    [POSTURES, {}, '1922'],
    [POSTURES, { policy_id: 1, policy_ids: '1' }, '1904'],
    [POSTURES, { policy_ids: '1,2,3,4,5,6,7,8,9,10,11' }, '1905'],
    [POSTURES, { policy_ids: '1', truncation_limit: 5 }, '1907'],
  ] as const)('%s %j is refused with %s', async (path, params, code) => {
    const reply = await ask(sim, path, { params: { action: 'list', ...params } as Record<string, string | number> });
    expect(reply.status).toBe(400);
    expect(value(child(parseXml(reply.text), 'RESPONSE'), 'CODE')).toBe(code);
  });

  test.each([
    [TICKETS, {}, '1922'],
    [TICKETS, { show_vuln_details: 1 }, '1922'],
    [TICKETS, { states: 'OPEN,DONE' }, '1905'],
    [TICKETS, { qids: '1,2,3,4,5,6,7,8,9,10,11' }, '1905'],
    [TICKETS, { action: 'list', states: 'OPEN' }, '1901'],
    [USERS, { external_id_assigned: 1, external_id_contains: 'E' }, '1904'],
  ] as const)('%s %j is refused as the first API does, with status 200', async (path, params, code) => {
    const reply = await ask(sim, path, { params: params as Record<string, string | number>, requestedWith: false });
    expect(reply.status).toBe(200);
    const root = parseXml(reply.text);
    expect([
      root.name,
      child(root, 'RETURN')?.attributes['status'],
      child(root, 'RETURN')?.attributes['number'],
    ]).toEqual(['GENERIC_RETURN', 'FAILED', code]);
  });

  test('/msp lists take Basic only, count against limits of their own and need no X-Requested-With', async () => {
    const limited = await startSimulator({ hosts: 3, limits: { limit: 2, windowSec: 3600, concurrency: 2 } });
    try {
      const login = await ask(limited, '/api/2.0/fo/session/', {
        post: true,
        params: { action: 'login', username: limited.username, password: limited.password },
      });
      const cookie = String(login.headers['set-cookie']).split(';')[0]!;
      const token = await ask(limited, '/auth', {
        post: true,
        params: { username: limited.username, password: limited.password, token: 'true' },
      });
      for (const headers of [{ Cookie: cookie }, { Authorization: `Bearer ${token.text}` }]) {
        expect((await ask(limited, USERS, { as: undefined, headers })).status).toBe(401);
        expect((await ask(limited, REPORTS, { as: undefined, headers, params: { action: 'list' } })).status).toBe(200);
      }
      const statuses: number[] = [];
      for (let n = 0; n < 3; n++) statuses.push((await ask(limited, USERS, { requestedWith: false })).status);
      expect(statuses).toEqual([200, 200, 409]);
      expect((await ask(limited, TICKETS, { params: { states: 'OPEN' } })).headers['x-ratelimit-remaining']).toBe('1');
    } finally {
      await limited.close();
    }
  });

  test('filters select', async () => {
    const states = values(await list(sim, TICKETS, { states: 'CLOSED,IGNORED' }), 'TICKET', 'CURRENT_STATE');
    expect(new Set(states)).toEqual(new Set(['CLOSED', 'IGNORED']));
    const severe = await list(sim, TICKETS, { vuln_severities: '5' });
    expect(new Set(all(severe, 'SEVERITY').map(({ text }) => text))).toEqual(new Set(['5']));
    expect(new Set(all(severe, 'TYPE').map(({ text }) => text))).toEqual(new Set(['VULN']));
    const assigned = await list(sim, USERS, { external_id_assigned: 1 });
    expect(values(assigned, 'USER', 'EXTERNAL_ID').every((id) => id.startsWith('EXT-'))).toBe(true);
    const some = await list(sim, IPS, { ips: '10.0.0.3-10.0.0.7', network_id: 0 });
    expect(all(some, 'IP_RANGE').map(({ text }) => text)).toEqual(['10.0.0.3-10.0.0.7']);
    const id = keys(sim, 'compliance_policies')[1]!;
    const failed = await list(sim, POSTURES, { policy_id: id, status: 'Failed', details: 'None' });
    expect(new Set(values(failed, 'INFO', 'STATUS'))).toEqual(new Set(['Failed']));
    expect(child(child(failed, 'RESPONSE'), 'GLOSSARY')).toBeUndefined();
    const updated = await pages(sim, CONTROLS, { updated_after_datetime: stamp(sim.now() - 30 * DAY - HOUR) });
    const recent = truth(sim, 'compliance_controls').filter(
      (one) => String(one['updated']) > stamp(sim.now() - 30 * DAY - HOUR),
    );
    expect(values(updated, 'CONTROL', 'ID')).toEqual(recent.map(({ key }) => key[0]));
  });
});

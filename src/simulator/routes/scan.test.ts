import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCsv } from '../../../test/support/activity-pages.ts';
import { all, ask, child, type Node, parseXml, type Reply, value } from '../../../test/support/simulator-client.ts';
import { type Simulator, startSimulator, truthLines } from '../index.ts';
import { DAY, HOUR, stamp } from '../world/time.ts';

const LIST = '/api/3.0/fo/scan/';
const FETCH = '/api/2.0/fo/scan/';

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 400, seed: 21 });
  sim.advance(15 * DAY);
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

type Params = Record<string, string | number>;

async function list(params: Params = {}, path = LIST, of = sim): Promise<Node[]> {
  const reply = await ask(of, path, { params: { action: 'list', ...params } });
  expect(reply.status, reply.text.slice(0, 500)).toBe(200);
  return all(parseXml(reply.text), 'SCAN');
}

const fetch = (params: Params): Promise<Reply> => ask(sim, FETCH, { params: { action: 'fetch', ...params } });
const json = async (ref: string, params: Params = {}): Promise<Record<string, unknown>[]> =>
  JSON.parse((await fetch({ scan_ref: ref, mode: 'extended', output_format: 'json', ...params })).text);
const refs = (scans: readonly Node[]): string[] => scans.map((scan) => value(scan, 'REF')!);
const state = (scan: Node): string => value(child(scan, 'STATUS'), 'STATE')!;
const code = (reply: Reply): string | undefined => value(child(parseXml(reply.text), 'RESPONSE'), 'CODE');
const done = (scan: Node): boolean => value(scan, 'PROCESSED') === '1';

interface Line {
  readonly dataset: string;
  readonly key: string[];
  readonly state?: string;
  readonly launched?: string;
  readonly result_length?: number;
}

function truth(dataset: string, of = sim): Line[] {
  return [...truthLines(of.world, of.now(), undefined, new Set([dataset]))].map((line) => JSON.parse(line) as Line);
}

describe('the list', () => {
  test('has the elements of the guide’s sample, in its order', async () => {
    const scans = await list({ show_ags: 1, show_op: 1 });
    const order =
      'REF SCAN_TYPE TYPE TITLE USER_LOGIN LAUNCH_DATETIME DURATION PROCESSING_PRIORITY PROCESSED STATUS TARGET ASSET_GROUP_TITLE_LIST OPTION_PROFILE'.split(
        ' ',
      );
    const optional = ['SCAN_TYPE', 'ASSET_GROUP_TITLE_LIST'];
    for (const scan of scans) {
      const names = scan.children.map(({ name }) => name);
      expect(names).toEqual(order.filter((name) => names.includes(name) || !optional.includes(name)));
      expect(child(scan, 'OPTION_PROFILE')!.children.map(({ name }) => name)).toEqual(['TITLE', 'DEFAULT_FLAG']);
      expect(value(scan, 'REF')).toMatch(/^scan\/\d{10}\.\d{5}$/);
      expect(value(scan, 'DURATION')).toMatch(/^(Pending|\d{2,3}:\d\d:\d\d)$/);
    }
    for (const name of optional)
      expect(
        scans.some((scan) => child(scan, name) !== undefined),
        name,
      ).toBe(true);
    const plain = (await list())[0]!;
    expect(child(plain, 'ASSET_GROUP_TITLE_LIST') ?? child(plain, 'OPTION_PROFILE')).toBeUndefined();
    const bare = (await list({ show_status: 0, ignore_target: 1 }))[0]!;
    expect(child(bare, 'STATUS') ?? child(bare, 'TARGET')).toBeUndefined();
  });

  test('newest first, of the last 30 days unless dates are given, and equal to the truth', async () => {
    const scans = await list();
    const launched = scans.map((scan) => value(scan, 'LAUNCH_DATETIME')!);
    expect(launched).toEqual([...launched].sort().reverse());
    expect(launched.at(-1)! >= stamp(sim.now() - 30 * DAY)).toBe(true);
    const everything = await list({ launched_after_datetime: '2020-01-01' });
    expect(everything.length).toBeGreaterThan(scans.length + 30);
    expect(everything.map((scan) => [value(scan, 'REF'), state(scan)])).toEqual(
      truth('vm_scans').map((line) => [line.key[0], line.state]),
    );
    expect(refs(scans)).toEqual(refs(everything).slice(0, scans.length));
  });

  test('parameters narrow it', async () => {
    const scans = await list();
    const some = scans[10]!;
    expect(refs(await list({ scan_ref: refs(scans)[10]! }))).toEqual([refs(scans)[10]]);
    const login = value(some, 'USER_LOGIN')!;
    expect(refs(await list({ user_login: login }))).toEqual(
      refs(scans.filter((scan) => value(scan, 'USER_LOGIN') === login)),
    );
    const states = ['Finished', 'Error'];
    expect(refs(await list({ state: states.join(',') }))).toEqual(
      refs(scans.filter((scan) => states.includes(state(scan)))),
    );
    expect(refs(await list({ processed: 0 }))).toEqual(refs(scans.filter((scan) => !done(scan))));
    expect(refs(await list({ type: 'API' }))).toEqual(refs(scans.filter((scan) => value(scan, 'TYPE') === 'API')));
    expect(refs(await list({ show_last: 1 }))).toEqual(refs(scans).slice(0, 1));
    const at = value(some, 'LAUNCH_DATETIME')!;
    expect(refs(await list({ launched_after_datetime: at }))).toEqual(refs(scans).slice(0, 10));
    expect(refs(await list({ launched_before_datetime: at })).slice(0, 3)).toEqual(refs(scans).slice(11, 14));
    const wrong = await ask(sim, LIST, { params: { action: 'list', state: 'Done' } });
    expect([wrong.status, code(wrong)]).toEqual([400, '1905']);
  });

  test('2.0 answers as well, with its own DOCTYPE; where it has ended, fetching goes on', async () => {
    const reply = await ask(sim, FETCH, { params: { action: 'list' } });
    expect(reply.text).toContain('/api/2.0/fo/scan/scan_list_output.dtd"');
    const ended = await startSimulator({ hosts: 5, endedVersions: '404' });
    try {
      expect((await ask(ended, FETCH, { params: { action: 'list' } })).status).toBe(404);
      const fetched = await ask(ended, FETCH, { params: { action: 'fetch', scan_ref: 'scan/1.1' } });
      expect([fetched.status, code(fetched)]).toEqual([200, '7001']);
      const wrong = await ask(ended, LIST, { params: { action: 'fetch', scan_ref: 'scan/1.1' } });
      expect([wrong.status, code(wrong)]).toEqual([400, '1905']);
    } finally {
      await ended.close();
    }
  });
});

describe('over time', () => {
  test('each scan goes through its states in order; processed follows; some run for days', async () => {
    const living = await startSimulator({ hosts: 100, seed: 8 });
    try {
      const order = ['Queued', 'Loading', 'Running', 'Paused', 'Running', 'Finished Canceled Error'];
      const seen = new Map<string, string[]>();
      const processed = new Map<string, number>();
      const running = new Map<string, number>();
      for (let step = 0; step < 24 * 8; step++) {
        for (const scan of await list({ launched_after_datetime: '2026-11-18' }, LIST, living)) {
          const ref = value(scan, 'REF')!;
          const states = seen.get(ref) ?? [];
          if (states.at(-1) !== state(scan)) seen.set(ref, [...states, state(scan)]);
          if (state(scan) === 'Running') running.set(ref, (running.get(ref) ?? 0) + 1);
          if (done(scan)) {
            expect(state(scan)).toBe('Finished');
            if (!processed.has(ref)) processed.set(ref, step);
          } else expect(processed.has(ref), 'never taken back').toBe(false);
        }
        living.advance(HOUR);
      }
      for (const states of seen.values()) {
        let at = 0;
        for (const one of states) {
          const found = order.findIndex((name, n) => n >= at && name.split(' ').includes(one));
          expect(found, states.join(' → ')).toBeGreaterThanOrEqual(0);
          at = found + 1;
        }
      }
      const ends = new Set([...seen.values()].flat());
      expect([...ends].sort()).toEqual(expect.arrayContaining(['Canceled', 'Error', 'Finished', 'Queued', 'Running']));
      expect(
        [...running.values()].some((hours) => hours > 72),
        'longer than three days',
      ).toBe(true);
      expect(processed.size).toBeGreaterThan(10);
    } finally {
      await living.close();
    }
  });

  test('a scan’s results are the same whenever they are fetched', async () => {
    const living = await startSimulator({ hosts: 100, seed: 8 });
    try {
      const ref = refs((await list({}, LIST, living)).filter(done))[3]!;
      const params = { action: 'fetch', scan_ref: ref, mode: 'extended', output_format: 'json' };
      const now = await ask(living, FETCH, { params });
      living.advance(200 * DAY);
      expect((await ask(living, FETCH, { params })).text).toBe(now.text);
    } finally {
      await living.close();
    }
  });
});

describe('fetching', () => {
  test('gives exactly the truth, row for row, nothing for some, equal rows and absent values included', async () => {
    const scans = (await list({ launched_after_datetime: '2020-01-01' })).filter(done);
    const keys: string[] = [];
    let empty = 0;
    let equal = 0;
    const values = new Map<string, Set<string>>();
    for (const ref of refs(scans)) {
      const rows = await json(ref);
      if (rows.length === 0) empty++;
      equal += rows.length - new Set(rows.map((row) => JSON.stringify(row))).size;
      const seen = new Map<string, number>();
      for (const row of rows) {
        const { ip, qid, port, protocol, fqdn, instance } = row;
        const key = [ref, ip, String(qid), port, protocol, fqdn, instance ?? ''];
        seen.set(key.join(), (seen.get(key.join()) ?? 0) + 1);
        keys.push([...key, seen.get(key.join())].join());
        for (const [name, one] of Object.entries(row)) {
          const kind = one === null ? 'null' : one === '' ? '""' : typeof one;
          values.set(name, (values.get(name) ?? new Set()).add(kind));
        }
      }
    }
    const expected = truth('vm_scan_results').map(({ key }) => key.join());
    expect(expected.length).toBeGreaterThan(2000);
    expect(keys).toEqual(expected);
    expect(new Set(expected).size).toBe(expected.length);
    expect(empty).toBeGreaterThan(5);
    expect(equal).toBeGreaterThan(20);
    // What the recorded array holds, and in `instance` and `netbios` strings besides its nulls.
    expect(Object.fromEntries([...values].map(([name, kinds]) => [name, [...kinds].sort()]))).toEqual({
      ip: ['string'],
      dns: ['""', 'string'],
      netbios: ['null', 'string'],
      qid: ['number'],
      instance: ['null', 'string'],
      result: ['""', 'string'],
      protocol: ['""', 'string'],
      port: ['""', 'string'],
      ssl: ['string'],
      fqdn: ['""', 'string'],
    });
    const lengths = truth('vm_scan_results').filter(({ key }) => key[0] === refs(scans)[0]);
    expect((await json(refs(scans)[0]!)).map(({ result }) => String(result).length)).toEqual(
      lengths.map(({ result_length }) => result_length),
    );
  });

  test('the array is written as recorded: keys in order, one row a line, slashes escaped', async () => {
    for (const ref of refs((await list()).filter(done)).slice(0, 20)) {
      const { text, headers } = await fetch({ scan_ref: ref, mode: 'extended', output_format: 'json' });
      if (text === '[]') continue;
      expect(headers['content-type']).toContain('application/json');
      for (const line of text.slice(1, -1).split(',\n')) {
        expect(Object.keys(JSON.parse(line)).join()).toBe('ip,dns,netbios,qid,instance,result,protocol,port,ssl,fqdn');
        expect(line).not.toMatch(/[^\\]\/|[^ -~]/);
      }
    }
  });

  test('extended: the report and the scan come first, what went where last', async () => {
    const ref = refs((await list()).filter(done)).at(-1)!;
    const plain = await json(ref);
    const rows = await json(ref, { output_format: 'json_extended' });
    expect(rows).toHaveLength(plain.length + 3);
    expect(rows[0]).toMatchObject({ scan_report_template_title: 'Scan Results', username: sim.username });
    expect(rows[1]).toMatchObject({ reference: ref, status: 'Finished' });
    expect(Object.keys(rows.at(-1)!)).toEqual(['target_distribution_across_scanner_appliances']);
    expect(rows.slice(2, -1).map(({ ip, qid, results }) => [ip, qid, results])).toEqual(
      plain.map(({ ip, qid, result }) => [ip, qid, result]),
    );
  });

  test('CSV, brief and by address', async () => {
    const ref = refs((await list()).filter(done)).find((one) => one !== undefined)!;
    const busy = async (): Promise<string> => {
      for (const one of refs((await list()).filter(done))) if ((await json(one)).length > 20) return one;
      return ref;
    };
    const scan = await busy();
    const rows = await json(scan);
    const table = parseCsv((await fetch({ scan_ref: scan, mode: 'extended' })).text);
    expect(table[0]).toEqual(Object.keys(rows[0]!));
    expect(table.slice(1)).toEqual(rows.map((row) => Object.values(row).map((one) => String(one ?? ''))));
    const brief = await json(scan, { mode: 'brief' });
    expect(Object.keys(brief[0]!)).toEqual(['ip', 'dns', 'netbios', 'qid', 'instance', 'result']);
    const { ip } = rows[0]!;
    expect(await json(scan, { ips: String(ip) })).toEqual(rows.filter((row) => row['ip'] === ip));
  });

  test('what has no results yet, or never will, or does not exist, is refused with status 200', async () => {
    const scans = (await list()).filter((scan) => !done(scan));
    expect(new Set(scans.map(state)).size).toBeGreaterThan(2);
    for (const ref of [...refs(scans), 'scan/1.1', 'scan/1795116900.99999', 'nonsense']) {
      const reply = await fetch({ scan_ref: ref });
      expect([reply.status, code(reply)], ref).toEqual([200, '7001']);
    }
    expect([(await fetch({})).status, code(await fetch({}))]).toEqual([400, '1903']);
    expect(code(await fetch({ scan_ref: 'scan/1.1', state: 'x' }))).toBe('1901');
  });

  test('agrees with the detections of its hosts', async () => {
    const scans = refs((await list()).filter(done)).slice(0, 30);
    const byIp = new Map<string, ReadonlySet<number>>();
    for (const n of sim.world.ordinals(sim.now())) {
      const host = sim.world.host(n);
      if (host.network.id !== 0) continue;
      byIp.set(host.ip, new Set([...sim.world.detections(host, sim.now())].map((one) => one.vulnerability.qid)));
    }
    let compared = 0;
    for (const ref of scans) {
      for (const { ip, qid } of await json(ref)) {
        const known = byIp.get(String(ip));
        // Some hosts have been purged since.
        if (known === undefined) continue;
        expect(known, String(ip)).toContain(qid);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(500);
  });
});

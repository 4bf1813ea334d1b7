/** Longer than usual: one try per fault in one table, so that the compiler can demand all of them. */
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  all,
  ask,
  child,
  manualClock,
  nextIdMin,
  parseXml,
  type Reply,
  value,
} from '../../test/support/simulator-client.ts';
import type { ClassicFault, RecordsFault, RestFault } from './faults.ts';
import { DEFAULT_EPOCH, type FaultName, parseFault, type Simulator, startSimulator } from './index.ts';

const HOSTS = '/api/5.0/fo/asset/host/';
const DETECTIONS = '/api/5.0/fo/asset/host/vm/detection/';
const GZIP = { 'Accept-Encoding': 'gzip' };

type Timed = Simulator & { readonly clock: ReturnType<typeof manualClock> };
type Try = (sim: Timed, set: (argument?: string | number) => void) => Promise<void>;

const hosts = (sim: Simulator, params: Record<string, string | number> = {}, headers = {}): Promise<Reply> =>
  ask(sim, HOSTS, { params: { action: 'list', ...params }, headers });
const detections = (sim: Simulator, params: Record<string, string | number> = {}, headers = {}): Promise<Reply> =>
  ask(sim, DETECTIONS, { params: { action: 'list', ...params }, headers });
const code = (reply: Reply): string | undefined => value(child(parseXml(reply.text), 'RESPONSE'), 'CODE');
const ids = (reply: Reply): number[] => all(parseXml(reply.text), 'HOST').map((host) => Number(value(host, 'ID')));
const broken = (reply: Reply): void => expect(() => parseXml(reply.text)).toThrow();

/** An answer of this status whose SIMPLE_RETURN has this code; HTML where there is none. */
const instead =
  (status: number, expected: string | 'html'): Try =>
  async (sim, set) => {
    set();
    const reply = await hosts(sim);
    expect(reply.status).toBe(status);
    if (expected === 'html') {
      expect(reply.headers['content-type']).toContain('text/html');
      expect(reply.text).toContain('<h1>');
    } else expect(code(reply)).toBe(expected);
  };

/** One try per fault; the type demands all of them, but for those of the other fault tests. */
const TRIES: Record<Exclude<FaultName, RestFault | ClassicFault | RecordsFault>, Try> = {
  'html-200': instead(200, 'html'),
  'empty-200': async (sim, set) => {
    set();
    const reply = await hosts(sim);
    expect([reply.status, reply.text, reply.clean]).toEqual([200, '', true]);
  },
  'error-200-2001': async (sim, set) => {
    await instead(200, '2001')(sim, set);
    expect((await hosts(sim)).headers['x-ratelimit-limit']).toBeUndefined();
  },
  'generic-return': async (sim, set) => {
    set();
    const root = parseXml((await hosts(sim)).text);
    expect([root.name, child(root, 'RETURN')?.attributes['number']]).toEqual(['GENERIC_RETURN', '999']);
  },
  'http-202-1981': instead(202, '1981'),
  'http-401': async (sim, set) => {
    await instead(401, '2000')(sim, set);
    expect(sim.counters().wrongSignIns).toEqual({});
  },
  'http-403-2012': instead(403, '2012'),
  'http-409-1960': instead(409, '1960'),
  'http-409-1965': async (sim, set) => {
    set(77);
    const reply = await hosts(sim);
    expect([reply.status, code(reply), reply.headers['x-ratelimit-towait-sec']]).toEqual([409, '1965', '77']);
  },
  'http-409-2003': instead(409, '2003'),
  'http-409-no-code': async (sim, set) => {
    set();
    const reply = await hosts(sim);
    expect([reply.status, code(reply)]).toEqual([409, undefined]);
  },
  'http-414': instead(414, 'html'),
  'http-429': async (sim, set) => {
    set(9);
    const reply = await hosts(sim);
    expect([reply.status, reply.headers['retry-after']]).toEqual([429, '9']);
  },
  'http-500-999': instead(500, '999'),
  'http-502': instead(502, 'html'),
  'http-503-1999-xml': instead(503, '1999'),
  'http-503-1999-html': instead(503, 'html'),
  'http-504': instead(504, 'html'),
  'redirect-other-host': async (sim, set) => {
    set('http://elsewhere.example/x');
    const reply = await hosts(sim);
    expect([reply.status, reply.headers.location]).toEqual([302, 'http://elsewhere.example/x']);
  },
  'newest-version-404': async (sim, set) => {
    set();
    expect((await hosts(sim)).status).toBe(404);
    expect((await ask(sim, '/api/4.0/fo/asset/host/', { params: { action: 'list' } })).status).toBe(200);
  },
  'xml-bomb': async (sim, set) => {
    set();
    const { text } = await hosts(sim);
    expect(text).toContain('<!ENTITY e9');
    expect(text).toContain('&e9;');
  },
  'xml-external-entity': async (sim, set) => {
    set('http://canary.example/');
    expect((await hosts(sim)).text).toContain('<!ENTITY x SYSTEM "http://canary.example/">');
  },
  'xml-deep': async (sim, set) => {
    set(20_000);
    expect((await hosts(sim)).text.split('<A>')).toHaveLength(20_001);
  },

  'bare-amp': async (sim, set) => {
    set();
    const reply = await hosts(sim);
    expect(reply.text).toContain('>R&D department<');
    broken(reply);
  },
  'ctrl-chars': async (sim, set) => {
    set();
    const reply = await hosts(sim);
    expect(reply.text).toContain('\u0001');
    broken(reply);
  },
  'bad-utf8': async (sim, set) => {
    set();
    const { raw } = await hosts(sim);
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(raw)).toThrow();
    expect(raw.includes(Buffer.from([0xc3, 0x28]))).toBe(true);
  },
  'unknown-elements': async (sim, set) => {
    set();
    const root = parseXml((await detections(sim)).text);
    expect(all(root, 'NOVELTY')[0]?.attributes['kind']).toBe('a & b');
    expect(all(all(root, 'DETECTION')[0]!, 'NOVELTY')).toHaveLength(1);
  },
  'missing-optional': async (sim, set) => {
    set();
    const root = parseXml((await detections(sim)).text);
    for (const name of ['OS', 'DNS', 'NETBIOS', 'SEVERITY', 'TIMES_FOUND']) expect(all(root, name), name).toEqual([]);
    expect(all(root, 'QID').length).toBeGreaterThan(0);
  },
  'lower-case': async (sim, set) => {
    const before = parseXml((await detections(sim)).text);
    set();
    const root = parseXml((await detections(sim)).text);
    expect(root.name).toBe('host_list_vm_detection_output');
    expect(all(root, 'qid').map((one) => one.text)).toEqual(all(before, 'QID').map((one) => one.text));
    expect(all(root, 'results').map((one) => one.text)).toEqual(all(before, 'RESULTS').map((one) => one.text));
  },
  'keep-alive': async (sim, set) => {
    const before = await detections(sim);
    set();
    const reply = await detections(sim);
    expect(reply.text).toContain('<!-- keep-alive for OUTPUT  -->');
    expect(all(parseXml(reply.text), 'RESULTS')).toEqual(all(parseXml(before.text), 'RESULTS'));
  },
  'error-after-partial': async (sim, set) => {
    set(3000);
    const reply = await hosts(sim);
    expect(reply.clean).toBe(true);
    expect(reply.text.indexOf('<SIMPLE_RETURN>')).toBeGreaterThan(3000);
    expect(reply.text).not.toContain('</HOST_LIST_OUTPUT>');
    broken(reply);
  },

  'truncated-at': async (sim, set) => {
    const whole = await hosts(sim);
    set(5000);
    const cut = await hosts(sim);
    expect([cut.clean, cut.raw.length]).toEqual([true, 5000]);
    expect(whole.raw.subarray(0, 5000).equals(cut.raw)).toBe(true);
    const packed = await hosts(sim, {}, GZIP);
    expect(packed.text, 'the gzip framing is whole').toBe(cut.text);
    set(10_000_000);
    const short = await hosts(sim, { truncation_limit: 1 });
    expect(short.clean).toBe(true);
    broken(short);
  },
  'reset-at': async (sim, set) => {
    set(3000);
    const reply = await hosts(sim);
    expect(reply.clean).toBe(false);
    expect(reply.raw.length).toBeLessThanOrEqual(3000);
    set(10_000_000);
    expect((await hosts(sim, { truncation_limit: 1 })).clean).toBe(false);
    expect(sim.counters().abandoned, 'cut by the server, not left by the client').toBe(0);
  },
  'chunk-cut': async (sim, set) => {
    set(3000);
    const reply = await hosts(sim);
    expect(reply.clean).toBe(false);
    expect(reply.raw.length).toBeGreaterThanOrEqual(3000);
    broken(reply);
  },
  'content-length-too-long': async (sim, set) => {
    const whole = await hosts(sim);
    set(17);
    const reply = await hosts(sim);
    expect(Number(reply.headers['content-length'])).toBe(whole.raw.length + 17);
    expect([reply.clean, reply.raw.length]).toEqual([false, whole.raw.length]);
  },
  'gzip-cut': async (sim, set) => {
    set();
    const reply = await hosts(sim, {}, GZIP);
    expect([reply.clean, reply.headers['content-encoding']]).toEqual([true, 'gzip']);
    expect(() => gunzipSync(reply.raw)).toThrow(/unexpected end/);
  },
  'gzip-bomb': async (sim, set) => {
    set(20);
    const reply = await hosts(sim);
    expect(reply.raw.length).toBeLessThan(400_000);
    expect(reply.text.length).toBeGreaterThan(20_000_000);
  },
  'slow-loris': async (sim, set) => {
    const clock = sim.clock;
    set();
    const reply = ask(sim, HOSTS, { params: { action: 'list' }, hangUpAfter: 5 });
    for (let second = 0; second < 5; second++) {
      while (clock.sleepers() === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      await clock.tick(1000);
    }
    expect((await reply).raw.toString()).toBe('<?xml');
  },
  stall: async (sim, set) => {
    set();
    let settled = false;
    const reply = hosts(sim).finally(() => {
      settled = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(settled).toBe(false);
    await sim.close();
    const end = await reply;
    expect([end.status, end.raw.length, end.clean]).toEqual([200, 0, false]);
  },
  slow: async (sim, set) => {
    set(4000);
    const reply = hosts(sim);
    while (sim.clock.sleepers() === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    await sim.clock.tick(4000);
    expect((await reply).status).toBe(200);
  },

  'rate-headers-missing': async (sim, set) => {
    set();
    expect(Object.keys((await hosts(sim)).headers).filter((name) => name.startsWith('x-'))).toEqual([]);
  },
  'rate-headers-blank': async (sim, set) => {
    set();
    const { headers } = await hosts(sim);
    expect([headers['x-ratelimit-limit'], headers['x-concurrency-limit-running']]).toEqual(['', '']);
  },
  'to-wait': async (sim, set) => {
    set();
    expect((await hosts(sim)).headers['x-ratelimit-towait-sec']).toBe('1000000000');
    sim.clearFaults();
    set(-5);
    expect((await hosts(sim)).headers['x-ratelimit-towait-sec']).toBe('-5');
  },
  'clock-skew': async (sim, set) => {
    set(-3600);
    expect(Date.parse(String((await hosts(sim)).headers.date))).toBe(sim.now() - 3_600_000);
  },

  'page-size-capped': async (sim, set) => {
    set(6);
    expect(ids(await hosts(sim, { truncation_limit: 100 }))).toHaveLength(6);
    expect(ids(await hosts(sim, { truncation_limit: 0 }))).toHaveLength(6);
    expect(ids(await hosts(sim, { truncation_limit: 2 }))).toHaveLength(2);
  },
  'empty-page-with-warning': async (sim, set) => {
    const expected = ids(await hosts(sim, { truncation_limit: 0 }));
    set();
    const found: number[] = [];
    let empty = 0;
    let idMin: number | undefined = 0;
    while (idMin !== undefined) {
      const reply: Reply = await hosts(sim, { truncation_limit: 4, id_min: idMin });
      const next = nextIdMin(parseXml(reply.text));
      if (next !== undefined) expect(next).toBeGreaterThan(idMin);
      if (ids(reply).length === 0) empty++;
      found.push(...ids(reply));
      idMin = next;
    }
    expect(found).toEqual(expected);
    expect(empty).toBeGreaterThan(3);
  },
  'next-url-loop': async (sim, set) => {
    const [, second] = ids(await hosts(sim));
    set();
    expect(nextIdMin(parseXml((await hosts(sim, { truncation_limit: 3, id_min: second! })).text))).toBe(second);
  },
  'duplicate-host': async (sim, set) => {
    set();
    const first = await hosts(sim, { truncation_limit: 5 });
    const second = await hosts(sim, { truncation_limit: 5, id_min: nextIdMin(parseXml(first.text))! });
    expect(ids(second)[0]).toBe(ids(first).at(-1));
  },
  'host-inserted': async (sim, set) => {
    const before = ids(await hosts(sim));
    set();
    const first = await hosts(sim, { truncation_limit: 10 });
    sim.clearFaults();
    const after = ids(await hosts(sim));
    const added = after.filter((id) => !before.includes(id));
    const cursor = nextIdMin(parseXml(first.text))!;
    expect(added).toHaveLength(2);
    expect(added[0]).toBeLessThan(cursor);
    expect(added[1]).toBeGreaterThan(cursor);
    expect(ids(first)).not.toContain(added[0]);
  },
  'duplicate-key': async (sim, set) => {
    const id = ids(await detections(sim))[2]!;
    set(id);
    const host = all(parseXml((await detections(sim)).text), 'HOST').find((one) => value(one, 'ID') === String(id))!;
    const [one, two] = all(host, 'DETECTION');
    for (const name of ['QID', 'PORT', 'PROTOCOL', 'SSL', 'FQDN', 'INSTANCE'])
      expect(value(one, name)).toBe(value(two, name));
    expect(value(one, 'UNIQUE_VULN_ID')).not.toBe(value(two, 'UNIQUE_VULN_ID'));
    expect(value(one, 'TIMES_FOUND')).not.toBe(value(two, 'TIMES_FOUND'));
  },
  'poison-host': async (sim, set) => {
    const [first, second, third] = ids(await detections(sim));
    set(second!);
    for (const list of [hosts, detections]) {
      broken(await list(sim, { ids: `${first}-${third}` }));
      broken(await list(sim, { ids: second! }));
      expect(ids(await list(sim, { ids: `${first},${third}` }))).toEqual([first, third]);
    }
    broken(await detections(sim, { ids: second!, show_results: 0 }));
  },
  'poison-results': async (sim, set) => {
    const [first, second] = ids(await detections(sim));
    set(second!);
    broken(await detections(sim, { ids: `${first},${second}` }));
    expect(ids(await detections(sim, { ids: `${first},${second}`, show_results: 0 }))).toEqual([first, second]);
    expect(ids(await detections(sim, { ids: first! }))).toEqual([first]);
  },
  'poison-reset': async (sim, set) => {
    const [first, second] = ids(await detections(sim));
    set(second!);
    expect((await detections(sim)).clean).toBe(false);
    expect((await detections(sim, { ids: first! })).clean).toBe(true);
  },

  'foreign-caller': async (sim, set) => {
    set(9);
    expect((await hosts(sim)).headers['x-ratelimit-remaining']).toBe('290');
    expect((await hosts(sim)).headers['x-ratelimit-remaining']).toBe('280');
  },
  'foreign-running': async (sim, set) => {
    set(1);
    expect((await hosts(sim)).headers['x-concurrency-limit-running']).toBe('1');
    set(2);
    expect(code(await hosts(sim))).toBe('1960');
  },
  'detections-late': async (sim, set) => {
    const newest = async (): Promise<string | undefined> =>
      all(parseXml((await detections(sim)).text), 'LAST_PROCESSED_DATETIME')
        .map((one) => one.text)
        .sort()
        .at(-1);
    const before = await newest();
    set(86_400_000);
    const held = await newest();
    expect(held! < before!).toBe(true);
    sim.advance(86_400_000);
    expect(await newest(), 'shown a day later with the time of the day before').toBe(before);
  },
  'hosts-capped': async (sim, set) => {
    set(7);
    const root = parseXml((await hosts(sim)).text);
    expect([all(root, 'HOST').length, all(root, 'WARNING').length]).toEqual([7, 0]);
    expect(all(parseXml((await detections(sim)).text), 'HOST').length).toBeLessThanOrEqual(7);
    const ids = parseXml((await hosts(sim, { details: 'None' })).text);
    expect(all(ids, 'ID').length + all(ids, 'ID_RANGE').length).toBeGreaterThan(7);
  },
  'scope-lost': async (sim, set) => {
    const ids = async (): Promise<string[]> => all(parseXml((await hosts(sim)).text), 'ID').map((one) => one.text);
    const before = await ids();
    set(50);
    const some = await ids();
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(before.length);
    expect(before).toEqual(expect.arrayContaining(some));
    expect(await ids(), 'the same ones').toEqual(some);
    set();
    expect(await ids(), 'a list of none').toEqual([]);
    sim.clearFaults();
    expect(await ids()).toEqual(before);
  },
};

describe('fault', () => {
  test.each(Object.keys(TRIES) as (keyof typeof TRIES)[])('%s does what it says', async (name) => {
    const clock = manualClock(DEFAULT_EPOCH);
    const started = await startSimulator({ hosts: 40, seed: 3, limits: 'standard', clock });
    const sim = Object.assign(started, { clock });
    try {
      await TRIES[name](sim, (argument) => {
        sim.clearFaults();
        sim.setFault(argument === undefined ? name : `${name}=${argument}`);
      });
      sim.clearFaults();
      if (name !== 'stall') expect(ids(await hosts(sim)).length, 'and is gone when cleared').toBeGreaterThanOrEqual(40);
      expect(sim.counters().defects).toEqual([]);
    } finally {
      await sim.close();
    }
  });
});

describe('a fault setting', () => {
  test('reads as text', () => {
    expect(parseFault('http-401')).toEqual({ name: 'http-401' });
    expect(parseFault('truncated-at=5000*3+2@/vm/detection/')).toEqual({
      name: 'truncated-at',
      argument: '5000',
      count: 3,
      after: 2,
      path: '/vm/detection/',
    });
    expect(parseFault('to-wait=-5')).toEqual({ name: 'to-wait', argument: '-5' });
    expect(parseFault('redirect-other-host=http://a.example:9/x')).toMatchObject({ argument: 'http://a.example:9/x' });
    expect(() => parseFault('no-such-fault')).toThrow('no fault is named no-such-fault');
    expect(() => parseFault('')).toThrow(RangeError);
  });

  test('must make sense', async () => {
    const sim = await startSimulator({ hosts: 1 });
    try {
      expect(() => sim.setFault('truncated-at=soon')).toThrow('not a number');
      expect(() => sim.setFault('truncated-at=')).toThrow('not a number');
      expect(() => sim.setFault('http-502=3')).toThrow('takes no argument');
      expect(() => sim.setFault({ name: 'http-502', count: 1.5 })).toThrow(RangeError);
      expect(sim.faults()).toEqual([]);
    } finally {
      await sim.close();
    }
  });

  test('may hold for some calls only, begin later, and mean one path', async () => {
    const sim = await startSimulator({ hosts: 5, faults: ['http-502*2+1@/vm/detection/'] });
    try {
      const statuses: number[] = [];
      for (let n = 0; n < 5; n++) {
        statuses.push((await detections(sim)).status);
        expect((await hosts(sim)).status).toBe(200);
      }
      expect(statuses).toEqual([200, 502, 502, 200, 200]);
      expect(sim.faults()).toEqual([]);
    } finally {
      await sim.close();
    }
  });
});

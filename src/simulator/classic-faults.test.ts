/** One try per fault that only the activity log, scans and the KnowledgeBase have, and some general ones as these show them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { activityPage, parseCsv } from '../../test/support/activity-pages.ts';
import { all, ask, child, manualClock, parseXml, type Reply, value } from '../../test/support/simulator-client.ts';
import type { ClassicFault } from './faults.ts';
import { DEFAULT_EPOCH, type FaultName, type Simulator, startSimulator } from './index.ts';
import { HOUR } from './world/time.ts';

const LOG = '/api/2.0/fo/activity_log/';
const SCANS = '/api/2.0/fo/scan/';
const KB = '/api/4.0/fo/knowledge_base/vuln/';
const KEEP_ALIVE = '<!-- keep-alive for KNOWLEDGE_BASE_VULN_LIST_OUTPUT  -->';

let sim: Simulator;
let clock: ReturnType<typeof manualClock>;
beforeEach(async () => {
  clock = manualClock(DEFAULT_EPOCH);
  sim = await startSimulator({ hosts: 100, seed: 6, extraQids: 0, clock });
});
afterEach(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

const log = (params: Record<string, string | number> = {}): Promise<Reply> =>
  ask(sim, LOG, { params: { action: 'list', ...params } });
const kb = (params: Record<string, string | number> = {}): Promise<Reply> =>
  ask(sim, KB, { params: { action: 'list', ...params } });
const code = (reply: Reply): string | undefined => value(child(parseXml(reply.text), 'RESPONSE'), 'CODE');

/** The reference of a scan whose results hold more than one row. */
async function scanRef(): Promise<string> {
  const reply = await ask(sim, SCANS, { params: { action: 'list', processed: 1 } });
  for (const scan of all(parseXml(reply.text), 'SCAN')) {
    const ref = value(scan, 'REF')!;
    if ((await fetch(ref)).text.length > 5000) return ref;
  }
  throw new Error('no scan found enough');
}

const fetch = (ref: string, params: Record<string, string> = {}): Promise<Reply> =>
  ask(sim, SCANS, {
    params: { action: 'fetch', scan_ref: ref, mode: 'extended', output_format: 'json', ...params },
  });

const refusedFetch =
  (expected: string) =>
  async (set: (argument?: string) => void): Promise<void> => {
    const ref = await scanRef();
    set();
    const reply = await fetch(ref);
    expect([reply.status, code(reply)]).toEqual([200, expected]);
  };

/** One try per fault; the type demands all of them. */
const TRIES: Record<ClassicFault, (set: (argument?: string) => void) => Promise<void>> = {
  'activity-plain': async (set) => {
    const marked = await activityPage(sim, { truncation_limit: 50, until_datetime: '2026-11-19' });
    set();
    const plain = await activityPage(sim, { truncation_limit: 50, until_datetime: '2026-11-19' });
    expect(plain.text).toMatch(/^"Date","Action"/);
    expect(plain.text).not.toContain('\n----END_RESPONSE_BODY_CSV\n----BEGIN');
    expect(plain.text).toContain('\n----BEGIN_RESPONSE_FOOTER_CSV\nWARNING\n');
    const body = plain.text.slice(0, plain.text.lastIndexOf('----BEGIN_RESPONSE_FOOTER_CSV'));
    expect(parseCsv(body).slice(1)).toEqual(marked.rows);
    const all = await log({ truncation_limit: 0, until_datetime: '2026-11-19' });
    expect(() => parseCsv(all.text)).not.toThrow();
  },
  'activity-last-footer': async (set) => {
    set();
    const page = await activityPage(sim, { truncation_limit: 0 });
    expect(page.text).toContain('----BEGIN_RESPONSE_FOOTER_CSV\nWARNING\n');
    expect(page.idMax).toBeUndefined();
    expect((await activityPage(sim, { truncation_limit: 5 })).idMax).toMatch(/^\d+$/);
  },
  'activity-cut': async (set) => {
    const whole = await activityPage(sim, { truncation_limit: 40, until_datetime: '2026-11-19' });
    set();
    const { text, clean, status } = await log({ truncation_limit: 40, until_datetime: '2026-11-19' });
    expect([status, clean]).toEqual([200, true]);
    const rows = parseCsv(text.slice(text.indexOf('"')));
    expect(rows.slice(1)).toEqual(whole.rows.slice(0, 39));
    expect(whole.text.startsWith(text)).toBe(true);
  },
  'activity-cut-quoted': async (set) => {
    const whole = await log({ truncation_limit: 40, until_datetime: '2026-11-19' });
    set();
    const { text, clean, status } = await log({ truncation_limit: 40, until_datetime: '2026-11-19' });
    expect([status, clean]).toEqual([200, true]);
    expect(() => parseCsv(text.slice(text.indexOf('"')))).toThrow('does not end');
    expect(whole.text.startsWith(text)).toBe(true);
  },
  'activity-late': async (set) => {
    set(String(10 * HOUR));
    sim.advance(6 * HOUR);
    const early = (await activityPage(sim, { truncation_limit: 0 })).rows.length;
    sim.clearFaults();
    expect((await activityPage(sim, { truncation_limit: 0 })).rows.length).toBeGreaterThan(early + 1);
  },
  'fetch-7001': refusedFetch('7001'),
  'fetch-999': refusedFetch('999'),
  'fetch-cut': async (set) => {
    const ref = await scanRef();
    const json = await fetch(ref);
    const csv = await fetch(ref, { output_format: 'csv' });
    set();
    for (const [format, whole] of [['json', json] as const, ['csv', csv] as const]) {
      const reply = await fetch(ref, { output_format: format });
      expect([reply.status, reply.clean]).toEqual([200, true]);
      expect(reply.text.length).toBeLessThan(whole.text.length);
      expect(whole.text.startsWith(reply.text)).toBe(true);
      expect(() => (format === 'json' ? JSON.parse(reply.text) : parseCsv(reply.text)), format).toThrow();
    }
  },
  'kb-cut': async (set) => {
    const [first] = all(parseXml((await kb({ id_max: 38_100 })).text), 'VULN');
    set();
    for (const params of [{}, { ids: value(first, 'QID')! }]) {
      const reply = await kb(params);
      expect([reply.status, reply.clean]).toEqual([200, true]);
      expect(reply.text).toContain('<VULN_LIST>');
      expect(reply.text).not.toContain('</VULN_LIST>');
      expect(() => parseXml(reply.text)).toThrow();
    }
  },
  'keep-alive-flood': async (set) => {
    set('3000');
    const reply = await kb({ id_max: 38_100 });
    expect(reply.text.split(KEEP_ALIVE).length - 1).toBe(3000 + 2);
    expect(all(parseXml(reply.text), 'VULN').length).toBeGreaterThan(10);
  },
  'keep-alive-slow': async (set) => {
    set('60000');
    let done = false;
    const reply = kb({ id_max: 38_100 }).then((one) => {
      done = true;
      return one;
    });
    // One comment before the list and one after the root: two pauses.
    for (let pauses = 0; pauses < 2; pauses++) {
      while (clock.sleepers() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(done).toBe(false);
      await clock.tick(60_000);
    }
    expect(all(parseXml((await reply).text), 'VULN').length).toBeGreaterThan(10);
  },
};

describe('faults of the activity log, scans and the KnowledgeBase', () => {
  test.each(Object.entries(TRIES))('%s', async (name, tryIt) => {
    await tryIt((argument) =>
      sim.setFault({ name: name as FaultName, ...(argument === undefined ? {} : { argument }) }),
    );
  });
});

describe('general faults', () => {
  test('an expired account answers status 200 with 2001, as recorded for the activity log', async () => {
    sim.setFault('error-200-2001@/activity_log/');
    const reply = await log();
    expect([reply.status, code(reply), reply.headers['x-ratelimit-limit']]).toEqual([200, '2001', undefined]);
    expect((await kb({ ids: '38000' })).text).toContain('<QID>38000</QID>');
  });

  test('paging of the activity log goes wrong as that of hosts does', async () => {
    const until = { until_datetime: '2026-11-19', since_datetime: '2026-11-15' };
    const whole = (await activityPage(sim, { ...until, truncation_limit: 0 })).rows;
    expect(whole.length).toBeGreaterThan(60);
    const read = async (truncation_limit: number, most = 1000): Promise<{ rows: unknown[]; sizes: number[] }> => {
      const rows: unknown[] = [];
      const sizes: number[] = [];
      for (let id: string | undefined = ''; id !== undefined && sizes.length < most; ) {
        const page = await activityPage(sim, { ...until, truncation_limit, ...(id === '' ? {} : { id_max: id }) });
        rows.push(...page.rows);
        sizes.push(page.rows.length);
        id = page.idMax;
      }
      return { rows, sizes };
    };
    sim.setFault('page-size-capped=7');
    const capped = await read(0);
    expect([capped.rows, Math.max(...capped.sizes)]).toEqual([whole, 7]);
    sim.clearFaults();
    sim.setFault('empty-page-with-warning');
    const gaps = await read(20);
    expect(gaps.rows).toEqual(whole);
    expect(gaps.sizes.filter((size) => size === 0).length).toBeGreaterThan(1);
    sim.clearFaults();
    sim.setFault('next-url-loop');
    expect((await read(20, 3)).rows).toEqual([whole, whole, whole].flatMap((rows) => rows.slice(0, 20)));
    sim.clearFaults();
    sim.setFault('duplicate-host');
    const doubled = await read(20);
    expect(doubled.rows.slice(18, 22)).toEqual([whole[18], whole[19], whole[19], whole[20]]);
    expect(new Set(doubled.rows.map((row) => String(row)))).toEqual(new Set(whole.map((row) => String(row))));
  });

  test('truncated-at cuts CSV and JSON as well', async () => {
    const ref = await scanRef();
    sim.setFault('truncated-at=1500');
    expect(Buffer.byteLength((await log()).text)).toBe(1500);
    const reply = await fetch(ref);
    expect([reply.clean, reply.raw.length]).toEqual([true, 1500]);
    expect(() => JSON.parse(reply.text)).toThrow();
  });

  test('bad bytes and control characters get into the KnowledgeBase', async () => {
    sim.setFault('ctrl-chars*1');
    expect(() => parseXml('')).toThrow();
    const broken = await kb({ ids: '38000' });
    expect(() => parseXml(broken.text)).toThrow();
    sim.setFault('bad-utf8*1');
    expect((await kb({ ids: '38000' })).raw.includes(Buffer.from([0xc3, 0x28]))).toBe(true);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { activityPage } from '../../../test/support/activity-pages.ts';
import { ask, child, manualClock, parseXml, value } from '../../../test/support/simulator-client.ts';
import { createActivityLog } from '../activity-log.ts';
import { createWorld, DEFAULT_EPOCH, type Simulator, startSimulator, truthLines } from '../index.ts';
import { rowHash } from '../truth-classic.ts';
import { DAY, HOUR, stamp } from '../world/time.ts';

const LOG = '/api/2.0/fo/activity_log/';

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 300, seed: 11, churn: 0.05 });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

type Rows = readonly (readonly string[])[];

/** All pages, from the newest row to the oldest. */
async function pages(of: Simulator, params: Record<string, string | number>, between = async () => {}): Promise<Rows> {
  const rows: (readonly string[])[] = [];
  for (let idMax: string | undefined = ''; idMax !== undefined; ) {
    const page = await activityPage(of, idMax === '' ? params : { ...params, id_max: idMax });
    rows.push(...page.rows);
    idMax = page.idMax;
    await between();
  }
  return rows;
}

/** Keys as the truth makes them: date, hash, occurrence. */
function keys(rows: Rows): string[] {
  const seen = new Map<string, number>();
  return rows.map((row) => {
    const hash = rowHash(row);
    seen.set(hash, (seen.get(hash) ?? 0) + 1);
    return [row[0], hash, seen.get(hash)].join();
  });
}

function truth(of: Simulator): string[] {
  return [...truthLines(of.world, of.now(), of.activity, new Set(['user_activity']))]
    .map((line) => JSON.parse(line) as { key: string[] })
    .map(({ key }) => key.join());
}

describe('form', () => {
  test('is the captured one: markers, header, rows, footer with the way on', async () => {
    const { text, rows } = await activityPage(sim, { username: sim.username, truncation_limit: 1 });
    expect(text.split('\n')).toEqual([
      '----BEGIN_RESPONSE_BODY_CSV',
      '"Date","Action","Module","Details","User Name","User Role","User IP"',
      `"${stamp(sim.now())}","request","auth","API: /api/2.0/fo/activity_log/index.php","quarry_sim","Manager","127.0.0.1"`,
      '----END_RESPONSE_BODY_CSV',
      '----BEGIN_RESPONSE_FOOTER_CSV',
      'WARNING',
      '"CODE","TEXT","URL"',
      expect.stringMatching(
        /^"1980","1 record limit exceeded\. Use URL to get next batch of results\.","http:\/\/127\.0\.0\.1:\d+\/api\/2\.0\/fo\/activity_log\/\?action=list&username=quarry_sim&truncation_limit=1&id_max=\d+"$/,
      ),
      '----END_RESPONSE_FOOTER_CSV',
      '',
    ]);
    expect(rows).toHaveLength(1);
  });

  test('a page that holds all has no footer, one without rows still its header', async () => {
    expect((await activityPage(sim, { truncation_limit: 0 })).text).not.toContain('FOOTER');
    expect((await activityPage(sim, { username: 'nobody' })).text).toBe(
      '----BEGIN_RESPONSE_BODY_CSV\n"Date","Action","Module","Details","User Name","User Role","User IP"\n----END_RESPONSE_BODY_CSV\n',
    );
  });

  test('is CSV, and errors are XML', async () => {
    const page = await ask(sim, LOG, { params: { action: 'list', truncation_limit: 1 } });
    expect(page.headers['content-type']).toContain('text/csv');
    const codes: (string | undefined)[] = [];
    for (const params of [
      {},
      { action: 'export' },
      { action: 'list', output_format: 'xml' },
      { action: 'list', x: 1 },
    ]) {
      const reply = await ask(sim, LOG, { params });
      expect(reply.status).toBe(400);
      codes.push(value(child(parseXml(reply.text), 'RESPONSE'), 'CODE'));
    }
    expect(codes).toEqual(['1903', '1905', '1905', '1901']);
  });
});

describe('rows', () => {
  test('hold what makes readers stumble', async () => {
    const { rows } = await activityPage(sim, { truncation_limit: 0 });
    const details = rows.map((row) => row[3]!);
    for (const part of ['"DMZ"', ', ', '\r\n', '""', '\n----END_RESPONSE_BODY_CSV\n', 'é', '設定', '🔒', '\t']) {
      expect(
        details.some((text) => text.includes(part)),
        JSON.stringify(part),
      ).toBe(true);
    }
    expect(details.filter((text) => text.length >= 90_000).length).toBeGreaterThanOrEqual(3);
    const equal = new Map<string, number>();
    for (const row of rows) equal.set(JSON.stringify(row), (equal.get(JSON.stringify(row)) ?? 0) + 1);
    expect([...equal.values()].filter((count) => count > 2).length).toBeGreaterThan(10);
    expect(new Set(rows.map((row) => row[1]))).toEqual(
      new Set(['login', 'launch', 'finished', 'cancel', 'error', 'request', 'set']),
    );
  });

  test('newest first; purges of hosts show once they happen, and no other hosts', async () => {
    sim.advance(3 * DAY);
    const { rows } = await activityPage(sim, { truncation_limit: 0 });
    const dates = rows.map((row) => row[0]!);
    expect(dates).toEqual([...dates].sort().reverse());
    const purged = rows.filter((row) => row[1] === 'purge').map((row) => Number(/host (\d+)/.exec(row[3]!)?.[1]));
    expect(purged.length).toBeGreaterThan(10);
    for (const id of purged) {
      const n = sim.world.ordinalOf(id)!;
      expect(sim.world.scanOf(n, DEFAULT_EPOCH - 1) ?? sim.world.host(n).life.birth >= DEFAULT_EPOCH).toBeTruthy();
      expect(sim.world.scanOf(n, sim.now())).toBeUndefined();
    }
  });

  test('of the users agree with their last login', async () => {
    const { rows } = await activityPage(sim, { truncation_limit: 0, user_action: 'login', username: 'acme_ab1' });
    const { peopleAt } = await import('../world/people.ts');
    const person = [...peopleAt(sim.world, sim.now())].find(({ login }) => login === 'acme_ab1');
    expect(rows[0]?.[0]).toBe(stamp(person!.lastLogin!));
  });
});

describe('parameters', () => {
  test('narrow the rows', async () => {
    const { rows } = await activityPage(sim, { truncation_limit: 0 });
    const only = async (params: Record<string, string>): Promise<Rows> =>
      (await activityPage(sim, { truncation_limit: 0, ...params })).rows;
    const old = (list: Rows): Rows => list.filter((row) => row[6] !== '127.0.0.1');
    const expected = (test: (row: readonly string[]) => boolean): Rows => old(rows.filter(test));
    expect(old(await only({ user_action: 'login,launch' }))).toEqual(
      expected((row) => row[1] === 'login' || row[1] === 'launch'),
    );
    expect(old(await only({ username: 'acme_cd2' }))).toEqual(expected((row) => row[4] === 'acme_cd2'));
    expect(old(await only({ user_role: 'Reader' }))).toEqual(expected((row) => row[5] === 'Reader'));
    expect(old(await only({ action_details: 'asset/host' }))).toEqual(
      expected((row) => row[3]!.includes('asset/host')),
    );
    const since = '2026-11-10T12:00:00Z';
    const until = '2026-11-15T00:00:00Z';
    const between = expected((row) => row[0]! >= since && row[0]! <= until);
    expect(between.length).toBeGreaterThan(50);
    expect(await only({ since_datetime: since, until_datetime: until })).toEqual(between);
    const spaced = { since_datetime: since.replace(/[TZ]/g, ' ').trim(), until_datetime: '2026-11-15' };
    expect(await only(spaced)).toEqual(between);
  });

  test('id_min and id_max both include their row', async () => {
    const first = await activityPage(sim, { truncation_limit: 20, until_datetime: '2026-11-19' });
    const second = await activityPage(sim, {
      truncation_limit: 20,
      until_datetime: '2026-11-19',
      id_max: first.idMax!,
    });
    const both = await activityPage(sim, { until_datetime: '2026-11-19', id_min: second.idMax!, truncation_limit: 0 });
    expect(both.rows.slice(0, 40)).toEqual([...first.rows, ...second.rows]);
    expect(both.rows).toHaveLength(41);
  });
});

describe('paging', () => {
  test.each([1, 7, 100, 1000])(
    'with truncation_limit=%i reaches exactly the truth',
    { timeout: 60_000 },
    async (limit) => {
      const small = await startSimulator({ hosts: 20, seed: 3 });
      try {
        // Rows that came in after the first page are of calls alone, and are not reached.
        const since = limit === 1 ? { since_datetime: '2026-11-17' } : {};
        const first = await ask(small, LOG, { params: { action: 'list', truncation_limit: 1 } });
        expect(first.status).toBe(200);
        const rows = await pages(small, { truncation_limit: limit, ...since });
        const wanted = truth(small).filter((key) => limit !== 1 || key >= '2026-11-17');
        const calls = rows.filter((row) => row[1] === 'request' && row[6] === '127.0.0.1');
        expect(calls, 'the call before and the first page itself').toHaveLength(2);
        const world = truthLines(small.world, small.now(), undefined, new Set(['user_activity']));
        const known = [...world].length;
        if (limit !== 1) expect(rows).toHaveLength(known + 2);
        const pageCalls = wanted.length - rows.length;
        expect(keys(rows).slice(2)).toEqual(wanted.slice(2 + pageCalls));
      } finally {
        await small.close();
      }
    },
  );

  test('is not disturbed by rows that arrive: time and other calls move on between pages', async () => {
    const living = await startSimulator({ hosts: 200, seed: 5 });
    try {
      const before = await activityPage(living, { truncation_limit: 0 });
      const rows = await pages(living, { truncation_limit: 90 }, async () => {
        await ask(living, '/msp/about.php');
        living.advance(HOUR);
      });
      // The first page's own call is the one row more.
      expect(keys(rows)).toHaveLength(before.rows.length + 1);
      expect(rows.slice(2)).toEqual(before.rows.slice(1));
      const after = await pages(living, { truncation_limit: 90 });
      expect(after.length).toBeGreaterThan(rows.length + 8);
      // Equal calls of one second are numbered among all, so only dates and hashes can be compared with a part.
      const unnumbered = (list: string[]): string[] => list.map((key) => key.replace(/,\d+$/, ''));
      expect(unnumbered(keys(after))).toEqual(unnumbered(truth(living)).slice(-after.length));
    } finally {
      await living.close();
    }
  });
});

describe('requests of clients', () => {
  test('each admitted call is a row of its user and second; refused ones are none', async () => {
    const clock = manualClock(DEFAULT_EPOCH);
    const two = await startSimulator({
      hosts: 5,
      clock,
      frozen: false,
      users: [
        { username: 'quarry_sim', password: 'a' },
        { username: 'acme_cd2', password: 'b' },
      ],
    });
    try {
      await ask(two, '/msp/about.php');
      await clock.tick(1500);
      await ask(two, '/api/5.0/fo/asset/host/', { params: { action: 'list' }, as: 'acme_cd2:b' });
      await ask(two, '/api/5.0/fo/asset/host/', { params: { action: 'list' }, as: 'acme_cd2:wrong' });
      await clock.tick(1000);
      const { rows } = await activityPage(two, { truncation_limit: 3 });
      expect(rows.map((row) => [row[0], row[3], row[4]])).toEqual([
        ['2026-11-20T00:00:02Z', 'API: /api/2.0/fo/activity_log/index.php', 'quarry_sim'],
        ['2026-11-20T00:00:01Z', 'API: /api/5.0/fo/asset/host/index.php', 'acme_cd2'],
        ['2026-11-20T00:00:00Z', 'API: /msp/about.php', 'quarry_sim'],
      ]);
    } finally {
      await two.close();
    }
  });

  test('are remembered up to 100,000', () => {
    const log = createActivityLog(createWorld({ hosts: 5 }));
    for (let n = 0; n < 250_000; n++) log.request(DEFAULT_EPOCH + n, 'quarry_sim', '/msp/about.php');
    let count = 0;
    let last = Number.POSITIVE_INFINITY;
    for (const row of log.rows(DEFAULT_EPOCH + DAY)) {
      expect(row.id).toBeLessThan(last);
      last = row.id;
      if (row.ip === '127.0.0.1') count++;
    }
    expect(count).toBeGreaterThan(89_000);
    expect(count).toBeLessThanOrEqual(100_000);
  });
});

describe('late rows (activity-late)', () => {
  test('appear after their time, above rows dated later, and are all there in the end', async () => {
    const late = await startSimulator({ hosts: 200, seed: 6, faults: [`activity-late=${10 * HOUR}`] });
    try {
      const world = (rows: Rows): string[] => rows.filter((row) => row[6] !== '127.0.0.1').map((row) => row.join());
      late.advance(6 * HOUR);
      const first = (await activityPage(late, { truncation_limit: 0 })).rows;
      expect(keys(first)).toEqual(truth(late));
      const dates = first.map((row) => row[0]!);
      expect(dates).not.toEqual([...dates].sort().reverse());
      late.advance(10 * HOUR);
      const until = { truncation_limit: 0, until_datetime: stamp(DEFAULT_EPOCH + 6 * HOUR) };
      const second = world((await activityPage(late, until)).rows);
      const seen = new Set(world(first));
      expect(second.filter((row) => !seen.has(row)).length, 'dated before the first look').toBeGreaterThan(2);
      late.clearFaults('activity-late');
      expect(world((await activityPage(late, until)).rows).toSorted()).toEqual(second.toSorted());
    } finally {
      await late.close();
    }
  });
});

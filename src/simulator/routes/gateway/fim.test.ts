import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateway, signIn, type TruthLine, truthOf } from '../../../../test/support/rest-client.ts';
import type { Reply } from '../../../../test/support/simulator-client.ts';
import { type Simulator, startSimulator } from '../../index.ts';
import { DAY, HOUR } from '../../world/time.ts';

const EVENTS = '/fim/v2/events';
const INCIDENTS = '/fim/v3/incidents';
const BY_PROCESSED = '[{"processedTime":"asc"},{"id":"asc"}]';

let sim: Simulator;
let token: string;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 130, seed: 5, tokenMs: 400 * DAY });
  token = (await signIn(sim)).text;
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

interface Row {
  readonly sortValues: readonly (string | number)[];
  readonly data: Record<string, unknown> & {
    readonly id: string;
    readonly dateTime: string;
    readonly processedTime: string;
  };
}

const post = (path: string, body: object = {}, of = sim, as = token): Promise<Reply> => gateway(of, as, path, body);
const rows = async (path: string, body: object = {}): Promise<Row[]> =>
  JSON.parse((await post(path, body)).text) as Row[];
const ids = (list: readonly Row[]): string[] => list.map(({ data }) => data.id);
const count = async (path: string, body: object = {}): Promise<unknown> => JSON.parse((await post(path, body)).text);
const at = (text: string): number => Date.parse(text.replace('+0000', 'Z'));

const truth = (): TruthLine[] => truthOf(sim, 'fim_events').filter((line) => line['ignored'] === false);
const sorted = (lines: readonly TruthLine[], by: string): string[] =>
  lines
    .map((line) => ({ time: String(line[by]), id: line.key[0]! }))
    .sort((a, b) => (a.time < b.time || (a.time === b.time && a.id < b.id) ? -1 : 1))
    .map(({ id }) => id);

/** All rows, as a client that trusts sortValues would read them. */
async function everything(path: string, body: Record<string, unknown>, pageSize: number): Promise<Row[]> {
  const found: Row[] = [];
  for (let searchAfter: unknown; ; searchAfter = found.at(-1)!.sortValues) {
    const page = await rows(path, { ...body, pageSize, ...(searchAfter === undefined ? {} : { searchAfter }) });
    found.push(...page);
    if (page.length < pageSize) return found;
  }
}

describe('events', () => {
  test.each(['processedTime', 'dateTime'])('by %s and id, with searchAfter, are exactly the truth', async (field) => {
    const expected = sorted(truth(), field === 'dateTime' ? 'happened' : 'processed');
    expect(expected.length).toBeGreaterThan(500);
    const up = await everything(`${EVENTS}/search`, { sort: `[{"${field}":"asc"},{"id":"asc"}]` }, 97);
    expect(ids(up)).toEqual(expected);
    const down = await everything(`${EVENTS}/search`, { sort: `[{"${field}":"desc"},{"id":"desc"}]` }, 1000);
    expect(ids(down)).toEqual([...expected].reverse());
    for (const { sortValues, data } of up) expect(sortValues).toEqual([at(data[field] as string), data.id]);
    expect(await count(`${EVENTS}/count`)).toEqual({ count: expected.length });
  });

  test('many come in one and the same millisecond; a cursor without id loses the rest of them', async () => {
    const up = await everything(`${EVENTS}/search`, { sort: BY_PROCESSED }, 1000);
    const same = up.filter(({ data }) => data.processedTime === '2026-11-19T03:00:00.000+0000');
    expect(same.length).toBeGreaterThan(20);
    const lossy = await everything(`${EVENTS}/search`, { sort: '[{"processedTime":"asc"}]' }, 7);
    expect(lossy.length).toBeLessThan(up.length);
  });

  test('ranges of time hold their ends; pages by number; a base without /fim', async () => {
    const up = await everything(`${EVENTS}/search`, { sort: BY_PROCESSED }, 1000);
    const [from, to] = [up[100]!.data.processedTime, up[160]!.data.processedTime];
    const iso = (text: string): string => text.replace('+0000', 'Z');
    const filter = `processedTime:['${iso(from)}'..'${iso(to)}']`;
    const within = up.filter(({ data }) => data.processedTime >= from && data.processedTime <= to);
    const body = { filter, sort: BY_PROCESSED, pageSize: 20 };
    const pages = [];
    for (let pageNumber = 0; pageNumber < 4; pageNumber++)
      pages.push(await rows('/v2/events/search', { ...body, pageNumber }));
    expect(pages.flat()).toEqual(within.slice(0, 80));
    expect(await count(`${EVENTS}/count`, { filter })).toEqual({ count: within.length });
    const happened = `dateTime:['${iso(from)}'..'${iso(to)}']`;
    expect(await count(`${EVENTS}/count`, { filter: happened })).toEqual({
      count: up.filter(({ data }) => data.dateTime >= from && data.dateTime <= to).length,
    });
  });

  test('filters by field, with AND, OR, NOT and parentheses', async () => {
    const up = await everything(`${EVENTS}/search`, { sort: BY_PROCESSED }, 1000);
    const matches = async (filter: string, test: (row: Row) => boolean): Promise<void> => {
      const expected = up.filter(test).length;
      expect(expected, filter).toBeGreaterThan(0);
      expect(await count(`${EVENTS}/count`, { filter }), filter).toEqual({ count: expected });
    };
    await matches("action:'Create'", ({ data }) => data['action'] === 'Create');
    await matches(
      "action:'create' AND severity:[4..5]",
      ({ data }) => data['action'] === 'Create' && Number(data['severity']) >= 4,
    );
    await matches(
      "NOT (action:`Create` OR action:'Delete')",
      ({ data }) => !['Create', 'Delete'].includes(String(data['action'])),
    );
    const { agentId } = up[0]!.data['asset'] as { agentId: string };
    await matches(
      `asset.agentId:'${agentId}'`,
      ({ data }) => (data['asset'] as { agentId: string }).agentId === agentId,
    );
    expect(await count(`${EVENTS}/count`, { groupBy: ['action'] })).toMatchObject({ Create: expect.any(Number) });
  });

  test('the window ends at 10,000 rows: 416, and 400 for what cannot be read', async () => {
    const status = async (body: object): Promise<number> => (await post(`${EVENTS}/search`, body)).status;
    expect(await status({ pageNumber: 9, pageSize: 1000 })).toBe(200);
    expect(await status({ pageNumber: 10, pageSize: 1000 })).toBe(416);
    for (const body of [
      { sort: [{ dateTime: 'asc' }] },
      { sort: '[{"noField":"asc"}]' },
      { filter: "noField:'x'" },
      { filter: "action:'x' AND" },
      { searchAfter: [1, 2], sort: '[{"dateTime":"asc"}]' },
    ]) {
      expect(await status(body), JSON.stringify(body)).toBe(400);
    }
  });

  test('have the keys of the recorded ones in their order, dates without a colon in the zone', async () => {
    const [row] = await rows(`${EVENTS}/search`, { pageSize: 1, filter: "action:'Content'" });
    expect(Object.keys(row!)).toEqual(['sortValues', 'data']);
    expect(Object.keys(row!.data)).toEqual([
      ...[
        'dateTime',
        'fullPath',
        'severity',
        'profiles',
        'type',
        'changedAttributes',
        'platform',
        'oldContent',
        'processedTime',
      ],
      ...['actor', 'newContent', 'customerId', 'name', 'action', 'id', 'asset', 'incidentId', 'class'],
    ]);
    expect(Object.keys(row!.data['asset'] as object)).toEqual([
      ...[
        'agentId',
        'interfaces',
        'lastCheckedIn',
        'created',
        'hostId',
        'operatingSystem',
        'tags',
        'assetType',
        'system',
        'ec2',
      ],
      ...['lastLoggedOnUser', 'netbiosName', 'name', 'agentVersion', 'updated'],
    ]);
    expect(Object.keys(row!.data['actor'] as object)).toEqual([
      'process',
      'processID',
      'imagePath',
      'userName',
      'userID',
    ]);
    expect(row!.data.dateTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    const alone = await gateway(sim, token, `${EVENTS}/${row!.data.id}`, undefined, { method: 'GET' });
    expect(JSON.parse(alone.text), 'alone: the bare object').toEqual(row!.data);
    const hosts = new Map(truthOf(sim, 'assets').map((line) => [line['host_id'], line['agent_id']]));
    const { hostId, agentId } = row!.data['asset'] as { hostId: string; agentId: string };
    expect(hosts.get(hostId)).toBe(agentId);
    expect((await gateway(sim, token, `${EVENTS}/nobody`, undefined, { method: 'GET' })).status).toBe(404);
  });

  test('are ignored some time later: from then on in the other list', async () => {
    const ignored = truthOf(sim, 'fim_events')
      .filter((line) => line['ignored'] === true)
      .map(({ key }) => key[0]!);
    const other = ids(await everything(`${EVENTS}/ignore/search`, { sort: BY_PROCESSED }, 1000));
    expect(other.length).toBeGreaterThan(10);
    expect([...other].sort()).toEqual([...ignored].sort());
    expect((await gateway(sim, token, `${EVENTS}/ignore/${other[0]}`, undefined, { method: 'GET' })).status).toBe(200);
    expect((await gateway(sim, token, `${EVENTS}/${other[0]}`, undefined, { method: 'GET' })).status).toBe(404);
    expect(await count(`${EVENTS}/ignore/count`)).toEqual({ count: ignored.length });
  });
});

describe('incidents', () => {
  test('v3 wrapped and v2 flat tell the same; all of them are the truth', async () => {
    const sort = '[{"createdBy.date":"asc"},{"id":"asc"}]';
    const wrapped = await everything(`${INCIDENTS}/search`, { sort }, 10);
    const flat = JSON.parse((await post('/fim/v2/incidents/search', { sort, pageSize: 1000 })).text) as Row['data'][];
    expect(wrapped.map(({ data }) => data)).toEqual(flat);
    const expected = truthOf(sim, 'fim_incidents').map(({ key }) => key[0]!);
    expect(ids(wrapped).sort()).toEqual([...expected].sort());
    expect(await count('/fim/v2/incidents/count')).toEqual({ count: expected.length });
    expect(Object.keys(flat[0]!)).toEqual([
      ...[
        'approvalStatus',
        'marked',
        'lastUpdatedBy',
        'filterToDate',
        'approvalDate',
        'assignDate',
        'approvalType',
        'changeType',
      ],
      ...[
        'markupStatus',
        'filters',
        'type',
        'reviewers',
        'deleted',
        'filterFromDate',
        'createdBy',
        'customerId',
        'name',
        'ruleName',
      ],
      ...['comment', 'dispositionCategory', 'id', 'ruleId', 'status'],
    ]);
  });

  test('their events are the ones that name them', async () => {
    const events = await everything(`${EVENTS}/search`, { sort: BY_PROCESSED }, 1000);
    const [incident] = [...new Set(events.map(({ data }) => data['incidentId']))].filter((one) => one !== null);
    const mine = events.filter(({ data }) => data['incidentId'] === incident);
    for (const version of ['v2', 'v3']) {
      const path = `/fim/${version}/incidents/${String(incident)}/events`;
      expect(await everything(`${path}/search`, { sort: BY_PROCESSED }, 2)).toEqual(mine);
      expect(await count(`${path}/count`)).toEqual({ count: mine.length });
    }
    expect(await rows('/fim/v2/incidents/nobody/events/search')).toEqual([]);
  });

  test('open and close, and lastUpdatedBy tells when', async () => {
    const living = await startSimulator({ hosts: 60, seed: 8, tokenMs: 400 * DAY });
    try {
      const mine = (await signIn(living)).text;
      const all = async (filter: string): Promise<Row['data'][]> => {
        const { text } = await post('/fim/v2/incidents/search', { filter, pageSize: 1000 }, living, mine);
        return JSON.parse(text) as Row['data'][];
      };
      const before = await all("status:'OPEN'");
      const then = new Date(living.now()).toISOString();
      living.advance(30 * HOUR);
      const now = new Date(living.now()).toISOString();
      const updated = await all(`lastUpdatedBy.date:['${then}'..'${now}']`);
      const closed = updated.filter((one) => before.some(({ id }) => id === one.id));
      expect(closed.length).toBeGreaterThan(3);
      for (const one of closed)
        expect(one).toMatchObject({ status: 'CLOSED', approvalDate: expect.stringMatching(/\+0000$/) });
      const open = new Set((await all("status:'OPEN'")).map(({ id }) => id));
      expect(
        before
          .filter(({ id }) => !open.has(id))
          .map(({ id }) => id)
          .sort(),
      ).toEqual(closed.map(({ id }) => id).sort());
      expect((await all(`createdBy.date:['${then}'..'${now}']`)).length).toBeGreaterThan(5);
    } finally {
      await living.close();
    }
  });
});

test('an event never changes but for its incident and its being ignored; nothing appears in the past', async () => {
  const living = await startSimulator({ hosts: 50, seed: 6, tokenMs: 400 * DAY });
  try {
    const mine = (await signIn(living)).text;
    const seen = new Map<string, string>();
    let until = '';
    for (let hour = 0; hour < 40; hour += 8) {
      const body = { sort: BY_PROCESSED, pageSize: 5000 };
      const lists = [`${EVENTS}/search`, `${EVENTS}/ignore/search`].map(
        async (path) => JSON.parse((await post(path, body, living, mine)).text) as Row[],
      );
      for (const { data } of (await Promise.all(lists)).flat()) {
        const text = JSON.stringify({ ...data, incidentId: null });
        const old = seen.get(data.id);
        if (old === undefined) expect(data.processedTime > until, 'new ones were processed since').toBe(true);
        else expect(text).toBe(old);
        seen.set(data.id, text);
      }
      until = new Date(living.now()).toISOString().replace('Z', '+0000');
      living.advance(8 * HOUR);
    }
    expect(seen.size).toBeGreaterThan(200);
  } finally {
    await living.close();
  }
});

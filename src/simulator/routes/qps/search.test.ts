import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Criterion,
  idsOf,
  qps,
  qpsJson,
  serviceRequest,
  type TruthLine,
  truthOf,
} from '../../../../test/support/rest-client.ts';
import { child, type Node, parseXml, type Reply, value } from '../../../../test/support/simulator-client.ts';
import { type Simulator, startSimulator } from '../../index.ts';

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 230, seed: 7 });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

const truth = (dataset: string): TruthLine[] => truthOf(sim, dataset);
const truthIds = (dataset: string): number[] => truth(dataset).map(({ key }) => Number(key[0]));

const SEARCHES = {
  host_assets: '2.0/search/am/hostasset',
  tags: '2.0/search/am/tag',
  webapps: '3.0/search/was/webapp',
  webapp_findings: '3.0/search/was/finding',
} as const;

const search = (path: string, criteria: Criterion[] = [], preferences: Record<string, unknown> = {}): Promise<Reply> =>
  qps(sim, path, serviceRequest(criteria, preferences));

const names = (node: Node | undefined): string[] => (node?.children ?? []).map(({ name }) => name);

function refusal(reply: Reply): unknown[] {
  const root = parseXml(reply.text);
  const details = child(root, 'responseErrorDetails');
  return [reply.status, value(root, 'responseCode'), value(details, 'errorMessage'), value(details, 'errorResolution')];
}

describe('paging', () => {
  test.each(Object.entries(SEARCHES))('%s by id GREATER lastId is exactly the truth', async (dataset, path) => {
    const found: number[] = [];
    for (let last: string | undefined = '0'; last !== undefined; ) {
      const reply: Reply = await search(path, [{ field: 'id', operator: 'GREATER', value: last }], { limitResults: 7 });
      const root = parseXml(reply.text);
      expect(reply.status).toBe(200);
      expect(Number(value(root, 'count'))).toBe(idsOf(reply).length);
      found.push(...idsOf(reply));
      const more = value(root, 'hasMoreRecords') === 'true';
      expect(value(root, 'lastId'), 'lastId stands where there is more, as recorded').toBe(
        more ? String(found.at(-1)) : undefined,
      );
      last = value(root, 'lastId');
    }
    expect(found).toEqual(truthIds(dataset));
    expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
    const counted = await qps(sim, path.replace('search', 'count'), serviceRequest());
    expect(names(parseXml(counted.text))).toEqual(['responseCode', 'count']);
    expect(value(parseXml(counted.text), 'count')).toBe(String(found.length));
  });

  test('100 by default, 1000 at most, offsets from 1, startFromId', async () => {
    const ids = truthIds('host_assets');
    expect(idsOf(await qps(sim, SEARCHES.host_assets, ''))).toEqual(ids.slice(0, 100));
    expect(idsOf(await search(SEARCHES.host_assets, [], { limitResults: 1000 }))).toEqual(ids);
    for (const limitResults of [0, 1001, 'x']) {
      expect(refusal(await search(SEARCHES.host_assets, [], { limitResults })).slice(0, 2)).toEqual([
        200,
        'INVALID_REQUEST',
      ]);
    }
    const offset = await search(SEARCHES.host_assets, [], { limitResults: 3, startFromOffset: 5 });
    expect(idsOf(offset)).toEqual(ids.slice(4, 7));
    expect(idsOf(await search(SEARCHES.host_assets, [], { limitResults: 2, startFromId: ids[9] }))).toEqual(
      ids.slice(9, 11),
    );
  });

  test('a search without a match has a count and no more, as recorded', async () => {
    const reply = await search(SEARCHES.webapp_findings, [{ field: 'webApp.id', operator: 'EQUALS', value: 1 }]);
    expect(names(parseXml(reply.text))).toEqual(['responseCode', 'count']);
    expect(value(parseXml(reply.text), 'count')).toBe('0');
  });
});

describe('Criteria', () => {
  const ids = async (path: string, ...criteria: Criterion[]): Promise<number[]> =>
    idsOf(await search(path, criteria, { limitResults: 1000 }));

  test('compare strictly, take comma lists, and all hold', async () => {
    const lines = truth('host_assets');
    const times = [...new Set(lines.map((line) => String(line['modified'])))].sort();
    const middle = times[Math.floor(times.length / 2)]!;
    const path = SEARCHES.host_assets;
    const where = (test: (modified: string) => boolean): number[] =>
      lines.filter((line) => test(String(line['modified']))).map(({ key }) => Number(key[0]));
    expect(await ids(path, { field: 'updated', operator: 'GREATER', value: middle })).toEqual(
      where((time) => time > middle),
    );
    expect(await ids(path, { field: 'updated', operator: 'LESSER', value: middle })).toEqual(
      where((time) => time < middle),
    );
    expect(await ids(path, { field: 'updated', operator: 'EQUALS', value: middle })).toEqual(
      where((time) => time === middle),
    );
    const some = lines.slice(3, 6).map((line) => String(line['host_id']));
    expect(await ids(path, { field: 'qwebHostId', operator: 'IN', value: some.join(', ') })).toEqual(
      lines.slice(3, 6).map(({ key }) => Number(key[0])),
    );
    expect(
      await ids(
        path,
        { field: 'qwebHostId', operator: 'IN', value: some.join() },
        { field: 'qwebHostId', operator: 'GREATER', value: some[0]! },
      ),
    ).toHaveLength(2);
  });

  test('NOT EQUALS and IS EMPTY, text, keywords and tags', async () => {
    const lines = truth('host_assets');
    const path = SEARCHES.host_assets;
    const agents = lines.filter((line) => line['agent_id'] !== undefined).map(({ key }) => Number(key[0]));
    expect(agents.length).toBeGreaterThan(20);
    expect(await ids(path, { field: 'trackingMethod', operator: 'EQUALS', value: 'QAGENT' })).toEqual(agents);
    const others = await ids(path, { field: 'trackingMethod', operator: 'NOT EQUALS', value: 'QAGENT' });
    expect([...agents, ...others].sort((a, b) => a - b)).toEqual(truthIds('host_assets'));
    expect(await ids(path, { field: 'agentVersion', operator: 'IS EMPTY', value: '' })).toEqual(others);
    const tagged = lines
      .filter((line) => (line['tag_ids'] as number[]).includes(7_412_000))
      .map(({ key }) => Number(key[0]));
    expect(tagged.length).toBeGreaterThan(5);
    expect(await ids(path, { field: 'tagName', operator: 'EQUALS', value: 'cloud agent' })).toEqual(tagged);
    expect(await ids(path, { field: 'tagId', operator: 'EQUALS', value: 7_412_000 })).toEqual(tagged);
    expect((await ids(path, { field: 'os', operator: 'CONTAINS', value: 'WINDOWS' })).length).toBeGreaterThan(5);
  });

  test('booleans of web applications', async () => {
    const scanned = await ids(SEARCHES.webapps, { field: 'isScanned', operator: 'EQUALS', value: 'true' });
    const never = await ids(SEARCHES.webapps, { field: 'isScanned', operator: 'EQUALS', value: 'false' });
    expect([...scanned, ...never].sort((a, b) => a - b)).toEqual(truthIds('webapps'));
  });

  test.each([
    [SEARCHES.host_assets, 'qwebHostId', 'IN', 'abc123', 'qwebHostId', 'Specify criteria value(s) as Long.'],
    [SEARCHES.webapp_findings, 'webApp.id', 'EQUALS', 'abc123', 'webApp.id', 'Specify criteria value(s) as Long.'],
    [SEARCHES.webapps, 'isScanned', 'EQUALS', 'undefined', 'isScanned', 'Values expected: true, false.'],
  ])(
    '%s: %s %s %s is refused in the recorded words, with status 200',
    async (path, field, operator, given, named, resolution) => {
      const reply = await search(path, [{ field, operator, value: given }]);
      expect(refusal(reply)).toEqual([
        200,
        'INVALID_REQUEST',
        `Criteria: Invalid value format for criteria '${named}' (${given}).`,
        resolution,
      ]);
      expect(reply.text).toContain(`&apos;${named}&apos;`);
    },
  );

  test.each([
    { field: 'noSuchField', operator: 'EQUALS', value: '1' },
    { field: 'id', operator: 'CONTAINS', value: '1' },
    { field: 'id', operator: 'NOT_EQUALS', value: '1' },
    { field: 'updated', operator: 'GREATER', value: 'yesterday' },
    { field: 'updated', operator: 'IN', value: '2026-01-01' },
  ])('$field $operator $value is refused', async (criterion) => {
    expect(refusal(await search(SEARCHES.host_assets, [criterion])).slice(0, 2)).toEqual([200, 'INVALID_REQUEST']);
  });

  test('a body that cannot be read is refused', async () => {
    for (const body of [
      '<ServiceRequest><preferences>',
      '<Other/>',
      'hello',
      '<ServiceRequest><filters><Criteria/></filters></ServiceRequest>',
    ]) {
      expect(refusal(await qps(sim, SEARCHES.tags, body)).slice(0, 2), body).toEqual([200, 'INVALID_REQUEST']);
    }
  });
});

describe('JSON', () => {
  test('has booleans as text, ids as numbers, entries wrapped by their type', async () => {
    const request = {
      preferences: { limitResults: 30 },
      filters: { Criteria: [{ field: 'id', operator: 'GREATER', value: 0 }] },
    };
    const assets = await qpsJson(sim, SEARCHES.host_assets, request);
    expect(assets).toMatchObject({ responseCode: 'SUCCESS', count: 30, hasMoreRecords: 'true' });
    const data = assets['data'] as { HostAsset: Record<string, unknown> }[];
    expect(assets['lastId']).toBe(data.at(-1)!.HostAsset['id']);
    const tagged = data.find(({ HostAsset }) => HostAsset['tags'] !== undefined)!.HostAsset;
    expect(tagged['tags']).toMatchObject({
      list: [{ TagSimple: { id: expect.any(Number), name: expect.any(String) } }],
    });
    expect(tagged['isDockerHost']).toBe('false');
    const findings = await qpsJson(sim, SEARCHES.webapp_findings, {
      preferences: { limitResults: 5, verbose: 'true' },
    });
    const finding = (findings['data'] as { Finding: Record<string, unknown> }[])[0]!.Finding;
    expect(finding).toMatchObject({
      id: expect.any(Number),
      severity: expect.any(String),
      isIgnored: expect.stringMatching(/true|false/),
    });
    expect(finding['cwe']).toEqual({ count: expect.any(Number), list: expect.arrayContaining([expect.any(Number)]) });
  });

  test('pages and counts as XML does', async () => {
    expect(await qpsJson(sim, '2.0/count/am/tag', {})).toEqual({
      responseCode: 'SUCCESS',
      count: truthIds('tags').length,
    });
    const got = await qpsJson(sim, `2.0/get/am/tag/${truthIds('tags')[0]}`);
    expect(got).toMatchObject({ count: 1, data: [{ Tag: { id: truthIds('tags')[0] } }] });
  });

  test('errors too; one Criteria may come bare', async () => {
    const filters = { Criteria: { field: 'qwebHostId', operator: 'EQUALS', value: 'abc123' } };
    expect(await qpsJson(sim, SEARCHES.host_assets, { filters })).toEqual({
      responseCode: 'INVALID_REQUEST',
      responseErrorDetails: {
        errorMessage: "Criteria: Invalid value format for criteria 'qwebHostId' (abc123).",
        errorResolution: 'Specify criteria value(s) as Long.',
      },
    });
  });
});

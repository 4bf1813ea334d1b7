import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all, ask, child, type Node, nextIdMin, parseXml, value } from '../../test/support/simulator-client.ts';
import { type Simulator, startSimulator, truthLines } from './index.ts';
import { resultsOf } from './world/detection.ts';
import { DAY, HOUR, stamp } from './world/time.ts';

const HOSTS = '/api/5.0/fo/asset/host/';
const DETECTIONS = '/api/5.0/fo/asset/host/vm/detection/';
const ALL_STATUSES = 'New,Active,Re-Opened,Fixed';

let sim: Simulator;
beforeAll(async () => {
  sim = await startSimulator({ hosts: 120, seed: 7 });
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

type Params = Record<string, string | number>;

async function list(path: string, params: Params, of: Simulator = sim): Promise<Node> {
  const reply = await ask(of, path, { params: { action: 'list', ...params } });
  expect(reply.status, reply.text.slice(0, 500)).toBe(200);
  return parseXml(reply.text);
}

/** All pages, as a client that trusts id_min would read them. */
async function pages(path: string, params: Params, of: Simulator = sim): Promise<Node[]> {
  const found: Node[] = [];
  let idMin: number | undefined = 0;
  while (idMin !== undefined) {
    const root: Node = await list(path, { ...params, ...(idMin === 0 ? {} : { id_min: idMin }) }, of);
    found.push(root);
    idMin = nextIdMin(root);
  }
  return found;
}

const ids = (root: Node): string[] => all(root, 'HOST').map((host) => value(host, 'ID')!);

/** ids of an ID_SET, ranges spelled out. */
function idSet(root: Node): string[] {
  const set = child(child(root, 'RESPONSE'), 'ID_SET');
  return (set?.children ?? []).flatMap(({ name, text }) => {
    if (name === 'ID') return [text];
    const [first, last] = text.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => String(first! + i));
  });
}

interface TruthLine {
  dataset: string;
  key: string[];
  type?: string;
  ignored?: boolean;
  disabled?: boolean;
  status?: string;
  results_length?: number;
}

const TOLD = new Set(['host_list', 'host_list_detection']);
const truth = (of: Simulator = sim): TruthLine[] =>
  [...truthLines(of.world, of.now(), undefined, TOLD)].map((line) => JSON.parse(line) as TruthLine);

function detectionsIn(root: Node): { key: string[]; status: string; length: number; node: Node; host: Node }[] {
  return all(root, 'HOST').flatMap((host) =>
    all(host, 'DETECTION').map((node) => ({
      key: [
        value(host, 'ID')!,
        ...['QID', 'PORT', 'PROTOCOL', 'SSL', 'FQDN', 'INSTANCE'].map((n) => value(node, n) ?? ''),
      ],
      status: value(node, 'STATUS')!,
      length: child(node, 'RESULTS')?.text.length ?? -1,
      node,
      host,
    })),
  );
}

describe('well-formedness', () => {
  test('of both lists, for any seed and parameters', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.record({
          details: fc.constantFrom('Basic', 'Basic/AGs', 'All', 'All/AGs', 'None'),
          show_tags: fc.constantFrom('0', '1'),
          host_metadata: fc.constantFrom('all', 'ec2', 'azure', 'google'),
          show_cloud_tags: fc.constantFrom('0', '1'),
          show_trurisk_factors: fc.constantFrom('0', '1'),
          truncation_limit: fc.integer({ min: 0, max: 30 }),
          echo_request: fc.constantFrom('0', '1'),
        }),
        fc.record({
          status: fc.subarray(ALL_STATUSES.split(','), { minLength: 1 }).map((list) => list.join(',')),
          show_igs: fc.constantFrom('0', '1'),
          show_qds_factors: fc.constantFrom('0', '1'),
          show_results: fc.constantFrom('0', '1'),
          show_reopened_info: fc.constantFrom('0', '1'),
          arf_kernel_filter: fc.constantFrom('0', '1', '2', '3', '4'),
          vuln_detection_source: fc.constantFrom('0', '1'),
          truncation_limit: fc.integer({ min: 0, max: 30 }),
        }),
        fc.integer({ min: 0, max: 900 }),
        async (seed, forHosts, forDetections, days) => {
          const other = await startSimulator({ hosts: 25, seed, trial: seed % 2 === 0 });
          try {
            other.advance(days * DAY);
            const { details, ...rest } = forHosts;
            const params = details === 'None' ? { details } : { details, ...rest };
            const hosts = await list(HOSTS, params, other);
            expect(hosts.name).toBe('HOST_LIST_OUTPUT');
            const detections = await list(DETECTIONS, forDetections, other);
            expect(detections.name).toBe('HOST_LIST_VM_DETECTION_OUTPUT');
          } finally {
            await other.close();
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test('with the frame of Qualys: own host in the DOCTYPE, comments around the root, DATETIME', async () => {
    const { text } = await ask(sim, HOSTS, { params: { action: 'list' } });
    expect(text.split('\n').slice(0, 6)).toEqual([
      '<?xml version="1.0" encoding="UTF-8" ?>',
      `<!DOCTYPE HOST_LIST_OUTPUT SYSTEM "${sim.url}${HOSTS}dtd/list/output.dtd">`,
      '<!-- This report was generated with an evaluation version of Qualys //--> ',
      '<HOST_LIST_OUTPUT>',
      '  <RESPONSE>',
      `    <DATETIME>${stamp(sim.now())}</DATETIME>`,
    ]);
    expect(text).toMatch(/<\/HOST_LIST_OUTPUT>\n<!-- This report [^\n]*\n<!-- CONFIDENTIAL [^\n]*--> \n$/);
  });
});

describe('paging', () => {
  test.each([1, 2, 7, 50, 119, 120, 121, 1000, 0])(
    'reaches every host exactly once with truncation_limit=%i',
    async (limit) => {
      const expected = truth()
        .filter((line) => line.dataset === 'host_list')
        .map((line) => line.key[0]);
      const lists = await pages(HOSTS, { truncation_limit: limit });
      expect(lists.flatMap(ids)).toEqual(expected);
      const sets = await pages(HOSTS, { truncation_limit: limit, details: 'None' });
      expect(sets.flatMap(idSet)).toEqual(expected);
      if (limit > 0) expect(lists).toHaveLength(Math.ceil(120 / limit));
    },
  );

  test('counts hosts that have no matching detection: pages may be short, even empty, and go on', async () => {
    const found = await pages(DETECTIONS, { truncation_limit: 4, severities: '5', status: 'Fixed' });
    expect(found).toHaveLength(30);
    expect(found.some((root) => all(root, 'HOST').length === 0 && nextIdMin(root) !== undefined)).toBe(true);
    const whole = await list(DETECTIONS, { truncation_limit: 0, severities: '5', status: 'Fixed' });
    expect(found.flatMap(ids)).toEqual(ids(whole));
  });

  test('the WARNING names another host, the parameters of the call and one nobody sent', async () => {
    const root = await list(HOSTS, { truncation_limit: 5, show_tags: 1 });
    const warning = child(child(root, 'RESPONSE'), 'WARNING');
    expect(value(warning, 'CODE')).toBe('1980');
    expect(value(warning, 'TEXT')).toBe('5 record limit exceeded. Use URL to get next batch of results.');
    const url = new URL(value(warning, 'URL')!);
    expect(url.host).not.toBe(new URL(sim.url).host);
    expect(url.searchParams.get('show_tags')).toBe('1');
    expect(url.searchParams.get('cloud_agent_activationkey')).toBe('0');
  });

  test('ids and id_min/id_max choose hosts, POST takes long lists, unknown ids are no error', async () => {
    const known = ids(await list(HOSTS, { truncation_limit: 0 }));
    expect(ids(await list(HOSTS, { ids: `${known[9]},${known[3]},1-99` }))).toEqual([known[3], known[9]]);
    expect(ids(await list(HOSTS, { id_min: known[100]!, id_max: known[102]! }))).toEqual(known.slice(100, 103));
    const post = await ask(sim, HOSTS, {
      post: true,
      params: { action: 'list', ids: known.join(','), truncation_limit: 0 },
    });
    expect(ids(parseXml(post.text))).toEqual(known);
    const none = await list(HOSTS, { ids: 123 });
    expect(child(none, 'RESPONSE')?.children.map((one) => one.name)).toEqual(['DATETIME']);
  });
});

describe('truth', () => {
  test('equals an independent count over the answers, day for day', async () => {
    const living = await startSimulator({ hosts: 60, seed: 21, churn: 0.02 });
    try {
      for (let day = 0; day < 4; day++) {
        const lines = truth(living);
        const hosts = lines.filter((line) => line.dataset === 'host_list');
        expect((await pages(HOSTS, { truncation_limit: 13 }, living)).flatMap(ids)).toEqual(
          hosts.map(({ key }) => key[0]),
        );

        const sets = await pages(HOSTS, { truncation_limit: 13, details: 'None' }, living);
        expect(sets.flatMap(idSet), 'no range reaches over a purged host').toEqual(hosts.map(({ key }) => key[0]));

        const wanted = lines.filter(
          (line) => line.dataset === 'host_list_detection' && line.type !== 'Info' && !line.ignored && !line.disabled,
        );
        const params = { truncation_limit: 13, status: ALL_STATUSES };
        const got = (await pages(DETECTIONS, params, living)).flatMap(detectionsIn);
        expect(got.map(({ key, status, length }) => [key, status, length])).toEqual(
          wanted.map(({ key, status, results_length }) => [key, status, results_length]),
        );

        const asked = { ...params, show_igs: 1, include_ignored: 1, include_disabled: 1 };
        const whole = (await pages(DETECTIONS, asked, living)).flatMap(detectionsIn);
        expect(whole).toHaveLength(lines.filter((line) => line.dataset === 'host_list_detection').length);
        living.advance(9 * DAY);
      }
    } finally {
      await living.close();
    }
  });

  test('is the same after a restart, as are all answers but for the port', async () => {
    const again = await startSimulator({ hosts: 120, seed: 7 });
    try {
      expect(truth(again)).toEqual(truth());
      const params = { action: 'list', truncation_limit: 9, show_qds_factors: 1 };
      const one = await ask(sim, DETECTIONS, { params });
      const two = await ask(again, DETECTIONS, { params });
      expect(two.text.replaceAll(again.url, '')).toBe(one.text.replaceAll(sim.url, ''));
    } finally {
      await again.close();
    }
  });

  test('RESULTS hold what makes parsers stumble', () => {
    const kinds = { escaped: 0, tabs: 0, split: 0, wide: 0, long: 0 };
    const world = startWorldTexts();
    for (const text of world) {
      if (text.includes('&lt;') || text.includes('&apos;')) kinds.escaped++;
      if (text.includes('\t')) kinds.tabs++;
      if (text.includes(']]>')) kinds.split++;
      if (Buffer.byteLength(text) > text.length) kinds.wide++;
      if (text.length > 10_000) kinds.long++;
    }
    for (const [kind, count] of Object.entries(kinds)) expect(count, kind).toBeGreaterThan(0);
  });
});

function startWorldTexts(): string[] {
  const { world } = sim;
  const texts: string[] = [];
  for (const n of world.ordinals(sim.now())) {
    for (const detection of world.detections(world.host(n), sim.now())) texts.push(resultsOf(detection));
  }
  return texts;
}

describe('fields appear only when asked for', () => {
  const hostNames = async (params: Params): Promise<Set<string>> =>
    new Set(
      all(await list(HOSTS, { truncation_limit: 0, ...params }), 'HOST').flatMap((host) =>
        host.children.map((c) => c.name),
      ),
    );

  test('of hosts', async () => {
    const basic = await hostNames({});
    for (const [params, names] of [
      [{ show_asset_id: 1 }, ['ASSET_ID']],
      [{ show_tags: 1 }, ['TAGS']],
      [{ host_metadata: 'all' }, ['METADATA']],
      [{ show_cloud_tags: 1 }, ['CLOUD_PROVIDER_TAGS']],
      [{ show_trurisk: 1 }, ['TRURISK_SCORE', 'ASSET_CRITICALITY_SCORE']],
      [{ details: 'Basic/AGs' }, ['ASSET_GROUP_IDS']],
      [{ details: 'All' }, ['OWNER', 'COMMENTS', 'USER_DEF']],
    ] as const) {
      const more = await hostNames(params);
      for (const name of names) expect([basic.has(name), more.has(name)], name).toEqual([false, true]);
      expect([...more].filter((name) => !basic.has(name)).sort()).toEqual([...names].sort());
    }
  });

  test('of detections', async () => {
    const names = async (params: Params): Promise<Set<string>> =>
      new Set(
        detectionsIn(await list(DETECTIONS, { truncation_limit: 0, status: ALL_STATUSES, ...params })).flatMap(
          ({ node }) => node.children.map((one) => one.name),
        ),
      );
    const plain = await names({});
    expect(plain.has('RESULTS')).toBe(true);
    expect((await names({ show_results: 0 })).has('RESULTS')).toBe(false);
    for (const [params, added] of [
      [{ show_qds: 1 }, ['QDS']],
      [{ show_qds_factors: 1 }, ['QDS', 'QDS_FACTORS']],
      [{ show_reopened_info: 1 }, ['FIRST_REOPENED_DATETIME', 'LAST_REOPENED_DATETIME', 'TIMES_REOPENED']],
      [{ arf_kernel_filter: 4 }, ['AFFECT_RUNNING_KERNEL']],
      [{ vuln_detection_source: 1 }, ['LATEST_VULNERABILITY_DETECTION_SOURCE', 'VULNERABILITY_DETECTION_SOURCES']],
    ] as const) {
      const more = await names(params);
      for (const name of added) expect([plain.has(name), more.has(name)], name).toEqual([false, true]);
    }
  });
});

describe('filters', () => {
  const found = async (params: Params) => detectionsIn(await list(DETECTIONS, { truncation_limit: 0, ...params }));

  test('statuses, kinds, QIDs and severities', async () => {
    const byDefault = await found({});
    expect(new Set(byDefault.map(({ status }) => status))).toEqual(new Set(['New', 'Active', 'Re-Opened']));
    expect(byDefault.every(({ node }) => value(node, 'TYPE') !== 'Info')).toBe(true);
    expect(byDefault.every(({ node }) => value(node, 'IS_IGNORED') === '0' && value(node, 'IS_DISABLED') === '0')).toBe(
      true,
    );
    expect((await found({ show_igs: 1 })).some(({ node }) => value(node, 'TYPE') === 'Info')).toBe(true);
    expect((await found({ include_ignored: 1 })).some(({ node }) => value(node, 'IS_IGNORED') === '1')).toBe(true);
    expect((await found({ include_disabled: 1 })).some(({ node }) => value(node, 'IS_DISABLED') === '1')).toBe(true);
    expect(
      (await found({ include_vuln_type: 'potential' })).every(({ node }) => value(node, 'TYPE') === 'Potential'),
    ).toBe(true);
    const severe = await found({ severities: '4-5' });
    expect(severe.length).toBeGreaterThan(0);
    expect(severe.every(({ node }) => Number(value(node, 'SEVERITY')) >= 4)).toBe(true);
    const qid = value(byDefault[0]!.node, 'QID')!;
    expect(new Set((await found({ qids: qid })).map(({ key }) => key[1]))).toEqual(new Set([qid]));
    expect((await found({ filter_superseded_qids: 1 })).length).toBeLessThan(byDefault.length);
  });

  test('dates: the incremental cursor gives what was processed after it, and nothing else', async () => {
    const since = stamp(sim.now() - 20 * HOUR);
    const whole = await found({ status: ALL_STATUSES });
    const late = await found({ status: ALL_STATUSES, detection_processed_after: since });
    const expected = whole.filter(({ node }) => value(node, 'LAST_PROCESSED_DATETIME')! > since);
    expect(late.map(({ key }) => key)).toEqual(expected.map(({ key }) => key));
    expect(late.length).toBeGreaterThan(0);
    expect(late.length).toBeLessThan(whole.length);
    const hosts = ids(await list(HOSTS, { truncation_limit: 0, vm_processed_after: since }));
    const scanned = all(await list(HOSTS, { truncation_limit: 0 }), 'HOST').filter(
      (host) => value(host, 'LAST_VULN_SCAN_DATETIME')! > since,
    );
    expect(hosts).toEqual(scanned.map((host) => value(host, 'ID')));
  });

  test('addresses, networks, groups, operating systems, tags', async () => {
    const root = await list(HOSTS, { truncation_limit: 0, show_tags: 1, details: 'All/AGs' });
    const hosts = all(root, 'HOST');
    const pickIds = (test: (host: Node) => boolean): (string | undefined)[] =>
      hosts.filter(test).map((host) => value(host, 'ID'));
    const asked = async (params: Params): Promise<string[]> =>
      ids(await list(HOSTS, { truncation_limit: 0, ...params }));
    expect(await asked({ ips: '10.0.0.3-10.0.0.6,10.0.0.90' })).toEqual(
      pickIds((host) => /^10\.0\.0\.([3-6]|90)$/.test(value(host, 'IP')!)),
    );
    expect(await asked({ network_ids: '2458227' })).toEqual(pickIds((host) => value(host, 'NETWORK_ID') === '2458227'));
    expect(await asked({ os_pattern: '^Windows' })).toEqual(
      pickIds((host) => value(host, 'OS')?.startsWith('Windows') === true),
    );
    expect(await asked({ os_pattern: '^$' })).toEqual(pickIds((host) => value(host, 'OS') === undefined));
    const group = value(hosts.find((host) => value(host, 'ASSET_GROUP_IDS'))!, 'ASSET_GROUP_IDS')!.split(',')[0]!;
    expect(await asked({ ag_ids: group })).toEqual(
      pickIds((host) => value(host, 'ASSET_GROUP_IDS')?.split(',').includes(group) === true),
    );
    const tagged = (name: string) => (host: Node) => all(host, 'NAME').some((node) => node.text === name);
    const name = '資産管理';
    const byTag = { use_tags: 1, tag_set_by: 'name', tag_set_include: name };
    expect(await asked(byTag)).toEqual(pickIds(tagged(name)));
    expect((await asked(byTag)).length).toBeGreaterThan(0);
    expect(await asked({ use_tags: 1, tag_set_by: 'name', tag_set_exclude: name })).toEqual(
      pickIds((host) => !tagged(name)(host)),
    );
  });
});

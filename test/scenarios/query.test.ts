import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, configFile, type Exited, writeConfig } from '../support/cli.ts';
import { viewRows, withOutbox } from '../support/inventory.ts';
import { hostQids, type Rig, startRig } from '../support/rig.ts';

const DATASETS = { host_list: {}, host_list_detection: {}, host_assets: {}, knowledge_base: {} };

let rig: Rig;
const quarry = (...args: string[]): Promise<Exited> => cli([...args, '-c', configFile(rig.dir)], { cwd: rig.dir });
const json = async (...args: string[]): Promise<unknown> => {
  const { code, stdout, stderr } = await quarry(...args);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};
const lines = (text: string): Record<string, unknown>[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));

beforeAll(async () => {
  rig = await startRig({ hosts: 12, hostQids, speed: 2000, datasets: DATASETS });
  await rig.run();
  await writeConfig(rig.dir, rig.config);
}, 120_000);
afterAll(() => rig.close());

describe('quarry query and export', { timeout: 180_000 }, () => {
  it('lists the views, with their columns as JSON', async () => {
    const { code, stdout } = await quarry('query');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^VIEW +WHAT +FROM\ndevices /);
    const views = (await json('query', '--json')) as { name: string; columns: { name: string; values?: string[] }[] }[];
    const findings = views.find(({ name }) => name === 'findings')!;
    expect(findings.columns.find(({ name }) => name === 'status')).toMatchObject({
      values: ['New', 'Active', 'Re-Opened', 'Fixed'],
    });
  });

  it('[A2] [A5] shows rows as table, JSON, lines and CSV; counts them; says what there is most of', async () => {
    const all = await viewRows(rig, 'findings');
    expect(all.length).toBeGreaterThan(20);
    const bad = all.filter((row) => Number(row['severity']) >= 4 && row['is_open'] === 1);
    const filter = ['severity>=4', 'and', 'is_open=true'];
    expect((await quarry('query', 'findings', ...filter, '--count')).stdout).toBe(`${bad.length}\n`);
    expect(await json('query', 'findings', ...filter, '--json')).toHaveLength(bad.length);
    const { stdout } = await quarry('query', 'findings', filter.join(' '), '-o', 'ndjson', '--sort', '-qds');
    const scores = lines(stdout).map((row) => Number(row['qds'] ?? 0));
    expect(scores).toEqual(bad.map((row) => Number(row['qds'] ?? 0)).sort((a, b) => b - a));
    const table = await quarry('query', 'findings', '--limit', '2');
    expect(table.stdout.split('\n')[0]).toMatch(/^device_name +device_ip +qid +severity +title/);
    expect(table.stdout.split('\n')).toHaveLength(4);
    const csv = await quarry('export', 'csv', 'findings', ...filter, '--fields', 'qid,title,tags');
    expect(csv.stdout.startsWith('qid,title,tags\r\n')).toBe(true);
    expect(csv.stderr).toBe(`${bad.length} rows\n`);
    const facets = (await json('query', 'findings', '--facets', 'severity', '--json')) as Record<
      string,
      { value: number; count: number }[]
    >;
    const counts = Map.groupBy(all, (row) => row['severity']);
    expect(new Map(facets['severity']!.map(({ value, count }) => [value, count]))).toEqual(
      new Map([...counts].map(([value, rows]) => [value, rows.length])),
    );
  });

  it('a mistake is said with its place, as one of usage', async () => {
    const { code, stdout, stderr } = await quarry('query', 'devices', 'name:web', 'and', 'nmae:Prod');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('QRY6020 nmae is no column of devices; did you mean "name"? (column 14)');
    expect((await quarry('query', 'device')).stderr).toContain('did you mean "devices"?');
  });

  it('[M12] [M14] the exposure graph: every line a node or an edge between nodes; a summary beside it', async () => {
    const { code, stdout, stderr } = await quarry('export', 'exposure-graph', '--days', '99999');
    expect(code).toBe(0);
    const graph = lines(stdout);
    const nodes = new Set(graph.flatMap((line) => (line['kind'] === 'node' ? [line['NodeId']] : [])));
    const edges = graph.filter((line) => line['kind'] === 'edge');
    expect(edges.length).toBeGreaterThan(10);
    for (const edge of edges)
      expect([nodes.has(edge['SourceNodeId']), nodes.has(edge['TargetNodeId'])]).toEqual([true, true]);
    expect(stderr).toContain(`${edges.length.toLocaleString('en-US')} edges\n`);
  });

  it('the CycloneDX document: one JSON object, its statements about its own components; a summary beside it', async () => {
    const { code, stdout, stderr } = await quarry('export', 'vex');
    expect(code).toBe(0);
    const bom = JSON.parse(stdout) as {
      components: { 'bom-ref': string }[];
      vulnerabilities: { affects: { ref: string }[] }[];
    };
    const devices = new Set(bom.components.map((one) => one['bom-ref']));
    const affected = bom.vulnerabilities.flatMap(({ affects }) => affects);
    expect(affected.length).toBeGreaterThan(10);
    expect(affected.filter(({ ref }) => !devices.has(ref))).toEqual([]);
    expect(stderr).toContain(`${devices.size.toLocaleString('en-US')} devices\n`);
  });

  it('answers beside a collector that holds the data directory and is writing', async () => {
    const before = (await quarry('query', 'devices', '--count')).stdout;
    await withOutbox(
      rig,
      async ({ store }) => {
        await store.transaction(async ({ db }) => {
          await sql`DELETE FROM device`.execute(db);
          const { code, stdout, stderr } = await quarry('query', 'devices', '--count');
          expect([code, stdout, stderr]).toEqual([0, before, '']);
        });
      },
      false,
    );
    expect((await quarry('query', 'devices', '--count')).stdout).toBe('0\n');
  });
});

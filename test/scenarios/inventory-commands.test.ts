import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, type Exited, startCli, writeConfig } from '../support/cli.ts';
import { wholeInventory } from '../support/inventory.ts';
import { DAY, difference, hostQids, type Rig, SAME, startRig } from '../support/rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({
    ...{ hosts: 20, hostQids, churn: 0.03 },
    datasets: { host_list: {}, host_list_detection: {}, assets: {}, knowledge_base: {}, users: {} },
  });
  await writeConfig(rig.dir, rig.config);
});
afterEach(() => rig.close());
const quarry = (...args: string[]): Promise<Exited> => cli(args, { cwd: rig.dir });

interface Status {
  readonly waiting: number;
  readonly datasets: {
    readonly dataset: string;
    readonly without_records: number;
    readonly [field: string]: unknown;
  }[];
}
const statusOf = async (): Promise<Status> => {
  const { stdout, code } = await quarry('inventory', 'status', '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Status;
};

describe('inventory rebuild', () => {
  it('asks first, refuses beside a collector, and afterwards the inventory is the one before', async () => {
    await rig.run();
    rig.pass(2 * DAY);
    await rig.run({ sweep: true });
    const before = await wholeInventory(rig);
    expect(before['finding']!.length).toBeGreaterThan(0);

    const unasked = await quarry('inventory', 'rebuild');
    expect(unasked.code).toBe(2);
    expect(unasked.stderr).toContain('QRY6001');
    const running = startCli(['run', '--log-format', 'json'], { cwd: rig.dir });
    try {
      await running.said('pull complete');
      const beside = await quarry('inventory', 'rebuild', '--yes');
      expect(beside.code).not.toBe(0);
      expect(beside.stderr).toContain('QRY4004');
    } finally {
      running.child.kill('SIGTERM');
      await running.exited;
    }
    const kept = await wholeInventory(rig);
    expect(kept['finding']!.length).toBe(before['finding']!.length);

    const rebuilt = await quarry('inventory', 'rebuild', '--yes');
    expect(rebuilt).toMatchObject({ code: 0, stdout: expect.stringMatching(/^The inventory is empty; [1-9][\d,]* /) });
    expect((await wholeInventory(rig))['finding']).toEqual([]);
    expect((await statusOf()).waiting).toBeGreaterThan(before['finding']!.length);
    // The next run folds; nothing is read for it.
    await rig.run({ only: ['users'], timeout: DAY });
    expect((await statusOf()).waiting).toBe(0);
    const after = await wholeInventory(rig);
    for (const [table, rows] of Object.entries(kept))
      expect({ table, ...difference(after[table]!, rows) }).toEqual({ table, ...SAME });
  }, 900_000);
});

describe('inventory status', () => {
  it('says for each data set how much of what Qualys has is here, and against what', async () => {
    await rig.run();
    const { stdout } = await quarry('inventory', 'status');
    const hosts = rig.truth('host_list').size;
    const line = (dataset: string): string =>
      stdout.split('\n').find((one) => one.startsWith(`acme/${dataset} `)) ?? '';
    expect(line('host_list')).toContain(`${hosts} of ${hosts}  `);
    expect(line('host_list')).toContain('Qualys’s list of ids');
    expect(line('assets')).toContain('Qualys’s count');
    expect(line('users')).toContain('the reading itself');
    expect(stdout).toContain('0 events wait to be folded, 0 were refused');
  }, 900_000);

  it('says what an import of state brought without records, until the stream is reset', async () => {
    await rig.run();
    await writeFile(join(rig.dir, 'state.ndjson'), (await quarry('state', 'export')).stdout);
    rig.config['data_dir'] = join(rig.dir, 'moved');
    await writeConfig(rig.dir, rig.config);
    const imported = await quarry('state', 'import', 'state.ndjson');
    expect(imported.stdout).toContain('quarry inventory status');
    const hosts = rig.truth('host_list').size;
    const missing = async (dataset: string): Promise<number> =>
      (await statusOf()).datasets.find((one) => one.dataset === dataset)!.without_records;
    expect(await missing('host_list')).toBe(hosts);
    expect((await quarry('inventory', 'status')).stdout).toContain('quarry state reset acme/host_list\n');

    expect((await quarry('state', 'reset', 'acme/host_list', '--yes')).code).toBe(0);
    await rig.run({ only: ['host_list'] });
    expect(await missing('host_list')).toBe(0);
    expect((await quarry('query', 'devices', '--count')).stdout.trim()).toBe(String(hosts));
  }, 900_000);
});

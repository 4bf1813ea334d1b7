import { afterEach, describe, expect, it } from 'vitest';
import { withOutbox } from '../../../test/support/inventory.ts';
import { DAY, hostQids, newest, type Rig, type RigOptions, startRig } from '../../../test/support/rig.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import { type Coverage, coverage } from './coverage.ts';

/** What each data set is held against: what Qualys has an interface for. */
const AGAINST: Readonly<Record<string, Coverage['by']>> = {
  host_list: 'ids',
  knowledge_base: 'ids',
  compliance_controls: 'ids',
  compliance_policies: 'ids',
  ...{ assets: 'count', host_assets: 'count', webapps: 'count', webapp_findings: 'count' },
};
const ENTITIES = [...datasets.values()].filter(({ kind }) => kind === 'entity').map(({ name }) => name);

let rig: Rig | undefined;
afterEach(() => rig?.close());
async function start(options: RigOptions): Promise<Rig> {
  rig = await startRig(options);
  return rig;
}
const coverageOf = async (of: Rig, dataset: string): Promise<Coverage> =>
  (await withOutbox(of, coverage)).find((one) => one.dataset === dataset)!;

describe('how complete a data set is', () => {
  it('every data set is complete against what Qualys has for it, and holds what there is', async () => {
    const all = await start({ hosts: 8, hostQids, datasets: Object.fromEntries(ENTITIES.map((name) => [name, {}])) });
    const { stopped } = await all.run();
    expect([...stopped.values()].map(String)).toEqual([]);
    const found = await withOutbox(all, coverage);
    expect(found.map(({ dataset }) => dataset).toSorted()).toEqual(ENTITIES.toSorted());
    for (const { dataset, have, read, qualys, by, complete, quarantined, held, asOf } of found) {
      const n = { have, read, qualys };
      expect({ dataset, n, by, complete, quarantined, held }, dataset).toEqual({
        ...{ dataset, n: { have, read: have, qualys: have }, by: AGAINST[dataset] ?? 'reading', complete: true },
        ...{ quarantined: 0, held: undefined },
      });
      expect(asOf).toBeGreaterThan(0);
    }
    for (const dataset of ['host_list', 'assets', 'knowledge_base', 'users', 'tickets'])
      expect((await coverageOf(all, dataset)).qualys, dataset).toBe(all.truth(dataset).size);
  }, 300_000);

  it('[ids] a list that ends too early: what the list of ids has is not taken for gone, and is missed aloud', async () => {
    const some = await start({ hosts: 30, datasets: { host_list: {} } });
    await some.run();
    some.simulator.setFault('hosts-capped=26');
    some.pass(DAY / 24);
    const { reports } = await some.run({ sweep: true });
    expect(reports.map(({ removed, heldSweep }) => [removed, heldSweep])).toEqual([[0, undefined]]);
    expect(newest(await some.lines('host_list')).size).toBe(30);
    expect(await coverageOf(some, 'host_list')).toMatchObject({ have: 30, read: 26, qualys: 30, complete: false });
    const said = some.logged.filter(({ level, msg }) => level === 'error' && msg.includes('not taken for gone'));
    expect(said).toMatchObject([{ stream: 'acme/host_list', objects: 4 }]);
    some.simulator.clearFaults();
    await some.run({ sweep: true });
    expect(await coverageOf(some, 'host_list')).toMatchObject({ have: 30, read: 30, qualys: 30, complete: true });
  });

  it('[ids] objects that are truly gone go, beside those that an answer only lacked', async () => {
    const some = await start({ hosts: 60, churn: 0.02, datasets: { host_list: {} } });
    await some.run();
    some.pass(2 * DAY);
    const left = some.truth('host_list');
    some.simulator.setFault(`hosts-capped=${left.size - 3}`);
    const { reports } = await some.run({ sweep: true });
    expect(reports.find(({ mode }) => mode === 'full')?.removed).toBeGreaterThan(0);
    for (const key of newest(await some.lines('host_list')).keys()) expect(left).toContain(key);
    expect(await coverageOf(some, 'host_list')).toMatchObject({ read: left.size - 3, qualys: left.size });
  });

  it('[count] fewer assets than Qualys counts: the reading is shown as it was, though nothing is concluded from it', async () => {
    const some = await start({ hosts: 30, datasets: { assets: { page_size: 9 } } });
    await some.run();
    some.simulator.setFault('assets-capped=10');
    some.pass(DAY / 24);
    await some.run({ sweep: true });
    expect(await coverageOf(some, 'assets')).toMatchObject({
      have: 30,
      read: 10,
      qualys: 30,
      by: 'count',
      complete: false,
    });
  });

  it('what is in quarantine is not there, and explains the difference', async () => {
    const some = await start({ hosts: 12, datasets: { host_list: { page_size: 5 } }, faults: ['poison-host'] });
    await some.run();
    expect(await coverageOf(some, 'host_list')).toMatchObject({
      ...{ have: 11, read: 11, qualys: 12, by: 'ids', complete: true, quarantined: 1 },
    });
  });

  it('a sweep of ids alone counts too: what is new at Qualys is missed until a pull brings it', async () => {
    const sweep = { ids: '1d', full: '30d' };
    const some = await start({ hosts: 20, churn: 0.2, datasets: { host_list: { every: '40d', sweep } } });
    await some.run();
    some.pass(2 * DAY);
    const { reports } = await some.run();
    expect(reports.map(({ mode }) => mode)).toContain('ids');
    const listed = some.truth('host_list').size;
    const here = (await some.state('host_list')).knownKeys;
    expect(await coverageOf(some, 'host_list')).toMatchObject({
      ...{ have: here, read: Math.min(here, listed), qualys: listed, by: 'ids', complete: here >= listed },
    });
    const { counted } = reports.find(({ mode }) => mode === 'ids')!;
    expect(counted).toMatchObject({ by: 'ids', counted: listed });
    expect(counted!.read).toBeLessThan(listed);
  });

  it('a held reading is shown, and what was there before is still the last that counts', async () => {
    const some = await start({ hosts: 40, datasets: { host_list: {} } });
    await some.run();
    some.simulator.setFault('scope-lost=25');
    some.pass(DAY / 24);
    await some.run({ sweep: true });
    const shown = await coverageOf(some, 'host_list');
    expect(shown).toMatchObject({ have: 40, read: 40, qualys: 40, by: 'ids' });
    expect(shown.held).toBe(40 - some.truth('host_list').size);
  });
});

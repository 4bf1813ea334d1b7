import { sql } from 'kysely';
import { afterEach, expect, test } from 'vitest';
import { rebuildInventory } from '../../src/collector/fold/rebuild.ts';
import { withOutbox } from '../support/inventory.ts';
import { DAY, newest, type Rig, startRig } from '../support/rig.ts';

let rig: Rig | undefined;
afterEach(async () => rig?.close());

const start = async (more: object = {}): Promise<Rig> => {
  const datasets = { users: {}, host_list_detection: { page_size: 5, ...more } };
  rig = await startRig({ hosts: 8, seed: 5, churn: 0.2, datasets });
  rig.config['inventory'] = { results: true };
  return rig;
};

/** What the inventory keeps, by host, QID and place. */
const kept = (of: Rig): Promise<Map<string, string>> =>
  withOutbox(of, async ({ store }) => {
    const { rows } = await sql<{ host: number; qid: number; place: string; results: string }>`
      SELECT host, qid, place, results FROM finding_results`.execute(store.db);
    return new Map(rows.map(({ host, qid, place, results }) => [`${host}/${qid}/${place}`, results]));
  });

/** What the file sink received last of each detection that is there; blank ends do not count. */
const sent = async (of: Rig): Promise<Map<string, string>> => {
  const lines = [...newest(await of.lines('host_list_detection')).values()];
  const texts = lines.map(({ key, record }) => [key.join('/'), String(record['RESULTS'] ?? '').trim()] as const);
  return new Map(texts.filter(([, text]) => text !== ''));
};

const rebuild = async (of: Rig): Promise<void> => {
  await withOutbox(of, (outbox) => rebuildInventory(outbox, of.clock.now()), false);
  expect((await kept(of)).size).toBe(0);
  await of.run();
};

test('texts of findings are those the sinks received, day after day, and the same after a rebuild', async () => {
  const one = await start();
  for (let day = 0; day < 3; day++) {
    await one.run({ sweep: true });
    const texts = await kept(one);
    expect(texts.size).toBeGreaterThan(10);
    expect(texts).toEqual(await sent(one));
    one.pass(DAY);
  }
  const before = await kept(one);
  await withOutbox(one, (outbox) => rebuildInventory(outbox, one.clock.now()), false);
  expect((await kept(one)).size).toBe(0);
  // Nothing of detections is read for it.
  await one.run({ only: ['users'] });
  expect(await kept(one)).toEqual(before);
});

test('[D6] what is obfuscated before it is stored is kept so, after a rebuild too', async () => {
  const one = await start({ obfuscate: [{ path: 'RESULTS', how: 'mask' }] });
  await one.run();
  const texts = await kept(one);
  expect(texts.size).toBeGreaterThan(10);
  expect(new Set(texts.values())).toEqual(new Set(['***']));
  await rebuild(one);
  expect(new Set((await kept(one)).values())).toEqual(new Set(['***']));
});

test('once texts are kept no longer, they go with the next events; a rebuild brings them to who wants them again', async () => {
  const one = await start();
  await one.run();
  expect((await kept(one)).size).toBeGreaterThan(10);
  one.config['inventory'] = {};
  one.pass(2 * DAY);
  await one.run({ sweep: true });
  expect((await kept(one)).size).toBe(0);
  one.config['inventory'] = { results: true };
  await rebuild(one);
  expect(await kept(one)).toEqual(await sent(one));
});

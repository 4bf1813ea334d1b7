import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeElasticsearch, fakeElasticsearch } from '../support/fake-elasticsearch.ts';
import { type FakeReceiver, fakeReceiver } from '../support/fake-receiver.ts';
import { type FakeSplunk, fakeSplunk } from '../support/fake-splunk.ts';
import { type Line, newest, type Rig, startRig } from '../support/rig.ts';

/** One collector, one simulator, and everything that speaks HTTP beside the file sink, whose lines are what is compared with. */

let rig: Rig;
let elastic: FakeElasticsearch;
let splunk: FakeSplunk;
let hook: FakeReceiver;
const key = Buffer.from('a key');

beforeAll(async () => {
  [elastic, splunk, hook] = await Promise.all([fakeElasticsearch(), fakeSplunk(), fakeReceiver()]);
  hook.key = key;
  rig = await startRig({ hosts: 12 });
  const sign = `whsec_${key.toString('base64')}`;
  rig.config['sinks'] = {
    ...(rig.config['sinks'] as object),
    log: { type: 'elasticsearch', url: elastic.url },
    now: { type: 'elasticsearch', url: [elastic.url], mode: 'current', format: 'raw', index: 'now-{dataset}' },
    splunk: { type: 'splunk_hec', url: splunk.url, token: 't0ken' },
    hook: { type: 'http', url: hook.url, sign },
  };
});
afterAll(async () => {
  await rig.close();
  await Promise.all([elastic.stop(), splunk.stop(), hook.stop()]);
});

const idsOf = (all: readonly unknown[]): string[] => all.map((one) => (one as Line).id).toSorted();

it('every event arrives everywhere, in each sink’s format, also where replies are lost, and the current state is current', async () => {
  for (const fake of [elastic, splunk, hook]) fake.next.push('reset', { status: 503, headers: { 'retry-after': '0' } });
  for (let day = 0; day < 3; day++) {
    const { imbalances } = await rig.run(day === 2 ? { sweep: true } : {});
    expect(imbalances).toEqual([]);
    const lines = await rig.lines('host_list_detection');
    const ids = idsOf(lines);
    expect(ids.length).toBeGreaterThan(20);

    const stream = elastic.documents('logs-qualys_vmdr.asset_host_detection-default');
    expect([...stream.keys()].toSorted()).toEqual(ids);
    for (const document of stream.values()) expect(document).toHaveProperty('data_stream.namespace', 'default');

    const now = [...elastic.documents('now-qualys_vmdr.asset_host_detection').values()];
    expect(idsOf(now)).toEqual(idsOf([...newest(lines).values()]));

    const events = splunk.envelopes.map(({ event }) => event);
    expect([...new Set(idsOf(events))]).toEqual(ids);
    expect([...new Set(idsOf(hook.received()))]).toEqual(ids);
    rig.pass();
  }
  const lines = await rig.lines('host_list_detection');
  expect(lines.some(({ change }) => change === 'updated')).toBe(true);
});

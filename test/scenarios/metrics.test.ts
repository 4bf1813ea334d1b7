import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { METRICS, type Metric, PREFIX } from '../../src/collector/metrics/catalogue.ts';
import { type Running, startCli, until, writeConfig } from '../support/cli.ts';
import { type Rig, startRig } from '../support/rig.ts';

/** The real command, scraped while it collects. */
let rig: Rig;
let running: Running | undefined;
let url = '';
beforeEach(async () => {
  rig = await startRig({ hosts: 12, datasets: { host_list: { every: '1h' }, host_list_detection: { every: '15m' } } });
  rig.config['server'] = { listen: '127.0.0.1:0' };
  await writeConfig(rig.dir, rig.config);
  running = startCli(['run', '--log-format', 'json'], { cwd: rig.dir });
  let said = '';
  running.child.stderr!.on('data', (text: string) => {
    said += text;
  });
  await until(() => /"url":"[^"]+"/.test(said));
  url = new URL('/metrics', /"url":"([^"]+)"/.exec(said)![1]!).href;
});
afterEach(async () => {
  running?.child.kill('SIGTERM');
  await running?.exited;
  await rig.close();
});

interface Scraped {
  readonly text: string;
  /** `name{label="value"}` without the prefix → value. */
  readonly samples: ReadonlyMap<string, number>;
}

async function scrape(): Promise<Scraped> {
  const answer = await fetch(url);
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await answer.text();
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^quarry_(\S.*) (\S+)$/.exec(line) ?? [];
    if (name !== undefined) samples.set(name, Number(value));
  }
  return { text, samples };
}
const stream = (name: string, dataset: string, more = ''): string =>
  `${name}{connection="acme",dataset="${dataset}"${more}}`;

it('a scrape says what was read, sent and delivered, and what is known', async () => {
  await until(async () => {
    const { samples } = await scrape();
    const ended = ['host_list', 'host_list_detection'].every((dataset) =>
      samples.has(stream('last_success_timestamp_seconds', dataset)),
    );
    return ended && samples.get('pending_records{sink="archive"}') === 0;
  });
  const { samples } = await scrape();
  const detections = await rig.lines('host_list_detection');
  const hosts = await rig.lines('host_list');
  expect(samples.get(stream('records_received_total', 'host_list_detection'))).toBe(detections.length);
  expect(samples.get(stream('records_emitted_total', 'host_list'))).toBe(hosts.length);
  expect(samples.get(stream('records_known', 'host_list'))).toBe(hosts.length);
  expect(samples.get('records_delivered_total{sink="archive"}')).toBe(detections.length + hosts.length);
  expect(samples.get('delivery_duration_seconds_count{sink="archive",outcome="ok"}')).toBeGreaterThan(0);
  expect(samples.get('sink_up{sink="archive"}')).toBe(1);
  expect(samples.get(stream('stream_state', 'host_list', ',state="waiting"'))).toBe(1);
  expect(samples.get('streams{state="waiting"}')).toBe(2);
  expect(samples.get(stream('stream_interval_seconds', 'host_list'))).toBe(3600);
  expect(samples.get('run_duration_seconds_count{dataset="host_list",outcome="complete"}')).toBe(1);

  const { calls, byEndpoint } = rig.simulator.counters();
  const sent = [...samples].filter(([name]) => name.startsWith('http_requests_total{'));
  expect(sent.reduce((sum, [, n]) => sum + n, 0)).toBe(calls);
  const answered = Object.values(byEndpoint['/api/fo/asset/host/vm/detection/'] ?? {}).reduce((sum, n) => sum + n, 0);
  expect(sent.filter(([name]) => name.includes('vm/detection')).reduce((sum, [, n]) => sum + n, 0)).toBe(answered);
  expect([...samples.keys()].filter((name) => name.startsWith('ratelimit_remaining{'))).not.toEqual([]);
});

it('names are those of the catalogue, labels those of the configuration, and no secret is in it', async () => {
  await until(async () => (await scrape()).samples.has(stream('last_success_timestamp_seconds', 'host_list')));
  const { text } = await scrape();
  const described = [...text.matchAll(/^# TYPE quarry_(\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]);
  expect(Object.fromEntries(described)).toEqual(
    Object.fromEntries(Object.entries<Metric>(METRICS).map(([name, { type }]) => [name, type])),
  );
  expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
  for (const [, labels = ''] of text.matchAll(/^quarry_\w+\{(.*)\} /gm))
    for (const [, value = ''] of labels.matchAll(/="([^"]*)"/g)) expect(value).toMatch(/^[\w()/.+-]*$/);
  const hosts = await rig.lines('host_list');
  for (const { record } of hosts) expect(text).not.toContain(`"${String(record['IP'])}"`);
  expect(text).not.toContain(rig.simulator.password);
});

it('a configuration that was not taken over is seen, and so is one that was', async () => {
  expect((await scrape()).samples.get('config_last_reload_successful')).toBe(1);
  await running!.said('pull complete');
  await writeConfig(rig.dir, { ...rig.config, sinks: { archive: { type: 'fil' } } });
  running!.child.kill('SIGHUP');
  await until(async () => (await scrape()).samples.get('config_last_reload_successful') === 0);
  await writeConfig(rig.dir, rig.config);
  running!.child.kill('SIGHUP');
  await until(async () => (await scrape()).samples.get('config_last_reload_successful') === 1);
  expect((await scrape()).samples.get('log_messages_total{level="error"}')).toBeGreaterThan(0);
});

it('the reference page holds every metric', () => {
  const page = readFileSync('docs/reference/metrics.md', 'utf8');
  for (const name of Object.keys(METRICS)) expect(page).toContain(`\`${PREFIX}${name}\``);
});

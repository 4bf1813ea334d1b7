import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { hashOf } from '../../src/pipeline/obfuscate.ts';
import { type Line, newest, type Rig, repeated, startRig } from '../support/rig.ts';

const KEY = 'a key that nobody knows';
const RULES = [
  { path: 'HOST.IP', how: 'hash' },
  { path: 'HOST.DNS', how: 'mask' },
  { path: 'HOST.DNS_DATA', how: 'mask' },
  { path: 'RESULTS', how: 'mask' },
  { path: 'FQDN', how: 'hash' },
  { path: 'QDS', how: 'drop' },
  { path: 'HOST.TAGS.TAG.NAME', how: 'mask' },
];
let rig: Rig | undefined;
afterEach(async () => rig?.close());

const options = (obfuscate: object[]) => ({ host_list_detection: { page_size: 5, obfuscate } });
const withRules = (one: Rig, obfuscate: object[], key = KEY): void => {
  const acme = (one.config['connections'] as Record<string, object>)['acme']!;
  one.config = {
    ...one.config,
    obfuscation_key: key,
    connections: { acme: { ...acme, datasets: options(obfuscate) } },
  };
};
const host = ({ record }: Line) => record['HOST'] as Record<string, string>;
const detectionOf = ({ key }: Line) => key.slice(0, 5).join('|');

/** Everything the data directory holds, as text. */
async function stored(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
  return (await Promise.all(texts)).join('\n');
}

describe('[D6] obfuscation', () => {
  test('comes before key, fingerprint and store: what is hidden is nowhere, all else is as before', async () => {
    const plain = await startRig({ seed: 3 });
    await plain.run();
    const before = new Map((await plain.lines('host_list_detection')).map((line) => [detectionOf(line), line]));
    await plain.close();
    rig = await startRig({ seed: 3 });
    withRules(rig, RULES);
    const summary = await rig.run();
    expect(summary.imbalances).toEqual([]);
    const lines = await rig.lines('host_list_detection');
    expect(lines).toHaveLength(before.size);
    for (const line of lines) {
      const was = before.get(detectionOf(line))!;
      const { RESULTS, QDS, FQDN, HOST, ...rest } = was.record as Record<string, unknown>;
      expect(line.record).toEqual({
        ...rest,
        ...(RESULTS === undefined ? {} : { RESULTS: RESULTS === '' ? '' : '***' }),
        ...(FQDN === undefined ? {} : { FQDN: hashOf(String(FQDN), KEY) }),
        HOST: expect.anything(),
      });
      const around = HOST as Record<string, string>;
      expect(host(line)['IP']).toBe(hashOf(around['IP']!, KEY));
      if (around['DNS'] !== undefined) expect(host(line)['DNS']).toBe('***');
      expect(host(line)['ID']).toBe(around['ID']);
      expect(line.key[5]).toBe(was.key[5] === '' ? '' : hashOf(was.key[5]!, KEY));
      expect(line.time).toBe(was.time);
    }
    const text = await stored(rig.dir);
    const hosts = [...before.values()].map((line) => host(line));
    for (const { IP, DNS } of hosts) {
      expect(text.includes(`"${IP}"`), IP).toBe(false);
      if (DNS !== undefined && DNS !== '') expect(text.includes(DNS), DNS).toBe(false);
    }
    // Nothing changed, nothing comes again.
    rig.pass(60_000);
    const again = await rig.run({ sweep: true });
    expect(again.reports.every(({ emitted }) => emitted === 0)).toBe(true);
    expect(repeated(await rig.lines('host_list_detection'))).toEqual([]);
  });

  test('changed rules, and a changed key, restart the stream: everything comes once more, as it is to be now', async () => {
    rig = await startRig();
    withRules(rig, []);
    await rig.run();
    const first = await rig.lines('host_list_detection');
    for (const [rules, key] of [
      [RULES, KEY],
      [RULES, 'another key of some length'],
    ] as const) {
      withRules(rig, [...rules], key);
      const { reports } = await rig.run();
      expect(reports.map(({ emitted }) => emitted)).toEqual([first.length]);
      expect(rig.logged.some(({ msg }) => msg === 'obfuscation changed: the stream restarts')).toBe(true);
      const now = (await rig.lines('host_list_detection')).slice(-first.length);
      for (const line of now) expect(host(line)['IP']).toMatch(/^[\w-]{22}$/);
    }
    const lines = await rig.lines('host_list_detection');
    expect(repeated(lines)).toEqual([]);
    expect([...newest(lines).values()].length).toBeGreaterThanOrEqual(first.length);
    const { reports } = await rig.run();
    expect(reports.map(({ emitted }) => emitted)).toEqual([0]);
  });
});

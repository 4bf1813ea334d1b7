import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, type Exited, type Running, startCli, writeConfig } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { type Rig, startRig } from '../support/rig.ts';

/** What whoever keeps it running asks of the real command. */
const PASSWORD = 'Canary&7%+/"<Ünïcode> pässwörd';
const PROXY = 'Proxy&Canary 99%';
const SINK = 'Sink-Canary/77+"';

let rig: Rig;
let running: Running | undefined;
let port = 0;
beforeEach(async () => {
  port = await freePort();
  rig = await startRig({
    hosts: 6,
    users: [{ username: 'canary_user', password: PASSWORD }],
    connection: { username: 'canary_user', password: PASSWORD },
    datasets: { host_list: { every: '1h' } },
  });
  rig.config['server'] = { listen: `127.0.0.1:${port}` };
  await writeConfig(rig.dir, rig.config);
});
afterEach(async () => {
  running?.child.kill('SIGTERM');
  await running?.exited;
  running = undefined;
  await rig.close();
});

async function start(): Promise<Running> {
  running = startCli(['run', '--log-format', 'json'], { cwd: rig.dir });
  await running.said('pull complete');
  return running;
}
const quarry = (...args: string[]): Promise<Exited> => cli(args, { cwd: rig.dir });

describe('healthcheck', () => {
  it('is 0 while the collector is ready, and 1 with the address where nothing answers', async () => {
    const before = await quarry('healthcheck');
    expect(before.code).toBe(1);
    expect(before.stderr).toContain('QRY6012');
    expect(before.stderr).toContain(`http://127.0.0.1:${port}`);
    await start();
    expect(await quarry('healthcheck')).toMatchObject({ code: 0, stdout: 'ready\n' });
    const { checks } = JSON.parse((await quarry('healthcheck', '--json')).stdout) as { checks: { name: string }[] };
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['database', 'sink archive']));
  });

  it('does not depend on Qualys, nor on a configuration that is just being changed', async () => {
    await start();
    rig.simulator.setFault('http-500-999');
    writeFileSync(join(rig.dir, 'quarry.yaml'), 'connections: [');
    const env = { QUARRY_LISTEN: `0.0.0.0:${port}` };
    expect((await cli(['healthcheck'], { cwd: rig.dir, env })).code).toBe(0);
    expect((await quarry('healthcheck')).code).toBe(78);
    expect((await quarry('healthcheck', '--url', `http://127.0.0.1:${port}`)).code).toBe(0);
  });

  it('says that there is no server where there is none', async () => {
    await writeConfig(rig.dir, { ...rig.config, server: false });
    const { code, stderr } = await quarry('healthcheck');
    expect({ code, said: stderr.includes('server: false') }).toEqual({ code: 1, said: true });
  });
});

interface Bundle {
  readonly versions: { readonly quarry: string };
  readonly problems: readonly string[];
  readonly configuration: { readonly connections: Record<string, { readonly signIn: unknown }> } | null;
  readonly collected: {
    readonly streams: readonly { readonly dataset: string; readonly received: number }[];
    readonly pulls: readonly { readonly outcome: string }[];
    readonly coverage: readonly object[];
    readonly limits: object;
    readonly imbalances: readonly unknown[];
  } | null;
  readonly metrics: readonly string[] | null;
  readonly log: readonly string[] | null;
  readonly environment: Record<string, string>;
}
const forms = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  JSON.stringify(JSON.stringify(secret)).slice(3, -3),
  encodeURIComponent(secret),
  new URLSearchParams({ x: secret }).toString().slice(2),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
];

describe('support-bundle', () => {
  it('[fault 91] holds configuration, state, pulls, limits, metrics and log, and no secret in any spelling', async () => {
    rig.config['sinks'] = {
      ...(rig.config['sinks'] as object),
      hook: { type: 'http', url: `http://127.0.0.1:${port + 1}/`, token: SINK },
    };
    await writeConfig(rig.dir, rig.config);
    const { child } = await start();
    child.stderr!.on('data', () => {});
    // A log in which everything that could stand there stands.
    const log = [PASSWORD, SINK, PROXY].flatMap((secret) => [secret, JSON.stringify({ msg: secret })]).join('\n');
    writeFileSync(join(rig.dir, 'quarry.log'), `${log}\nthe last line\n`);
    const env = { HTTPS_PROXY: `http://joe:${encodeURIComponent(PROXY)}@127.0.0.1:9`, QUARRY_SECRET_KEY: '' };
    const made = await cli(['support-bundle', '--log', 'quarry.log', '--out', 'b.json'], { cwd: rig.dir, env });
    expect(made).toMatchObject({ code: 0, stdout: 'b.json\n' });
    const path = join(rig.dir, 'b.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, 'utf8');
    for (const secret of [PASSWORD, SINK, PROXY])
      for (const form of forms(secret)) expect(text, form).not.toContain(form);

    const bundle = JSON.parse(text) as Bundle;
    expect(bundle.problems).toEqual([]);
    expect(bundle.versions.quarry).toMatch(/^\d+\.\d+\.\d+/);
    expect(JSON.stringify(bundle.configuration?.connections['acme']?.signIn)).toContain('[redacted]');
    expect(bundle.collected?.streams).toMatchObject([{ dataset: 'host_list', received: 6 }]);
    expect(bundle.collected?.pulls).toMatchObject([{ outcome: 'complete' }]);
    expect(bundle.collected?.coverage).toMatchObject([{ have: 6, read: 6, qualys: 6, by: 'ids', complete: true }]);
    expect(bundle.collected?.limits).toHaveProperty('acme');
    expect(bundle.collected?.imbalances).toEqual([]);
    expect(bundle.metrics?.some((line) => line.startsWith('quarry_records_received_total{'))).toBe(true);
    expect(bundle.log).toContain('the last line');
    expect(bundle.log).toContain('[redacted]');
    expect(bundle.environment['HTTPS_PROXY']).toBe('[set]');

    const again = await quarry('support-bundle', '--out', 'b.json');
    expect({ code: again.code, said: again.stderr.includes('QRY6006') }).toEqual({ code: 2, said: true });
  });

  it('is written also where nothing runs and where the configuration is wrong, and says so', async () => {
    const quiet = JSON.parse((await quarry('support-bundle', '--out', '-')).stdout) as Bundle;
    expect(quiet).toMatchObject({ collected: null, metrics: null, log: null });
    expect(quiet.problems.join('\n')).toContain('QRY6012');
    await writeConfig(rig.dir, { ...rig.config, sinks: { archive: { type: 'fil' } } });
    const wrong = JSON.parse((await quarry('support-bundle', '--out', '-')).stdout) as Bundle;
    expect(wrong.configuration).toBe(null);
    expect(wrong.problems.join('\n')).toContain('sinks.archive.type');
    expect((await quarry('support-bundle', '--log', 'absent.log')).code).toBe(2);
  });
});

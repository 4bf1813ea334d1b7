import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeAuthority, hasOpenssl } from '../../src/qualys/fake-certificates.ts';
import { fakeServer, send } from '../../src/qualys/fake-server.ts';
import { cli, STACK, writeConfig } from '../support/cli.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { skipUnless } from '../support/skip.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
/** util-linux's: others take other options. */
const hasScript = (): boolean =>
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

/** `quarry check`, `plan`, `init` and `config show` as an operator types them, before anything was collected. */
let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ hosts: 12, limits: 'standard', datasets: { host_list: {}, host_list_detection: {} } });
  await writeConfig(rig.dir, rig.config);
});
afterEach(() => rig.close());

type Json = Record<string, Record<string, Record<string, unknown>>>;
const acme = (): Record<string, unknown> => (rig.config as Json)['connections']!['acme']!;

async function quarry(...args: string[]) {
  const env = { QUALYS_USERNAME: rig.simulator.username, QUALYS_PASSWORD: rig.simulator.password };
  const exited = await cli(args, { cwd: rig.dir, env });
  expect(STACK.test(exited.stderr)).toBe(false);
  for (const text of [exited.stdout, exited.stderr]) expect(text).not.toContain(rig.simulator.password);
  return exited;
}
const statuses = (status: string): number =>
  Object.values(rig.simulator.counters().byEndpoint).reduce((sum, counts) => sum + (counts[status] ?? 0), 0);

describe('check', () => {
  it('[S39, S41] signs in and tries every enabled data set; keeps nothing', async () => {
    const { code, stdout } = await quarry('check');
    expect(code).toBe(0);
    for (const what of ['DNS', 'sign-in', 'host_list', 'host_list_detection'])
      expect(stdout).toMatch(new RegExp(`^ {2}ok +${what}`, 'm'));
    expect(stdout).toContain('300 calls an hour, 299 left, 2 at once');
    expect(stdout).not.toContain('somebody else');
    await expect(stat(join(rig.dir, 'data'))).rejects.toThrow('ENOENT');
  });

  it('[M15, S46] a wrong password is one attempt, says what to do, and exits with 4', async () => {
    acme()['password'] = 'wrong';
    await writeConfig(rig.dir, rig.config);
    const { code, stdout } = await quarry('check');
    expect(code).toBe(4);
    expect(stdout).toMatch(/FAILED sign-in \(basic\) +QRY2010[\s\S]+do: {2}Check user, password and platform/);
    expect(stdout).toMatch(/^ {2}- +host_list +not signed in/m);
    expect(statuses('401')).toBe(1);
  });

  it('[M19, S47] a data set the account may not read: its code and what to do; the others are tried; exit code 3', async () => {
    rig.simulator.setFault('http-403-2012@/vm/detection/');
    const { code, stdout } = await quarry('check', '--json');
    expect(code).toBe(3);
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Record<string, unknown>[] };
    expect(ok).toBe(false);
    expect(checks).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ what: 'host_list', outcome: 'ok' }),
        expect.objectContaining({
          what: 'host_list_detection',
          outcome: 'failed',
          error: expect.objectContaining({ code: 'QRY2012', why: expect.any(String), fix: expect.any(String) }),
        }),
      ]),
    );
  });

  it.each([
    ['http-409-1965', 75, 'QRY2020'],
    ['html-200', 1, 'QRY2034'],
    ['http-503-1999-xml', 1, 'QRY2003'],
  ])('%s everywhere but at the sign-in: exit code %i', async (fault, exit, says) => {
    rig.simulator.setFault(`${fault}@/asset/host/`);
    const { code, stdout } = await quarry('check');
    expect(code).toBe(exit);
    expect(stdout).toContain(says);
  });

  it('a server that cannot be reached', async () => {
    acme()['api_url'] = 'http://127.0.0.1:9';
    await writeConfig(rig.dir, rig.config);
    const { code, stdout } = await quarry('check', 'acme');
    expect(code).toBe(1);
    expect(stdout).toContain('QRY2001');
  });

  it('[M21] notices that somebody else calls the same APIs, and takes a collector’s own calls for what they are', async () => {
    expect((await quarry('run', '--once', '--no-server')).code).toBe(0);
    expect((await quarry('check')).stdout).not.toContain('somebody else');
    for (let i = 0; i < 3; i++) expect((await quarry('pull', 'host_list', '--limit', '1')).code).toBe(0);
    expect((await quarry('check')).stdout).toMatch(/somebody else calls[^\n]+host_list \d/);
  });

  it('--show-curl prints calls that work as they stand, without a secret', async () => {
    const { stdout } = await quarry('check', '--show-curl');
    const calls = stdout.split('\n').flatMap((line) => (line.trim().startsWith('curl ') ? [line.trim()] : []));
    expect(calls.length).toBe(2);
    const env = { ...process.env, QUALYS_USERNAME: rig.simulator.username, QUALYS_PASSWORD: rig.simulator.password };
    const answers = await Promise.all(calls.map((call) => promisify(execFile)('bash', ['-c', call], { env })));
    expect(answers[0]!.stdout).toContain('<HOST_LIST_OUTPUT>');
    expect(answers[1]!.stdout).toContain('<HOST_LIST_VM_DETECTION_OUTPUT>');
  });

  it('[M16] [M18] --show-curl tries host assets and the KnowledgeBase by hand', async () => {
    acme()['datasets'] = { host_assets: {}, knowledge_base: {} };
    await writeConfig(rig.dir, rig.config);
    const { stdout } = await quarry('check', '--show-curl');
    const calls = stdout.split('\n').flatMap((line) => (line.trim().startsWith('curl ') ? [line.trim()] : []));
    const env = { ...process.env, QUALYS_USERNAME: rig.simulator.username, QUALYS_PASSWORD: rig.simulator.password };
    const answers = await Promise.all(
      calls.map((call) => promisify(execFile)('bash', ['-c', call], { env, maxBuffer: 2 ** 28 })),
    );
    const holds = (what: RegExp): boolean => answers.some((answer) => what.test(answer.stdout));
    expect(calls.some((call) => call.includes('/am/hostasset'))).toBe(true);
    expect(holds(/responseCode\W+SUCCESS/)).toBe(true);
    expect(holds(/<KNOWLEDGE_BASE_VULN_LIST_OUTPUT>/)).toBe(true);
    // One entry, and not the whole KnowledgeBase, which takes Qualys minutes.
    const entries = answers.map((answer) => answer.stdout.match(/<VULN>/g)?.length ?? 0);
    expect(entries.toSorted()).toEqual([0, 1]);
    expect(stdout).toMatch(/knowledge_base\s[^\n]*readable, version 4\.0/);
    expect(stdout).not.toContain('no records');
  });

  it('a connection nobody has: the one that was meant', async () => {
    const { code, stderr } = await quarry('check', 'acm');
    expect([code, stderr.includes('Did you mean acme?')]).toEqual([2, true]);
  });
});

describe('plan', () => {
  it('assumes before the first pull, and knows after it', async () => {
    const before = await quarry('plan', '--hosts', '50000');
    expect(before.code).toBe(0);
    // 50 pages, and the list of ids before and after them.
    expect(before.stdout).toMatch(/acme\/host_list +50,000 +52 .*assumed/);
    expect(before.stdout).toContain('300 in 1 h, 2 at once (assumed)');
    await expect(stat(join(rig.dir, 'data'))).rejects.toThrow('ENOENT');
    expect((await quarry('run', '--once', '--no-server')).code).toBe(0);
    const { streams, apis } = JSON.parse((await quarry('plan', '--json')).stdout) as {
      streams: { objects: number; basis: string }[];
      apis: { limits: { seen: boolean } }[];
    };
    const hosts = rig.truth('host_list').size;
    // Hosts without a detection are in no detection answer.
    for (const { objects, basis } of streams)
      expect([objects > 0 && objects <= hosts, basis]).toEqual([true, 'measured']);
    expect(apis.map(({ limits }) => limits.seen)).toEqual([true, true]);
  });
});

describe('init', () => {
  const init = (...args: string[]) => quarry('init', '--out', 'new.yaml', ...args);
  const written = () => readFile(join(rig.dir, 'new.yaml'), 'utf8');

  it('writes a configuration that is valid, only for its owner, and that works', async () => {
    const { code, stdout } = await init(
      '--url',
      rig.simulator.url,
      '--datasets',
      'host_list,host_list_detection',
      '--yes',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('quarry validate -c new.yaml\n  quarry check -c new.yaml');
    expect(stdout).toContain('VM or VMDR with API access');
    const { mode } = await stat(join(rig.dir, 'new.yaml'));
    expect((mode & 0o777).toString(8)).toBe('600');
    expect(await written()).toMatch(/^# yaml-language-server: \$schema=\S+config\.schema\.json\n/);
    expect((await quarry('validate', '-c', 'new.yaml')).code).toBe(0);
    expect((await quarry('check', '-c', 'new.yaml')).code).toBe(0);
    const shown = (await quarry('config', 'show', '-c', 'new.yaml')).stdout;
    expect(shown).toMatch(/connections\.qualys\.password +\[redacted\] +new\.yaml:\d+ from \$\{QUALYS_PASSWORD\}/);
  });

  it.each([
    [['--url', 'https://qualysguard.qg2.apps.qualys.eu/fo/login.php'], 'platform: EU2'],
    [['--url', 'qualysapi.qg3.apps.qualys.com'], 'platform: US3'],
    [['--platform', 'us1'], 'platform: US1'],
    [['--username', 'abcde3fg'], 'platform: US3'],
    [['--url', 'https://qualysapi.acme.example'], 'api_url: "https://qualysapi.acme.example"'],
  ])('%j: %s', async (args, line) => {
    expect((await init('--yes', ...args)).code).toBe(0);
    expect(await written()).toContain(`    ${line}`);
    expect((await quarry('validate', '-c', 'new.yaml', '--offline')).code).toBe(0);
  });

  it('overwrites nothing without --force', async () => {
    await writeFile(join(rig.dir, 'new.yaml'), 'mine');
    const refused = await init('--yes', '--platform', 'US1');
    expect([refused.code, refused.stderr.includes('QRY6006')]).toEqual([2, true]);
    expect(await written()).toBe('mine');
    expect((await init('--yes', '--platform', 'US1', '--force')).code).toBe(0);
    const { mode } = await stat(join(rig.dir, 'new.yaml'));
    expect([(mode & 0o777).toString(8), (await written()).includes('US1')]).toEqual(['600', true]);
  });

  it.each([
    [['--yes'], 78, 'QRY1014'],
    [['--yes', '--platform', 'EU22'], 78, 'Did you mean EU1, EU2, EU3?'],
    [['--yes', '--platform', 'US1', '--datasets', 'host_lst'], 2, 'Did you mean host_list?'],
    [['--yes', '--platform', 'US1', '--connection', 'Acme Inc'], 2, 'no name of a connection'],
  ])('%j: exit code %i, and nothing is written', async (args, exit, says) => {
    const { code, stderr } = await init(...args);
    expect([code, stderr.includes(says)]).toEqual([exit, true]);
    await expect(written()).rejects.toThrow('ENOENT');
  });

  it('--from a Devo layout says what is wrong with it, with its place', async () => {
    await writeFile(join(rig.dir, 'config.yaml'), 'globals:\n  id: x\noutputs: {}\ninputs:\n  okta: {}\n');
    const { code, stderr } = await init('--from', 'config.yaml');
    expect([code, stderr.includes('QRY1020'), stderr.includes('config.yaml:4:1')]).toEqual([78, true, true]);
  });

  it(
    'asks on a terminal, again where an answer makes no sense',
    skipUnless(hasScript(), 'needs script(1)'),
    async () => {
      const answers = ['Ac me', 'acme', '', 'EU33', 'https://qualysguard.qualys.eu', '', 'host_lst', 'host_list', ''];
      const asked = spawn('script', ['-qec', `${process.execPath} ${MAIN} init --out new.yaml`, '/dev/null'], {
        cwd: rig.dir,
      });
      let said = '';
      let questions = 0;
      asked.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        // One answer for each question: what ends in a colon and waits.
        for (let asking = said.split(/(?:\]|alone\)|in at|PASSWORD\}\)): /).length - 1; questions < asking; questions++)
          asked.stdin.write(`${answers[questions] ?? ''}\n`);
      });
      await once(asked, 'close');
      expect(said).toContain('Did you mean EU1, EU2, EU3?');
      expect(said).toContain('Did you mean host_list?');
      expect(await written()).toMatch(/ {2}acme:\n {4}platform: EU1/);
      expect(await written()).toContain('host_list: {}');
    },
  );
});

describe('check of a secure server', skipUnless(hasOpenssl(), 'needs openssl'), () => {
  it.each([
    ['a certificate of nobody known', '127.0.0.1', false, 'QRY2040'],
    ['a certificate for another name', 'elsewhere.example', true, 'QRY2042'],
    ['a known one', '127.0.0.1', true, undefined],
  ])('%s', async (_, name, trusted, code) => {
    const authority = fakeAuthority();
    const server = await fakeServer(
      (_request, response) => send(response, 404, ''),
      authority.issue(name === '127.0.0.1' ? `IP:${name}` : `DNS:${name}`),
    );
    try {
      acme()['api_url'] = server.url;
      acme()['tls'] = trusted ? { ca: authority.ca } : {};
      acme()['datasets'] = ['host_list'];
      await writeConfig(rig.dir, rig.config);
      const { stdout } = await quarry('check');
      if (code === undefined) expect(stdout).toMatch(/ok +TLS +TLSv1\.\d, certificate of fake authority until/);
      else expect(stdout).toMatch(new RegExp(`FAILED TLS +${code}`));
    } finally {
      await server.close();
    }
  });
});

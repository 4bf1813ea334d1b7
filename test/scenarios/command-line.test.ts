import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, STACK, writeConfig } from '../support/cli.ts';
import { difference, newest, type Rig, SAME, startRig } from '../support/rig.ts';

/** The command as a user types it, in a process of its own, over one collected folder. */
let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ hosts: 12, datasets: { host_list: { every: '1h' }, host_list_detection: { every: '1h' } } });
  await writeConfig(rig.dir, rig.config);
});
afterAll(() => rig.close());

const quarry = (...args: string[]) => cli(args, { cwd: rig.dir });

describe('run', () => {
  it('--only collects the data sets named and no others', async () => {
    const { code, stderr, stdout } = await quarry('run', '--once', '--no-server', '--only', 'host_list');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('balances: ok');
    expect(difference(newest(await rig.lines('host_list')).keys(), rig.truth('host_list'))).toEqual(SAME);
    expect(await rig.lines('host_list_detection')).toEqual([]);
  });

  it('--once brings every stream up to date and ends with 0', async () => {
    const { code } = await quarry('run', '--once');
    expect(code).toBe(0);
    for (const dataset of ['host_list', 'host_list_detection'])
      expect(difference(newest(await rig.lines(dataset)).keys(), rig.truth(dataset))).toEqual(SAME);
  });

  it('--sweep reads everything now', async () => {
    const { code, stderr } = await quarry('run', '--once', '--sweep');
    expect(code).toBe(0);
    expect(stderr).toContain('a sweep was asked for');
    expect(stderr.match(/"mode":"full"/g)?.length).toBe(4);
  });
});

describe('--json', () => {
  const parsed = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await quarry(...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };
  it('of every reading command is JSON on standard output, and nothing else is there', async () => {
    const [version, datasets, list, show, status, parked, valid] = await Promise.all([
      parsed('version'),
      parsed('datasets'),
      parsed('state', 'list'),
      parsed('state', 'show', 'acme/host_list'),
      parsed('outbox', 'status'),
      parsed('outbox', 'parked'),
      parsed('validate', '--offline'),
    ]);
    expect(version).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/), node: process.version });
    expect(datasets).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'host_list_detection',
          key: ['HOST.ID', 'QID', 'PORT', 'PROTOCOL', 'SSL', 'FQDN', 'INSTANCE'],
        }),
      ]),
    );
    expect(list).toMatchObject([
      { connection: 'acme', dataset: 'host_list', knownKeys: rig.truth('host_list').size, quarantined: 0 },
      { connection: 'acme', dataset: 'host_list_detection', knownKeys: rig.truth('host_list_detection').size },
    ]);
    expect(show).toMatchObject({ dataset: 'host_list', checkpoint: { watermark: expect.any(String) }, quarantine: [] });
    expect(status).toContainEqual(
      expect.objectContaining({ sink: 'archive', pending: 0, parked: 0, reason: null, circuit: 'closed' }),
    );
    expect(parked).toEqual([]);
    expect(valid).toMatchObject({ ok: true, unreachable: [] });
  });

  it('of a configuration with problems says them as data too', async () => {
    await writeFile(join(rig.dir, 'wrong.yaml'), 'connections:\n  a: { platform: EU1, usrname: x }\n');
    const { code, stdout, stderr } = await quarry('validate', '-c', 'wrong.yaml', '--offline', '--json');
    expect(code).toBe(78);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([
        {
          code: 'QRY1003',
          where: 'wrong.yaml:2:23',
          path: 'connections.a.usrname',
          message: expect.stringContaining('"username"'),
        },
      ]),
    });
    expect(stderr).toContain('wrong.yaml:2:23');
    const missing = await quarry('validate', '-c', 'elsewhere.yaml', '--json');
    expect([missing.code, JSON.parse(missing.stdout).problems[0].code]).toEqual([78, 'QRY1001']);
  });

  it('and without it a table a person can read', async () => {
    const [list, status, datasets] = await Promise.all([
      quarry('state', 'list'),
      quarry('outbox', 'status'),
      quarry('datasets'),
    ]);
    expect(list.stdout).toMatch(/^STREAM +WATERMARK/);
    expect(list.stdout).toContain('acme/host_list_detection');
    expect(status.stdout).toMatch(/^SINK +APPENDED/);
    expect(datasets.stdout).toMatch(/^DATA SET +KIND/);
  });
});

describe('help', () => {
  const COMMANDS = [
    'init',
    'validate',
    'check',
    'plan',
    'config',
    'completion',
    'datasets',
    'pull',
    'run',
    'state',
    'outbox',
    'sink',
    'demo',
    'simulate',
    'bench',
    'version',
  ];
  it('names every command, and each explains itself', async () => {
    const { code, stdout } = await quarry('--help');
    expect(code).toBe(0);
    expect(COMMANDS.filter((name) => !new RegExp(`^  ${name}\\b`, 'm').test(stdout))).toEqual([]);
    const helps = await Promise.all(COMMANDS.map((name) => quarry(name, '--help')));
    for (const help of helps) {
      expect(help.code).toBe(0);
      expect(help.stdout).toMatch(/^Usage: quarry /);
      expect(help.stdout.split('\n\n')[1]).toMatch(/\w{3}/);
    }
  });
  it('no command at all: help, and exit code 2', async () => {
    const { code, stdout, stderr } = await quarry();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Commands:');
  });
});

describe('what is typed wrong', () => {
  it.each([
    [['rnu'], 2, 'Did you mean run?'],
    [['run', '--swep'], 2, 'Did you mean --sweep?'],
    [['run', '--once', '--only', 'host_lst'], 2, 'host_list, host_list_detection'],
    [['run', '--timeout', 'soon'], 2, 'Write 30s, 5m or 1h.'],
    [['run', '-c', 'elsewhere.yaml'], 78, 'elsewhere.yaml (-c)'],
    [['frobnicate'], 2, '--help says what there is.'],
    [['db', 'copy', '--to', 'mysql://db/quarry'], 2, 'Write postgres://user@host:5432/database.'],
    [['state', 'show', 'acme/hosts'], 2, 'acme/host_list, acme/host_list_detection'],
    [['state', 'reset', 'acme/host_list'], 2, '--yes'],
    [['state', 'show'], 2, "missing required argument 'stream'"],
    [['sink', 'test', 'archve'], 2, 'Sinks are: archive.'],
    [['sink', 'test', 'archve'], 2, 'Did you mean archive?'],
    [['state', 'show', 'acme/host_lst'], 2, 'Did you mean acme/host_list?'],
    [['pull', 'host_list', '--connection', 'acne'], 2, 'Did you mean acme?'],
    [['check', 'acm'], 2, 'Did you mean acme?'],
    [['completion', 'csh'], 2, 'Allowed choices are bash, zsh, fish.'],
    [['run', '--log-format', 'xml'], 2, 'Allowed choices are pretty, json, devo.'],
    [['pull', 'host_lst'], 2, 'Did you mean host_list?'],
    [['pull', 'host_list', '--limit', 'few'], 2, 'Give a whole number from 1 on.'],
    [['pull', 'host_list', '--since', 'yesterday'], 2, 'neither a time nor a duration'],
    [['pull', 'host_list', '--since', 'yesterday'], 2, 'or how long ago: 7d'],
    [['pull', 'host_list', '-o', 'xml'], 2, 'Allowed choices are ndjson, json, csv, table.'],
    [['simulate', '--fault', 'nonsense'], 2, 'no fault is named nonsense'],
    [['simulate', '--port', 'http'], 2, 'Give a whole number from 0 to 65535.'],
    [['demo', '--hosts', '0'], 2, 'Give a whole number from 1 on.'],
    [['demo', '--listen', 'here'], 2, 'Write host:port'],
    [['bench', 'read', 'not-there.xml'], 2, 'not-there.xml'],
    [['bench', 'fast', 'x.xml'], 2, 'Allowed choices are read, ndjson, collect.'],
  ] as const)('%j: exit code %i and what to do', async (args, exit, words) => {
    const { code, stdout, stderr } = await quarry(...args);
    expect({ code, stdout, stack: STACK.test(stderr) }).toEqual({ code: exit, stdout: '', stack: false });
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('QRY9001');
  });
});

describe('what is not there', () => {
  it('QUARRY_CONFIG is named as the place that was looked at', async () => {
    const { code, stderr } = await cli(['state', 'list'], { cwd: rig.dir, env: { QUARRY_CONFIG: 'gone.yaml' } });
    expect(code).toBe(78);
    expect(stderr).toContain('gone.yaml (QUARRY_CONFIG)');
  });

  it('nothing collected yet: what would make it', async () => {
    const env = { QUARRY_DATA_DIR: join(rig.dir, 'nowhere') };
    for (const args of [
      ['state', 'list'],
      ['query', 'devices'],
      ['outbox', 'status'],
    ]) {
      const { code, stdout, stderr } = await cli(args, { cwd: rig.dir, env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^QRY4005 Nothing was collected here yet.*\n.*\n {2}do: {2}`quarry run` makes it/);
    }
  });
});

describe('bench', () => {
  const answer = `<?xml version="1.0"?><HOST_LIST_VM_DETECTION_OUTPUT><RESPONSE><HOST_LIST><HOST><ID>7</ID><DETECTION_LIST><DETECTION><QID>38170</QID><RESULTS>a&amp;b</RESULTS></DETECTION></DETECTION_LIST></HOST></HOST_LIST></RESPONSE></HOST_LIST_VM_DETECTION_OUTPUT>`;
  it('sums up the same whatever is done with the answer, and collects into a new folder only', async () => {
    await writeFile(join(rig.dir, 'answer.xml'), answer);
    const figures = { records: 1, checksum: '1:1:7:38170:3' };
    for (const args of [['read'], ['ndjson'], ['collect', '--out', 'kept']]) {
      const { code, stdout } = await quarry('bench', args[0]!, 'answer.xml', ...args.slice(1), '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ ...figures, cpu_s: expect.any(Number), rss_mb: expect.any(Number) });
    }
    const again = await quarry('bench', 'collect', 'answer.xml', '--out', 'kept', '--json');
    expect([again.code, again.stdout]).toEqual([2, '']);
    expect(again.stderr).toContain('Name another folder with --out');
  });

  it('says that the file is no answer, not that it is read again', async () => {
    await writeFile(join(rig.dir, 'cut.xml'), answer.slice(0, 150));
    await writeFile(join(rig.dir, 'plain.gz'), 'not packed');
    for (const file of ['cut.xml', 'plain.gz']) {
      const { code, stderr } = await quarry('bench', 'read', file);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^QRY3002 .*\\(${file}.*\\)\\n.*\\n {2}do: {2}Give a whole answer`));
    }
  });
});

describe('a configuration that is wrong', () => {
  const acme = { api_url: 'http://127.0.0.1:9', username: 'u', password: 'p', datasets: ['host_list'] };
  it.each([
    [
      'an unknown key',
      { connections: { acme: { ...acme, pasword: 'x' } } },
      /quarry\.yaml:\d+:\d+.*pasword.*did you mean "password"/,
    ],
    [
      'an unknown platform',
      { connections: { acme: { ...acme, api_url: undefined, platform: 'US99' } } },
      /quarry\.yaml:\d+:\d+.*platform/,
    ],
    [
      'plain http abroad',
      { connections: { acme: { ...acme, api_url: 'http://qualys.example.com' } } },
      /quarry\.yaml:\d+:\d+/,
    ],
    ['a data set nobody knows', { connections: { acme: { ...acme, datasets: ['hosts'] } } }, /quarry\.yaml:\d+:\d+/],
    [
      'a route to no sink',
      { connections: { acme }, routes: [{ sinks: ['nowhere'] }] },
      /quarry\.yaml:\d+:\d+.*no sink of this name/,
    ],
    ['a proxy that is none', { connections: { acme: { ...acme, proxy: { url: 'ftp://x' } } } }, /quarry\.yaml:\d+:\d+/],
  ])('%s: exit code 78, file, line and column, nothing written', async (_, config, place) => {
    const own = await startRig({ hosts: 1 });
    try {
      await writeConfig(own.dir, config as Record<string, unknown>);
      for (const args of [
        ['run', '--once', '--no-server'],
        ['validate', '--offline'],
      ]) {
        const { code, stdout, stderr } = await cli(args, { cwd: own.dir });
        expect({ code, stdout, stack: STACK.test(stderr) }).toEqual({ code: 78, stdout: '', stack: false });
        expect(stderr).toMatch(place);
      }
      expect(await readdir(own.dir)).toEqual(['quarry.yaml']);
    } finally {
      await own.close();
    }
  });
});

describe('pipes and terminals', () => {
  it('a reader that goes away is no error', async () => {
    const head = { cwd: rig.dir, after: '| head -c 20' };
    for (const args of [
      ['pull', 'host_list_detection'],
      ['datasets', '--json'],
      ['simulate', '--fault', 'list'],
    ]) {
      const { code, stdout, stderr } = await cli(args, head);
      expect({ code, length: stdout.length, stderr }).toEqual({ code: 0, length: 20, stderr: '' });
    }
  });

  it('a full disk behind > is said, and is no defect', async () => {
    const { code, stderr } = await cli(['datasets', '--json'], { cwd: rig.dir, after: '> /dev/full' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^QRY6005 .*no space left.*\(standard output\)/);
  });

  it('no colours where they are not wanted', async () => {
    for (const env of [{ NO_COLOR: '1', FORCE_COLOR: '1' }, {}] as Record<string, string>[]) {
      const { stderr } = await cli(['run', '--once', '--no-server'], {
        cwd: rig.dir,
        env: { ...env, QUARRY_LOG_FORMAT: 'pretty' },
      });
      expect(stderr).not.toContain('\u001b[');
    }
    const forced = await cli(['run', '--once', '--no-server'], {
      cwd: rig.dir,
      env: { FORCE_COLOR: '1', QUARRY_LOG_FORMAT: 'pretty' },
    });
    expect(forced.stderr).toContain('\u001b[');
  });

  it('--log-format goes before QUARRY_LOG_FORMAT', async () => {
    const env = { QUARRY_LOG_FORMAT: 'json' };
    const { stderr } = await cli(['run', '--once', '--no-server', '--log-format', 'devo'], { cwd: rig.dir, env });
    expect(stderr).toMatch(
      /^\S+ +INFO InputProcess::QualysHostListPuller\(acme,acme,host_list,predefined\) -> Pull Started$/m,
    );
    expect(stderr).not.toContain('"msg"');
  });

  it('the demo keeps to its own folder, whatever the environment says', async () => {
    const real = join(rig.dir, 'real');
    const { code, stdout } = await cli(['demo', '--once', '--hosts', '5', '--data-dir', 'demo'], {
      cwd: rig.dir,
      env: { QUARRY_DATA_DIR: real },
    });
    expect(code).toBe(0);
    expect(stdout).toContain('balances: ok');
    expect(await readdir(rig.dir)).not.toContain('real');
    const refused = await cli(['demo', '--once', '--data-dir', 'data'], { cwd: rig.dir });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('QRY7002');
  });
});

it('state reset: read again, sent again, under the same ids', async () => {
  const before = await rig.lines('host_list_detection');
  expect((await quarry('state', 'reset', 'acme/host_list_detection', '--yes')).code).toBe(0);
  expect((await quarry('run', '--once')).code).toBe(0);
  const after = (await rig.lines('host_list_detection')).slice(before.length);
  expect(new Set(after.map(({ id }) => id))).toEqual(new Set([...newest(before).values()].map(({ id }) => id)));
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acme, from, parts, problems } from '../../test/support/config-parts.ts';
import { reveal, Secret } from '../core/secret.ts';
import { whereIs } from './config.ts';
import { type LoadOptions, loadConfig } from './load.ts';
import { problemsOf } from './problems.ts';

describe('defaults', () => {
  it('[M8, S13, S21] the smallest file collects everything from one connection', () => {
    const config = from(acme());
    const connection = config.connections.get('acme')!;
    expect(config.dataDir).toBe('/srv/quarry/quarry-data');
    expect(config.server).toEqual({ listen: { host: '127.0.0.1', port: 8480 }, allowPrivateAddresses: false });
    expect(connection).toMatchObject({ id: 'acme', tenant: 'acme', subscription: 'acme', platform: 'US1' });
    expect(connection.tls).toEqual({ verify: true, ca: undefined });
    expect(connection.signIn).toMatchObject({ kind: 'basic', username: 'joe' });
    expect([...connection.datasets.keys()]).toEqual(['hosts', 'fim_events']);
    expect(connection.datasets.get('hosts')).toMatchObject({
      enabled: true,
      every: undefined,
      options: { results: 'full' },
    });
  });

  it('without routes every sink receives everything; a sink that no route names does too', () => {
    const sinks = '\nsinks:\n  a: { type: stdout }\n  b: { type: stdout }\n';
    expect(from(acme() + sinks).routes).toMatchObject([{ sinks: ['a', 'b'], datasets: undefined, exclude: [] }]);
    const routed = from(`${acme()}${sinks}routes:\n  - { sinks: [b], datasets: [fim_alerts], resend: never }\n`);
    expect(routed.routes).toMatchObject([
      { sinks: ['b'], datasets: ['fim_events'], resend: 'never' },
      { sinks: ['a'], datasets: undefined, resend: 'never' },
    ]);
  });
});

describe('data sets', () => {
  const of = (yaml: string, name = 'hosts') => from(acme(yaml)).connections.get('acme')!.datasets.get(name);

  it('[S4, S31] are all, a list, or options by name; an alias is another name', () => {
    expect([...from(acme('datasets: [fim_alerts]')).connections.get('acme')!.datasets.keys()]).toEqual(['fim_events']);
    expect(of('datasets: { hosts: }')).toMatchObject({ options: { results: 'full' } });
    expect(of('datasets: { fim_alerts: { enabled: false } }', 'fim_events')).toMatchObject({ enabled: false });
  });

  it('[S30] have durations in milliseconds, sizes in bytes, times as Qualys spells them', () => {
    expect(
      of(
        'datasets: { hosts: { every: 15m, sweep: { ids: 1d, full: false }, start_time_utc: 2026-01-01, page_size: 50, results: 64KiB } }',
      ),
    ).toMatchObject({
      every: 900_000,
      sweepIds: 86_400_000,
      sweepFull: false,
      startTime: '2026-01-01T00:00:00Z',
      pageSize: 50,
      options: { results: 65_536 },
    });
    expect(of('datasets: { hosts: { sweep: false } }')).toMatchObject({ sweepIds: false, sweepFull: false });
  });

  it('times by cron fields, in a time zone, for changes and for sweeps', () => {
    const utc = (cron: string) => ({ cron, timeZone: 'UTC' });
    expect(of("datasets: { hosts: { cron: '0 3 * * 1-5', sweep: { ids: 1d, full: '0 4 * * 0' } } }")).toMatchObject({
      every: utc('0 3 * * 1-5'),
      sweepIds: 86_400_000,
      sweepFull: utc('0 4 * * 0'),
    });
    expect(of("datasets: { hosts: { cron: '0 3 * * *', time_zone: Europe/Berlin, sweep: false } }")).toMatchObject({
      every: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
      sweepFull: false,
    });
    expect(problems(acme("datasets: { hosts: { cron: '0 25 * * *', time_zone: Mars } }"))).toEqual([
      'configuration:6:26  connections.acme.datasets.hosts.cron: expected five cron fields that some time fits, such as "0 3 * * 1-5"',
      'configuration:6:46  connections.acme.datasets.hosts.time_zone: expected a time zone, such as UTC or Europe/Berlin',
    ]);
    expect(problems(acme("datasets: { hosts: { every: 1h, cron: '0 2 * * *' } }"))).toEqual([
      'configuration:6:37  connections.acme.datasets.hosts.cron: every and cron exclude each other; keep one',
    ]);
    expect(problems(acme("datasets: { hosts: { sweep: { full: '0 0 31 2 *' } } }"))).toEqual([
      expect.stringMatching(
        /^configuration:6:\d+ {2}connections\.acme\.datasets\.hosts\.sweep.*expected .*five cron fields/,
      ),
    ]);
  });

  it("the connection's tags go to the data sets that know tags and have none of their own", () => {
    const { datasets } = from(acme('tags_include: [Prod]', 'datasets: { hosts: , fim_events: }')).connections.get(
      'acme',
    )!;
    expect(datasets.get('hosts')?.options['tags_include']).toEqual(['Prod']);
    expect(datasets.get('fim_events')?.options).toEqual({});
    expect(of('datasets: { hosts: { tags_include: [Own] } }')?.options['tags_include']).toEqual(['Own']);
  });
});

describe('values', () => {
  it('a text is taken as it was written, though YAML sees a number or a truth', () => {
    for (const written of ['0123', '1e3', '0x1F', 'true', '12345678901234567890', '"quoted"']) {
      const { signIn } = from(acme().replace('secret', written)).connections.get('acme')!;
      expect(signIn.kind === 'basic' && reveal(signIn.password)).toBe(written.replaceAll('"', ''));
    }
    expect(
      from(acme('datasets: { hosts: { severities: 4 } }')).connections.get('acme')!.datasets.get('hosts')?.options,
    ).toMatchObject({
      severities: '4',
    });
  });

  it('what a variable holds is a number or a truth where the schema wants one, and a text where it wants a text', () => {
    const text = acme('allow_plain_http: ${PLAIN}', "datasets: { hosts: { page_size: '${SIZE}' } }").replace(
      'secret',
      '${PASSWORD}',
    );
    const config = from(text, { SIZE: '300', PLAIN: 'true', PASSWORD: '0042' }).connections.get('acme')!;
    expect(config.allowPlainHttp).toBe(true);
    expect(config.datasets.get('hosts')?.pageSize).toBe(300);
    expect(config.signIn.kind === 'basic' && reveal(config.signIn.password)).toBe('0042');
    expect(problems(acme('requests_per_hour: ${LIMIT}'), { LIMIT: 'many' })).toEqual([
      'configuration:6:5  connections.acme.requests_per_hour: expected a number, got a text',
    ]);
  });

  it('sign-in: a password, a source of tokens, or both', () => {
    const signIn = (...lines: string[]) =>
      from(
        ['connections:', '  acme:', '    platform: US1', ...lines.map((line) => `    ${line}`)].join('\n'),
      ).connections.get('acme')!.signIn;
    const secret = expect.any(Secret) as unknown;
    expect(signIn('token: ey.x.y')).toEqual({ kind: 'token', token: secret });
    expect(signIn('oidc: { client_id: i, client_secret: s }')).toEqual({
      kind: 'oidc',
      clientId: 'i',
      clientSecret: secret,
    });
    const both = signIn('username: u', 'password: p', 'oauth: { client_id: i, client_secret: "${SECRET:-s}" }');
    expect(both).toEqual({
      kind: 'basic',
      username: 'u',
      password: secret,
      token: { kind: 'oauth', clientId: 'i', clientSecret: secret },
    });
    expect(signIn('identity_provider: { token_url: "https://idp.example/token", client_id: i }')).toEqual({
      kind: 'identity_provider',
      tokenUrl: 'https://idp.example/token',
      clientId: 'i',
      clientAuth: 'header',
    });
    expect(JSON.stringify(both)).not.toContain('"s"');
  });

  it('credentials inside a proxy URL are taken out of it', () => {
    const { proxy } = from(acme('proxy: { url: "http://us%40er:p%25w@proxy:3128" }')).connections.get('acme')!;
    expect(proxy).toMatchObject({ url: 'http://proxy:3128', username: 'us@er' });
    expect(reveal(proxy!.password!)).toBe('p%w');
  });

  it.each([
    ['8480', { host: '127.0.0.1', port: 8480 }],
    [':8480', { host: '::', port: 8480 }],
    ['"[::1]:80"', { host: '::1', port: 80 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('listen: %s', (written, listen) => {
    expect(from(`${acme()}\nserver: { listen: ${written} }`).server).toMatchObject({ listen });
  });

  it('an alias stands for what its anchor holds', () => {
    const text = acme('datasets: { hosts: &common { every: 5m }, fim_events: *common }');
    expect(from(text).connections.get('acme')!.datasets.get('fim_events')).toMatchObject({ every: 300_000 });
  });
});

describe('the environment', () => {
  it('replaces data directory, database, address and log form', () => {
    const config = from(acme(), {
      QUARRY_DATA_DIR: 'data',
      QUARRY_DATABASE_URL: 'postgres://u:p@h/d',
      QUARRY_LISTEN: '0.0.0.0:9000',
      QUARRY_LOG_FORMAT: 'json',
    });
    expect(config).toMatchObject({
      dataDir: '/srv/quarry/data',
      logFormat: 'json',
      server: { listen: { port: 9000 } },
    });
    expect(reveal(config.databaseUrl!)).toBe('postgres://u:p@h/d');
    expect(from(`${acme()}\nserver: false`, { QUARRY_LISTEN: ':9000' }).server).toBe(false);
  });
  it('is checked like the file, and named', () => {
    expect(
      problems(acme(), { QUARRY_LISTEN: 'nowhere', QUARRY_LOG_FORMAT: 'xml', QUARRY_DATABASE_URL: 'mysql://x' }),
    ).toEqual([
      'QUARRY_DATABASE_URL  expected postgres://user:password@host:port/database',
      expect.stringMatching(/^QUARRY_LISTEN {2}expected host:port/),
      'QUARRY_LOG_FORMAT  expected pretty, json or devo',
    ]);
  });
});

describe('files', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'quarry-config-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const load = (options: Partial<LoadOptions> = {}) =>
    loadConfig({ ...parts, env: { HOME: dir }, cwd: join(dir, 'work'), ...options });

  it('are looked for by -c, QUARRY_CONFIG, quarry.yaml, quarry.yml, ~/.config/quarry/quarry.yaml, in this order', () => {
    mkdirSync(join(dir, 'work'));
    mkdirSync(join(dir, '.config', 'quarry'), { recursive: true });
    const places = ['.config/quarry/quarry.yaml', 'work/quarry.yml', 'work/quarry.yaml'];
    for (const place of places) {
      writeFileSync(join(dir, place), acme());
      expect(load().file).toBe(join(dir, place));
    }
    writeFileSync(join(dir, 'env.yaml'), acme());
    writeFileSync(join(dir, 'named.yaml'), acme());
    expect(load({ env: { QUARRY_CONFIG: '../env.yaml' } }).file).toBe(join(dir, 'env.yaml'));
    expect(load({ env: { QUARRY_CONFIG: '../env.yaml' }, file: '../named.yaml' }).file).toBe(join(dir, 'named.yaml'));
  });

  it('[promise 11] when none is there, the error says all places tried', () => {
    expect(() => load()).toThrow(
      expect.objectContaining({
        code: 'QRY1001',
        message: expect.stringMatching(
          /-c.*QUARRY_CONFIG.*work\/quarry\.yaml.*work\/quarry\.yml.*\.config\/quarry\/quarry\.yaml/,
        ),
      }),
    );
    expect(() => load({ file: 'x.yaml' })).toThrow(
      expect.objectContaining({ code: 'QRY1001', message: expect.stringContaining('x.yaml (-c)') }),
    );
  });

  it('that cannot be read say why', () => {
    mkdirSync(join(dir, 'work'));
    expect(() => load({ file: '.' })).toThrow(
      expect.objectContaining({ code: 'QRY1005', message: expect.stringContaining('folder') }),
    );
    writeFileSync(join(dir, 'work', 'quarry.yaml'), Buffer.from([0x61, 0xff]));
    expect(() => load()).toThrow(
      expect.objectContaining({ code: 'QRY1005', message: expect.stringContaining('UTF-8') }),
    );
  });

  it('give relative paths their folder, and are named as people type them', () => {
    mkdirSync(join(dir, 'work', 'etc'), { recursive: true });
    writeFileSync(join(dir, 'work', 'etc', 'q.yaml'), `${acme('tls: { ca: ca.pem }')}\ndata_dir: data`);
    writeFileSync(join(dir, 'work', 'etc', 'ca.pem'), '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n');
    const config = load({ file: 'etc/q.yaml' });
    expect(config).toMatchObject({ baseDir: join(dir, 'work', 'etc'), dataDir: join(dir, 'work', 'etc', 'data') });
    expect(config.connections.get('acme')?.tls.ca).toContain('BEGIN CERTIFICATE');
    expect(config.positions.get('connections.acme.platform')).toEqual({ line: 3, column: 5 });
    expect(whereIs(config, 'connections.acme.platform')).toBe(
      `${join(dir, 'work', 'etc', 'q.yaml')}:3:5 connections.acme.platform`,
    );
    writeFileSync(join(dir, 'work', 'etc', 'q.yaml'), 'x: 1');
    expect(() => load({ file: 'etc/q.yaml' })).toThrow(/^ {2}etc\/q\.yaml:1:1 {2}x: unknown key/m);
  });
});

describe('connections kept elsewhere', () => {
  const load = (text: string, stored: LoadOptions['stored']) =>
    loadConfig({ ...parts, text, env: {}, cwd: '/srv/quarry', stored });
  const other = { tenant: 'acme', platform: 'EU1', username: 'u', password: '${NOT_A_REFERENCE}', datasets: ['hosts'] };

  it('are read as those of the file are, and nothing in them is filled in', () => {
    const config = load(acme(), { other });
    expect([...config.connections.keys()].sort()).toEqual(['acme', 'other']);
    expect([...config.stored]).toEqual(['other']);
    expect(config.connections.get('other')).toMatchObject({ tenant: 'acme', platform: 'EU1' });
    expect(reveal((config.connections.get('other')!.signIn as { password: Secret }).password)).toBe(
      '${NOT_A_REFERENCE}',
    );
  });

  const wrong = (text: string, stored: LoadOptions['stored']): string[] => {
    try {
      load(text, stored);
      return [];
    } catch (error) {
      return problemsOf(error).map(({ code, path }) => `${code} ${path}`);
    }
  };

  it('have the same errors, and none may take the id of one in the file', () => {
    expect(wrong(acme(), { other: { ...other, colour: 'red' } })).toEqual(['QRY1003 connections.other.colour']);
    expect(wrong(acme(), { acme: other })).toEqual(['QRY1003 connections.acme']);
  });

  it('may be all there are, or still to come', () => {
    expect([...load('sinks: {}\n', { other }).connections.keys()]).toEqual(['other']);
    expect(load('connections: {}\n', {}).connections.size).toBe(0);
    expect(wrong('connections: {}\n', undefined)).toEqual(['QRY1003 connections']);
    expect(wrong('sinks: {}\n', undefined)).toEqual(['QRY1003 connections']);
  });
});

it('[promise 12] a configuration printed, inspected or turned into JSON shows no secret', () => {
  const text = acme('proxy: { url: "http://u:canary@p:1", password: canary }').replace('secret', 'canary');
  const config = from(`${text}\ndatabase_url: postgres://u:canary@h/d`);
  expect(inspect(config, { depth: 20 })).not.toContain('canary');
  expect(JSON.stringify([...config.connections])).not.toContain('canary');
});

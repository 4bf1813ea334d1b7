import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { datasets, presets, sinks } from '../../src/collector/port.ts';
import type { Config } from '../../src/config/config.ts';
import { findConfig, loadConfig } from '../../src/config/load.ts';
import { problemsOf, problemText } from '../../src/config/problems.ts';
import { warningsOf } from '../../src/config/warnings.ts';
import { reveal } from '../../src/core/secret.ts';
import { cli } from '../support/cli.ts';

/** The layout of Devo's collectors, as their documents have it. */
const CLASSIC = `globals:
  debug: false
  id: not_used
  name: qualys_collector
  persistence:
    type: filesystem
    config:
      directory_name: state
outputs:
  devo_1:
    type: devo_platform
    config:
      address: collector-eu.devo.io
      port: 443
      type: SSL
      chain: chain.crt
      cert: domain.crt
      key: domain.key
inputs:
  qualys:
    id: 13241243
    enabled: true
    requests_per_second: 5
    hostname: qualysapi.qualys.com
    credentials:
      username: joe
      password: a$$b\${HOME}
    services:
      vm_scans:
        request_period_in_seconds: 90
        start_time_in_utc: "2024-01-07T05:00:00Z"
      host_list: {}
      host_list_detection:
      user_activity:
        tag: vuln.qualys.test
`;
const FIM = `  qualys_fim:
    id: 123123
    base_url: https://gateway.qg1.apps.qualys.com
    auth_url: https://gateway.qg1.apps.qualys.com/auth
    username: ann
    password: "0123"
    request_period_in_seconds: 120
    environment: prod
    start_time_utc: 2024-01-06T10:00:00Z
    services:
      fim_alerts: {}
      fim_incidents: {override_request_period_in_seconds: 30, request_period_in_seconds: 60}
`;

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'quarry-layout-'));
  for (const folder of ['certs', 'config', 'state']) mkdirSync(join(root, folder));
  for (const name of ['chain.crt', 'domain.crt', 'domain.key']) writeFileSync(join(root, 'certs', name), '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (text: string, name = 'config.yaml'): string => {
  const file = join(root, 'config', name);
  writeFileSync(file, text);
  return file;
};
const load = (text: string, name?: string): Config =>
  loadConfig({ file: write(text, name), env: {}, cwd: root, datasets, sinks, presets });
const wrong = (text: string): string[] => {
  try {
    load(text);
  } catch (error) {
    return problemsOf(error).map((one) => `${one.code} ${problemText(one).replaceAll(`${root}/`, '')}`);
  }
  return [];
};

describe('a Devo layout as it is', () => {
  it('[D7] [D9] [D11] [D13] [D16] [D17] [D18] becomes a connection with its services, and a sink for each output', () => {
    const config = load(CLASSIC);
    const connection = config.connections.get('qualys-13241243');
    expect([...config.connections.keys()]).toEqual(['qualys-13241243']);
    expect(connection?.apiUrl).toBe('qualysapi.qualys.com');
    const { signIn } = connection!;
    // The text is the user's own: nothing is filled in.
    expect(signIn.kind === 'basic' && [signIn.username, reveal(signIn.password)]).toEqual(['joe', 'a$$b${HOME}']);
    const every = [...connection!.datasets.values()].map(({ name, every, startTime }) => [name, every, startTime]);
    expect(every).toEqual([
      ['host_list', 60_000, undefined],
      ['host_list_detection', 60_000, undefined],
      ['user_activity', 60_000, undefined],
      ['vm_scan_results', 90_000, '2024-01-07T05:00:00Z'],
    ]);
    expect([config.dataDir, config.baseDir, config.server]).toEqual([join(root, 'state', 'quarry'), root, false]);
    expect(config.sinks.get('devo_1')).toMatchObject({
      type: 'devo',
      format: 'devo',
      options: {
        address: 'collector-eu.devo.io',
        port: 443,
        chain: join(root, 'certs', 'chain.crt'),
        cert: join(root, 'certs', 'domain.crt'),
        key: join(root, 'certs', 'domain.key'),
        tag: { user_activity: 'vuln.qualys.test' },
      },
    });
    expect(config.routes.map(({ datasets: names, resend, removals }) => [names, resend, removals])).toEqual([
      [['host_list', 'host_list_detection'], 86_400_000, false],
      [['vm_scan_results', 'user_activity'], 'never', false],
    ]);
    expect(warningsOf(config, { datasets }).map((line) => line.replace(/.*config\.yaml/, ''))).toEqual([
      ':23:5  inputs.qualys.requests_per_second: the limits are those Qualys names in its answers',
    ]);
  });

  it('[F6] [F8] [F9] [F10] [F11] runs both collectors at once; a setting of the input holds for its services, an override before all', () => {
    const config = load(CLASSIC + FIM);
    const fim = config.connections.get('qualys_fim-123123')!;
    expect([...config.connections.keys()]).toEqual(['qualys-13241243', 'qualys_fim-123123']);
    const { signIn } = fim;
    expect(signIn.kind === 'basic' && [signIn.username, reveal(signIn.password)]).toEqual(['ann', '0123']);
    expect([fim.baseUrl, fim.authUrl]).toEqual([
      'https://gateway.qg1.apps.qualys.com',
      'https://gateway.qg1.apps.qualys.com/auth',
    ]);
    expect([...fim.datasets.values()].map(({ name, every, startTime }) => [name, every, startTime])).toEqual([
      ['fim_events', 120_000, '2024-01-06T10:00:00Z'],
      ['fim_incidents', 30_000, '2024-01-06T10:00:00Z'],
    ]);
    expect(config.devo?.inputs.get('qualys_fim-123123')).toMatchObject({ name: 'qualys_fim', id: '123123' });
    expect(config.devo?.inputs.get('qualys_fim-123123')?.services.get('fim_events')).toBe('fim_alerts');
    expect(config.sinks.get('devo_1')?.options['environment']).toEqual({ 'qualys_fim-123123': 'prod' });
  });

  it('[D3] is read as JSON, also with tabs, and in the form of the collector server', () => {
    const cloud = {
      global_overrides: { debug: true },
      inputs: {
        qualys: {
          id: '7',
          enabled: 'yes',
          hostname: 'h.example',
          username: 'u',
          password: 'p',
          services: { host_list: {} },
        },
      },
    };
    const config = load(JSON.stringify(cloud, null, '\t'), 'config.json');
    expect([...config.connections.keys()]).toEqual(['qualys-7']);
    expect(config.devo?.debug).toBe(true);
    expect(config.devo?.warnings).toEqual([expect.stringMatching(/outputs: the file names no outputs/)]);
  });

  it('[D6] hides the fields that obfuscation_data names', () => {
    const rules = 'obfuscation_data: [{name: [HOST, NETBIOS], value: "*****"}]';
    const config = load(CLASSIC.replace('host_list_detection:\n', `host_list_detection:\n        ${rules}\n`));
    const stream = config.connections.get('qualys-13241243')!.datasets.get('host_list_detection')!;
    expect(stream.obfuscate).toEqual([{ path: 'HOST.NETBIOS', how: 'mask' }]);
    expect(config.devo?.warnings).toHaveLength(2);
  });

  it('is found by CONFIG_FILE below config/, as the collectors are told it', () => {
    const file = write(CLASSIC);
    expect(findConfig({ file: undefined, env: { CONFIG_FILE: 'config.yaml' }, cwd: root })).toBe(file);
    expect(() => findConfig({ file: undefined, env: { CONFIG_FILE: 'other.yaml' }, cwd: root })).toThrow(
      /other\.yaml \(CONFIG_FILE\).*config\/other\.yaml \(CONFIG_FILE\)/,
    );
  });

  it('[D59] what is wrong is said of its line, in the words of the layout', () => {
    const text = CLASSIC.replace('port: 443', 'port: 99999')
      .replace('chain: chain.crt', 'chain: other.crt')
      .replace('vm_scans', 'vm_scan')
      .replace('      address: collector-eu.devo.io\n', '')
      .replace('tag: vuln.qualys.test', 'obfuscation_data: [{name: [Date]}]');
    expect(wrong(text)).toEqual([
      'QRY1003 config/config.yaml:12:5  outputs.devo_1.config.address: required; expected a text',
      'QRY1003 config/config.yaml:13:7  outputs.devo_1.config.port: expected at most 65535',
      'QRY1004 config/config.yaml:15:7  outputs.devo_1.config.chain: the file certs/other.crt does not exist',
      'QRY1003 config/config.yaml:28:7  inputs.qualys.services.vm_scan: no service of this name; did you mean "vm_scans"?',
      expect.stringMatching(
        /^QRY1006 config\/config\.yaml:34:9 {2}inputs\.qualys\.services\.user_activity\.obfuscation_data\[0\]\.path: user_activity is read by this field/,
      ),
    ]);
  });

  it('[D55] [D56] a start time in no form, and one to come, are told in the words of the collectors', () => {
    expect(wrong(CLASSIC.replace('2024-01-07T05:00:00Z', '07/01/2024'))).toEqual([
      'QRY1021 config/config.yaml:31:9  inputs.qualys.services.vm_scans.start_time_in_utc: InitVariablesError 2: start_time_utc value: 07/01/2024 does not comply with required format: %Y-%m-%dT%H:%M:%SZ',
    ]);
    expect(wrong(CLASSIC.replace('2024-01-07T05:00:00Z', '2999-01-07T05:00:00Z'))).toEqual([
      expect.stringMatching(
        /^QRY1022 .*: InitVariablesError 3: Invalid start_time_in_utc: \d{4}-.*Z\. Must be in the past\.$/,
      ),
    ]);
  });

  it('[D20] needs no more than user name, password and host name; [D21] [F12] [S28] both of the first two', () => {
    const least = CLASSIC.replace(/ +(requests_per_second|request_period_in_seconds|start_time_in_utc|tag): .*\n/g, '');
    expect(load(least).connections.get('qualys-13241243')?.datasets.size).toBe(4);
    for (const [layout, name] of [
      [CLASSIC, 'joe'],
      [CLASSIC + FIM, 'ann'],
    ] as const) {
      const without = (key: string) => wrong(layout.replace(new RegExp(` +${key}: .*\\n`, 'g'), '')).join('\n');
      expect(without('password'), name).toMatch(/password/);
      expect(without('username'), name).toMatch(/username/);
    }
  });

  it('[D60] an output that is not known, and a layout without Qualys, end the start', () => {
    expect(wrong(CLASSIC.replace('devo_platform', 'kafka'))).toEqual([expect.stringMatching(/^QRY1020 .*:11:5 /)]);
    expect(wrong(CLASSIC.replace('enabled: true', 'enabled: false'))).toEqual([
      expect.stringMatching(/^QRY1020 .*:19:1 /),
    ]);
  });

  it('quarry init --from writes a quarry.yaml that is the same configuration, readable by its owner alone', async () => {
    const file = write(CLASSIC + FIM);
    const { code, stdout } = await cli(['init', '--from', file, '--out', 'quarry.yaml'], { cwd: root });
    expect([code, stdout]).toEqual([0, expect.stringContaining('quarry.yaml is written; only you can read it.')]);
    const out = join(root, 'quarry.yaml');
    expect((statSync(out).mode & 0o777).toString(8)).toBe('600');
    expect(readFileSync(out, 'utf8')).toMatch(/# Not taken over: .*requests_per_second/);
    const plain = (config: Config): unknown => {
      const { file: _, positions, references, presets: __, baseDir, devo, ...rest } = config;
      return { ...rest, connections: [...rest.connections], sinks: [...rest.sinks] };
    };
    const converted = loadConfig({ file: out, env: {}, cwd: root, datasets, sinks, presets });
    expect(plain(converted)).toEqual(plain(load(CLASSIC + FIM)));
    const { signIn } = converted.connections.get('qualys-13241243')!;
    expect(signIn.kind === 'basic' && reveal(signIn.password)).toBe('a$$b${HOME}');
  });

  it('whatever stands in a layout, the answer is a configuration or a list of what is wrong', () => {
    const seed = Date.now() % 2 ** 31;
    const whole = parse(CLASSIC + FIM) as Record<string, unknown>;
    const names = [
      'qualys',
      'constructor',
      '__proto',
      'toString',
      '',
      'services',
      'override_tag',
      'host_list',
      'config',
    ];
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(...names),
      fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.jsonValue(), fc.constant({}))),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), value), { minLength: 1, maxLength: 3 }), (changes) => {
        const layout = structuredClone(whole);
        for (const [place, put] of changes) replaceAt(layout, place, put);
        try {
          load(JSON.stringify({ globals: {}, ...layout }));
        } catch (error) {
          expect(problemsOf(error), String(error)).not.toEqual([]);
        }
      }),
      { seed, numRuns: 150 },
    );
  });
});

/** Puts a value in the place of one of all there are, counted through. */
function replaceAt(root: Record<string, unknown>, place: number, value: unknown): void {
  const places: [Record<string, unknown>, string][] = [];
  const walk = (holder: Record<string, unknown>): void => {
    for (const [key, inner] of Object.entries(holder)) {
      places.push([holder, key]);
      if (typeof inner === 'object' && inner !== null) walk(inner as Record<string, unknown>);
    }
  };
  walk(root);
  const found = places[place % places.length];
  if (found !== undefined) found[0][found[1]] = value;
}

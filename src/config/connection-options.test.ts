import { describe, expect, it } from 'vitest';
import { acme, parts } from '../../test/support/config-parts.ts';
import type { Config } from './config.ts';
import { loadConfig } from './load.ts';
import { settings } from './origins.ts';
import { problemsOf, problemText } from './problems.ts';

const presets = new Map([
  ['quick', { hosts: { results: 'none', tags_include: ['a'] } }],
  ['both', { hosts: {}, fim_events: {} }],
]);
const from = (text: string): Config => loadConfig({ ...parts, presets, text, env: {}, cwd: '/srv/quarry' });
const connection = (...lines: string[]) => from(acme(...lines)).connections.get('acme')!;

function problems(text: string): string[] {
  try {
    from(text);
  } catch (error) {
    return problemsOf(error).map(problemText);
  }
  return [];
}

describe('a preset', () => {
  it('chooses data sets with their options; what stands in the file goes before it, option by option', () => {
    expect([...connection('preset: quick').datasets.keys()]).toEqual(['hosts']);
    expect(connection('preset: quick').datasets.get('hosts')?.options).toEqual({
      results: 'none',
      tags_include: ['a'],
    });
    const more = connection('preset: quick', 'datasets:', '  hosts: { tags_include: [b] }', '  fim_events: {}');
    expect([...more.datasets.keys()]).toEqual(['hosts', 'fim_events']);
    expect(more.datasets.get('hosts')?.options).toEqual({ results: 'none', tags_include: ['b'] });
    const off = connection('preset: both', 'datasets: { fim_events: { enabled: false } }').datasets;
    expect([off.get('hosts')?.enabled, off.get('fim_events')?.enabled]).toEqual([true, false]);
  });

  it('stands as the origin of what it brings', () => {
    const datasets = new Map(
      [...parts.datasets].map(([name, { aliases }]) => [name, { aliases, schedule: { every: 1000 }, pageSize: 7 }]),
    );
    const text = acme('preset: quick', 'datasets:', '  hosts: { tags_include: [b] }');
    const found = Object.fromEntries(
      settings(from(text), { env: {}, datasets }).map(({ path, value, origin }) => [path, [value, origin]]),
    );
    expect(found).toMatchObject({
      'connections.acme.preset': ['quick', 'configuration:6'],
      'connections.acme.datasets.hosts.results': ['none', 'preset quick'],
      'connections.acme.datasets.hosts.tags_include': [['b'], 'configuration:8'],
      'connections.acme.datasets.hosts.page_size': [7, 'default'],
    });
  });

  it('that nobody knows, or beside another choice of data sets, is a problem', () => {
    expect(problems(acme('preset: quik'))).toEqual([
      'configuration:6:5  connections.acme.preset: not known; did you mean "quick"?',
    ]);
    expect(problems(acme('preset: quick', 'datasets: [hosts]'))).toEqual([
      'configuration:7:5  connections.acme.datasets: a preset chooses the data sets; beside it give options by name, or leave preset out',
    ]);
    expect(problems(acme('preset: quick', 'datasets: all'))).toHaveLength(1);
    expect(problems(acme('preset: quick', 'datasets: { hosts: { results: some } }'))).toHaveLength(1);
  });
});

describe('other options of a connection', () => {
  it('a reserve is a number of calls or a share', () => {
    expect(connection('reserve: 50').reserve).toBe(50);
    expect(connection('reserve: 10%').reserve).toBe('10%');
    for (const wrong of ['reserve: 0', 'reserve: 100%', 'reserve: 1.5', 'reserve: some', 'reserve: 0%'])
      expect(problems(acme(wrong)), wrong).toEqual([
        'configuration:6:5  connections.acme.reserve: expected a number of calls, or a share such as 10%',
      ]);
  });

  it('egress addresses are of the connection, else of the file', () => {
    const top = (...lines: string[]) =>
      from(`egress_addresses: [198.51.100.7]\n${acme(...lines)}`).connections.get('acme')!;
    expect(top().egressAddresses).toEqual(['198.51.100.7']);
    expect(top('egress_addresses: ["2001:db8::/64", office]').egressAddresses).toEqual(['2001:db8::/64', 'office']);
    expect(connection().egressAddresses).toBeUndefined();
    expect(problems(acme('egress_addresses: []'))).toHaveLength(1);
  });

  it('[F10] [F11] base_url and auth_url stand for the gateway, alone or beside a platform', () => {
    const fim =
      'connections: { a: { base_url: https://gateway.example.com/fim, auth_url: https://gateway.example.com/auth, username: u, password: p } }';
    expect(from(fim).connections.get('a')).toMatchObject({
      baseUrl: 'https://gateway.example.com/fim',
      authUrl: 'https://gateway.example.com/auth',
      platform: undefined,
    });
    expect(problems(acme('base_url: a.example', 'gateway_url: b.example'))).toEqual([
      'configuration:6:5  connections.acme.base_url: the same as gateway_url; keep one',
    ]);
    expect(problems('connections: { a: { auth_url: x, username: u, password: p } }')).toEqual([
      'configuration:1:16  connections.a: expected platform (US1, EU2 …) or api_url',
    ]);
  });
});

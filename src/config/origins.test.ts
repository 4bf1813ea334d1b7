import { expect, it } from 'vitest';
import { acme, from, parts } from '../../test/support/config-parts.ts';
import { settings } from './origins.ts';

const schedule = { every: 900_000, sweepIds: 86_400_000, sweepFull: 604_800_000 };
const datasets = new Map(
  [...parts.datasets].map(([name, { aliases }]) => [name, { aliases, schedule, pageSize: 1000 }]),
);
function origins(text: string, env: Record<string, string> = {}): Record<string, [unknown, string]> {
  const all = settings(from(text, env), { env, datasets });
  expect(JSON.stringify(all)).not.toMatch(/s3cret|hidden/);
  return Object.fromEntries(all.map(({ path, value, origin }) => [path, [value, origin]]));
}

it('says for every value where it comes from: line, reference, environment, default', () => {
  const text = `data_dir: ./d\n${acme('tags_include: [a]', 'datasets:', '  hosts: { every: 2h, sweep: false }').replace('password: secret', 'password: ${PW:-hidden}')}\nsinks:\n  out: { type: file, path: ./x }`;
  const found = origins(text, { PW: 's3cret', QUARRY_LISTEN: ':9000' });
  expect(found).toMatchObject({
    data_dir: ['/srv/quarry/d', 'configuration:1'],
    'server.listen': ['[::]:9000', 'QUARRY_LISTEN'],
    'connections.acme.tenant': ['acme', 'default'],
    'connections.acme.platform': ['US1', 'configuration:4'],
    'connections.acme.password': ['[redacted]', 'configuration:6 from ${PW}'],
    'connections.acme.tls.verify': [true, 'default'],
    'connections.acme.datasets.hosts.every': ['2h', 'configuration:9'],
    'connections.acme.datasets.hosts.sweep.full': [false, 'configuration:9'],
    'connections.acme.datasets.hosts.page_size': [1000, 'default'],
    'connections.acme.datasets.hosts.tags_include': [['a'], 'configuration:7'],
    'sinks.out.type': ['file', 'configuration:11'],
    'sinks.out.rotate': [7, 'default'],
  });
});

it('says what the inventory shows, set or not, and what was made through the API', () => {
  const text = `${acme()}\ninventory: { sla: { 5: 7d }, ignore_not_seen: { devices: 90d } }`;
  const config = from(text);
  const stored = new Set(['connections.acme.tenant']);
  const all = settings(config, { env: {}, datasets, stored });
  expect(Object.fromEntries(all.map(({ path, value, origin }) => [path, [value, origin]]))).toMatchObject({
    'inventory.sla.5': ['7d', 'configuration:6'],
    'inventory.sla.4': [null, 'default'],
    'inventory.ignore_not_seen.devices': ['90d', 'configuration:6'],
    'inventory.delete_not_returned_by_success.users': [null, 'default'],
    'connections.acme.tenant': ['acme', 'made here'],
  });
});

it('names the parts of a token source as the file does, beside a password', () => {
  const found = origins(acme('oauth: { client_id: i, client_secret: hidden }'));
  expect(found).toMatchObject({
    'connections.acme.username': ['joe', 'configuration:4'],
    'connections.acme.oauth.client_id': ['i', 'configuration:6'],
    'connections.acme.oauth.client_secret': ['[redacted]', 'configuration:6'],
  });
});

it('finds what stands under an alias, and what `all` brings', () => {
  const alias = origins(acme('datasets:', '  fim_alerts: { every: 5m, start_time_utc: 2026-01-01 }'));
  expect(alias['connections.acme.datasets.fim_events.every']).toEqual(['5m', 'configuration:7']);
  expect(alias['connections.acme.datasets.fim_events.start_time_in_utc']).toEqual([
    '2026-01-01T00:00:00Z',
    'configuration:7',
  ]);
  const all = origins(acme());
  expect(all['connections.acme.datasets.hosts.every']).toEqual(['15m', 'default']);
});

it('shows what is obfuscated, and not the key', () => {
  const found = origins(
    `${acme('datasets: { hosts: { obfuscate: [{ path: A, how: hash }] } }')}\nobfuscation_key: hidden-0123456789abc`,
  );
  expect(found).toMatchObject({
    obfuscation_key: ['[redacted]', 'configuration:7'],
    'connections.acme.datasets.hosts.obfuscate': [[{ path: 'A', how: 'hash' }], 'configuration:6'],
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from './load.ts';
import { jsonSchema, redacted } from './show.ts';

const parts = {
  datasets: new Map([
    ['hosts', { name: 'hosts', aliases: ['h'], options: z.object({ deep: z.boolean().default(true) }) }],
  ]),
  sinks: new Map([
    ['file', { type: 'file', config: z.object({ path: z.string() }), capabilities: { formats: ['raw'] } }],
  ]),
};

it('[promise 12] the redacted configuration is plain JSON, whole, and without a secret', () => {
  const text =
    'connections: { acme: { platform: US1, username: joe, password: canary } }\nsinks: { out: { type: file, path: o } }';
  const shown = redacted(loadConfig({ ...parts, text, env: {}, cwd: '/srv' }));
  expect(shown).toMatchObject({
    dataDir: '/srv/quarry-data',
    connections: {
      acme: { signIn: { username: 'joe', password: '[redacted]' }, datasets: { hosts: { options: { deep: true } } } },
    },
    sinks: { out: { options: { path: 'o' } } },
  });
  expect(JSON.stringify(shown)).not.toContain('canary');
});

describe('the JSON Schema', () => {
  const schema = JSON.stringify(jsonSchema(parts));
  it('knows the options of every data set under all its names, and every sink', () => {
    const { properties } = jsonSchema(parts) as { properties: Record<string, Record<string, never>> };
    const datasets = JSON.stringify(properties['connections']);
    expect(datasets).toContain('"hosts":');
    expect(datasets).toContain('"h":');
    expect(datasets).toContain('"deep":');
    expect(JSON.stringify(properties['sinks'])).toContain('"const":"file"');
  });
  it('refuses unknown keys as the loader does, and lets numbers be written with a unit or a variable', () => {
    expect(schema).toContain('"additionalProperties":false');
    const page = /"page_size":(\{.*?\]\})/.exec(schema)?.[1];
    expect(JSON.parse(page!)).toMatchObject({ anyOf: [{ type: 'integer', minimum: 1 }, { type: 'string' }] });
  });
  it('marks secrets', () => {
    expect(/"password":\{[^}]*"secret":true/.test(schema)).toBe(true);
  });
});

it('the committed schema is the one editors are pointed at', () => {
  const file = new URL('../../docs/reference/config.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ title: 'Quarry configuration', type: 'object' });
});

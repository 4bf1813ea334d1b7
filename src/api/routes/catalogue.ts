import { z } from 'zod';
import { datasets, describe, PLATFORMS, presets, sinks } from '../../collector/port.ts';
import { GUARANTEES } from '../../core/sink.ts';
import { type Routes, VIEWER } from '../context.ts';

const tags = ['catalogue'];
const platformView = z
  .object({ id: z.string(), name: z.string(), login_url: z.string(), api_url: z.string(), gateway_url: z.string() })
  .meta({ id: 'Platform' });
const datasetView = z
  .object({
    name: z.string(),
    title: z.string(),
    about: z.string(),
    kind: z.enum(['log', 'entity']),
    api: z.string(),
    server: z.enum(['api', 'gateway']),
    reads: z.enum(['incremental', 'whole']),
    sweeps: z.array(z.string()),
    key: z.array(z.string()),
    permission: z.object({ roles: z.string(), licence: z.string() }),
    sign_in: z.array(z.string()),
    schedule: z
      .object({ every_ms: z.number(), sweep_ids_ms: z.number().optional(), sweep_full_ms: z.number().optional() })
      .meta({ description: 'Where nothing else is configured.' }),
    destinations: z.record(z.string(), z.string()),
    fields: z.array(
      z.object({ name: z.string(), type: z.string(), about: z.string(), sensitive: z.boolean().optional() }),
    ),
    options: z.unknown().meta({ description: 'JSON Schema of the data set’s own options.' }),
    example: z.unknown(),
    links: z.array(z.string()),
  })
  .meta({ id: 'Dataset' });
const presetView = z
  .object({ name: z.string(), title: z.string(), datasets: z.array(z.string()) })
  .meta({ id: 'Preset' });
const sinkTypeView = z
  .object({
    type: z.string(),
    title: z.string(),
    about: z.string(),
    guarantee: z.string(),
    guarantee_means: z.string(),
    formats: z.array(z.string()),
    settings: z.unknown().meta({ description: 'JSON Schema of its settings.' }),
  })
  .meta({ id: 'SinkType' });
const TITLES: Readonly<Record<string, string>> = {
  exposure: 'Exposure: devices changed within 90 days, their findings and CVEs',
  hosts: 'Hosts',
  vulnerabilities: 'Vulnerabilities',
};
const all = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), next_cursor: z.null() });

/** What there is to choose from. */
export const catalogueRoutes: Routes = (app) => {
  app.get(
    '/api/v1/platforms',
    { config: VIEWER, schema: { summary: 'Platforms of Qualys', tags, response: { 200: all(platformView) } } },
    () => ({
      items: PLATFORMS.map(({ name, api, gateway }) => ({
        ...{ id: name, name, api_url: api, gateway_url: gateway },
        login_url: api.replace('://qualysapi.', '://qualysguard.'),
      })),
      next_cursor: null,
    }),
  );
  app.get(
    '/api/v1/datasets',
    { config: VIEWER, schema: { summary: 'Data sets', tags, response: { 200: all(datasetView) } } },
    () => ({ items: [...datasets.values()].map(shown), next_cursor: null }),
  );
  app.get(
    '/api/v1/presets',
    {
      config: VIEWER,
      schema: { summary: 'Presets: data sets that go together', tags, response: { 200: all(presetView) } },
    },
    () => ({
      items: [...presets].map(([name, own]) => ({ name, title: TITLES[name] ?? name, datasets: Object.keys(own) })),
      next_cursor: null,
    }),
  );
  app.get(
    '/api/v1/sink-types',
    { config: VIEWER, schema: { summary: 'Types of sinks', tags, response: { 200: all(sinkTypeView) } } },
    () => ({
      items: [...sinks.values()].map(({ type, title, about, capabilities: { guarantee, formats }, config }) => ({
        ...{ type, title, about, guarantee, guarantee_means: GUARANTEES[guarantee], formats: [...formats] },
        settings: z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' }),
      })),
      next_cursor: null,
    }),
  );
};

type DatasetFile = typeof datasets extends ReadonlyMap<string, infer File> ? File : never;

function shown(facts: DatasetFile): z.infer<typeof datasetView> {
  const { name, title, about, kind, permission, schedule, signIn, destinations, fields, options, example, links } =
    facts;
  const { api, server, reads, sweeps, key } = describe(facts);
  return {
    ...{ name, title, about, kind, api, server, reads, sweeps: [...sweeps], key: [...key], permission },
    sign_in: [...signIn],
    schedule: {
      every_ms: schedule.every,
      ...(schedule.sweepIds === undefined ? {} : { sweep_ids_ms: schedule.sweepIds }),
      ...(schedule.sweepFull === undefined ? {} : { sweep_full_ms: schedule.sweepFull }),
    },
    destinations: { ...destinations },
    fields: Object.entries(fields).map(([field, fact]) => ({ name: field, ...fact })),
    options: z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' }),
    ...{ example, links: [...links] },
  };
}

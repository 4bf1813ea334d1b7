import { z } from 'zod';
import { listConnections, secretNames, storedSections } from '../../accounts/connections.ts';
import { datasets, type PlanCost, planOf } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { connectionText, variableFor } from '../../config/connection-text.ts';
import { settings } from '../../config/origins.ts';
import { allTenants, wall, whoAsks } from '../access.ts';
import { ADMIN, type Routes, VIEWER, WRITER } from '../context.ts';
import { checkGiven } from '../given-settings.ts';
import { detail, own } from './connections.ts';

const setting = z
  .object({
    path: z.string(),
    value: z.unknown(),
    origin: z.string().meta({ description: 'quarry.yaml:14, a variable, a preset, made here, or default' }),
  })
  .meta({ id: 'Setting' });
const streamCost = z.object({
  dataset: z.string(),
  objects: z.number().optional(),
  first_calls: z.number(),
  pull_calls: z.number(),
  daily_calls: z.number(),
  first_hours: z.number(),
  basis: z.string().meta({ description: 'measured: by earlier pulls; assumed: by the number of hosts' }),
});
const apiCost = z.object({
  api: z.string(),
  limit: z.number(),
  window_s: z.number(),
  concurrency: z.number(),
  seen: z.boolean().meta({ description: 'Qualys has named the limit; else it is the standard one.' }),
  first_calls: z.number(),
  first_hours: z.number(),
  daily_calls: z.number(),
  share: z.number().meta({ description: 'Of what the limit allows in a day; over 1 it falls behind.' }),
});
const planView = z
  .object({
    first_calls: z.number(),
    first_hours: z.number(),
    daily_calls: z.number(),
    streams: z.array(streamCost),
    apis: z.array(apiCost),
  })
  .meta({ id: 'Plan' });
const hosts = z.coerce.number().int().min(1).max(10_000_000).default(10_000);
const one = z.object({ id: z.string().max(64) });
const tags = ['configuration'];

/** What is configured, what it costs, and how to take it elsewhere. */
export const configurationRoutes: Routes = (app, api) => {
  const { service, accounts } = api;
  const { store, keys } = accounts;
  app.get(
    '/api/v1/config',
    {
      config: ADMIN,
      schema: {
        summary: 'Every value in force, with where it comes from; without secrets',
        tags,
        response: { 200: z.object({ file: z.string().nullable(), settings: z.array(setting) }) },
      },
    },
    async (request) => {
      allTenants(request);
      const config = service.config();
      const stored = new Set<string>();
      for (const { id, tenant, settings: section } of await listConnections(store)) {
        addPaths(stored, `connections.${id}`, { tenant, ...section });
        for (const path of await secretNames(store, id)) stored.add(`connections.${id}.${path}`);
      }
      return { file: config.file ?? null, settings: settings(config, { env: process.env, datasets, stored }) };
    },
  );
  app.get(
    '/api/v1/connections/:id/yaml',
    {
      config: WRITER,
      schema: {
        summary: 'A connection made here, as a piece of quarry.yaml; secrets as variables',
        tags,
        params: one,
        response: { 200: z.object({ yaml: z.string(), variables: z.array(z.string()) }) },
      },
    },
    async (request) => {
      const { id, tenant, settings: section } = await own(api, request as never);
      const references = new Map((await secretNames(store, id)).map((path) => [path, `\${${variableFor(id, path)}}`]));
      return {
        yaml: connectionText(id, { tenant, ...section }, references),
        variables: [...references.keys()].map((path) => variableFor(id, path)),
      };
    },
  );
  app.get(
    '/api/v1/connections/:id/plan',
    {
      config: VIEWER,
      schema: {
        summary: 'What a connection costs: calls and hours',
        tags,
        params: one,
        querystring: z.object({ hosts }),
        response: { 200: planView },
      },
    },
    async (request) => {
      const { id } = await detail(api, request as never, request.params.id);
      return await planned(service.config(), id, request.query.hosts);
    },
  );
  app.post(
    '/api/v1/connections/plan',
    {
      config: WRITER,
      schema: {
        summary: 'What a connection that is not kept would cost',
        tags,
        body: z.object({ tenant: z.string().max(64).optional(), settings: z.record(z.string(), z.unknown()), hosts }),
        response: { 200: planView },
      },
    },
    async (request) => {
      const { tenants } = whoAsks(request as never);
      const first = tenants === '*' ? [...service.config().connections.values()][0]?.tenant : tenants[0];
      const { tenant = first ?? 'plan', settings: section, hosts: count } = request.body;
      wall(request as never, tenant, `tenant ${tenant}`);
      checkGiven(api, section);
      const id = 'planned-connection';
      const beside = await storedSections(store, keys);
      return await planned(api.load({ ...beside, [id]: { ...section, tenant } }), id, count);
    },
  );

  async function planned(config: Config, id: string, count: number): Promise<z.infer<typeof planView>> {
    const only = new Map([...config.connections].filter(([name]) => name === id));
    return costOf(await planOf({ ...config, connections: only }, service.outbox, count));
  }
};

/** Paths of everything that stands in a section. */
function addPaths(paths: Set<string>, path: string, value: unknown): void {
  paths.add(path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [name, one] of Object.entries(value)) addPaths(paths, `${path}.${name}`, one);
}

const costOf = ({ first, firstHours, daily, streams, apis }: PlanCost): z.infer<typeof planView> => ({
  ...{ first_calls: first, first_hours: firstHours, daily_calls: daily },
  streams: streams.map((stream) => ({
    dataset: stream.stream.split('/').at(-1) ?? '',
    ...(stream.objects === undefined ? {} : { objects: stream.objects }),
    ...{ first_calls: stream.first, pull_calls: stream.pull, daily_calls: stream.daily },
    ...{ first_hours: stream.firstHours, basis: stream.basis },
  })),
  apis: apis.map(({ api, limits, first: calls, firstHours: hours, daily: aDay, share }) => ({
    ...{ api, limit: limits.limit, window_s: limits.windowSec, concurrency: limits.concurrency, seen: limits.seen },
    ...{ first_calls: calls, first_hours: hours, daily_calls: aDay, share },
  })),
});

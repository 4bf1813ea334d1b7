import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { newestOf } from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { type Asked, countOf, queryView } from '../../inventory/query/query.ts';
import { paging, type Routes, VIEWER } from '../context.ts';
import { asked, quoted } from '../inventory-asked.ts';
import { answer, page, row, rows } from './inventory.ts';

/** The parts of a device's page, by the view that holds them. */
const PARTS = {
  findings: 'findings',
  software: 'installations',
  ports: 'ports',
  interfaces: 'interfaces',
  history: 'finding_history',
} as const;
const tags = ['inventory'];
const one = z.object({ device: z.string().max(128) });
const subscription = z.string().max(64).optional().meta({ description: 'Where several have a device of this name.' });
const queryFor = (device: string, of: string | undefined): string =>
  of === undefined ? `device=${quoted(device)}` : `device=${quoted(device)} and subscription=${quoted(of)}`;

/** One device, and what hangs on it. */
export const deviceRoutes: Routes = (app, api) => {
  async function found(whom: Asked, query: string): Promise<z.infer<typeof row>> {
    const { rows: devices } = await queryView(whom, 'devices', { filter: query, all: true, limit: 1 });
    if (devices[0] === undefined) throw new QuarryError('QRY8033', { what: `There is no device with ${query}.` });
    return devices[0] as z.infer<typeof row>;
  }
  app.get(
    '/api/v1/inventory/devices/:device/summary',
    {
      config: VIEWER,
      schema: {
        summary: 'A device, with how much hangs on it',
        tags,
        params: one,
        querystring: z.object({ subscription }),
        response: { 200: z.object({ device: row, counts: z.record(z.string(), z.number().int()) }) },
      },
    },
    async (request) => {
      const whom = await asked(api, request as never);
      const query = queryFor(request.params.device, request.query.subscription);
      const device = await found(whom, query);
      const counts: Record<string, number> = {};
      for (const [part, view] of Object.entries(PARTS)) counts[part] = await countOf(whom, view, { filter: query });
      return { device, counts };
    },
  );
  app.get(
    '/api/v1/inventory/devices/:device/raw',
    {
      config: VIEWER,
      schema: {
        summary: 'What each source said of a device last: the events, as they were collected',
        description: 'Of host_list_detection, the detection of it that came last.',
        tags,
        params: one,
        querystring: z.object({ subscription }),
        response: { 200: z.object({ items: z.array(z.record(z.string(), z.unknown())), next_cursor: z.null() }) },
      },
    },
    async (request) => {
      const device = await found(
        await asked(api, request as never),
        queryFor(request.params.device, request.query.subscription),
      );
      const { tenant, subscription: of, host_ids: hosts, asset_id: asset } = device;
      const objects = [
        ...(Array.isArray(hosts) ? hosts : []).flatMap((id) =>
          ['host_list', 'host_list_detection'].map((dataset) => ({ dataset, lead: Number(id) })),
        ),
        ...(typeof asset === 'number' ? ['host_assets', 'assets'].map((dataset) => ({ dataset, lead: asset })) : []),
      ];
      const owner = { tenant: String(tenant), subscription: String(of) };
      const events = await newestOf(api.look, owner, objects);
      return { items: events.map(({ line }) => JSON.parse(line) as Record<string, unknown>), next_cursor: null };
    },
  );
  app.get(
    '/api/v1/inventory/devices/:device/:part',
    {
      config: VIEWER,
      schema: {
        summary: 'Findings, software, ports, interfaces or history of a device',
        tags,
        params: one.extend({ part: z.enum(Object.keys(PARTS) as (keyof typeof PARTS)[]) }),
        querystring: z.object({ limit: paging.limit, cursor: paging.cursor, ...page, subscription }),
        response: { 200: rows },
      },
    },
    async (request, reply) => {
      const { device, part } = request.params;
      const { subscription: of, filter: more, all, ...wanted } = request.query;
      const query = queryFor(device, of);
      const both = more === undefined || more.trim() === '' ? query : `${query} and (${more})`;
      const whom = await asked(api, request as FastifyRequest);
      return await answer(request as never, reply as never, whom, PARTS[part], {
        ...{ ...wanted, filter: both, all: all === 'true' },
      });
    },
  );
};

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { confirmSweep, discardHeld, heldSweeps, listQuarantined, retrySoon } from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { wall } from '../access.ts';
import { audited } from '../audited.ts';
import {
  type Api,
  isoTime,
  OPERATOR,
  pageFrom,
  pageOf,
  paging,
  type Routes,
  time,
  VIEWER,
  WRITER,
} from '../context.ts';
import { streamsSeen } from '../lists.ts';

const quarantineView = z
  .object({
    id: z.string(),
    connection: z.string(),
    dataset: z.string(),
    first: z.number().int().meta({ description: 'The first id of the range.' }),
    last: z.number().int(),
    code: z.string(),
    reason: z.string(),
    since: time.nullable(),
    tries: z.number().int(),
    next_at: time.nullable(),
  })
  .meta({ id: 'Quarantined' });
const sweepView = z
  .object({
    id: z.string(),
    connection: z.string(),
    dataset: z.string(),
    kind: z.enum(['ids', 'full']),
    reason: z.string().meta({ description: 'What their removal would be called: purged, out_of_scope, aged_out.' }),
    known: z.number().int(),
    absent: z.number().int(),
    sample: z.array(z.array(z.string())).meta({ description: 'Keys of some of the absent.' }),
    started: time.nullable(),
    ended: time.nullable(),
  })
  .meta({ id: 'HeldSweep' });
const tags = ['quarantine'];
const sweepId = z.object({ id: z.string().regex(/^\d{1,15}$/) });

/** What could not be read and was set aside, and what sweeps found absent but did not dare to remove. */
export const quarantineRoutes: Routes = (app, api) => {
  const { service } = api;
  const { outbox, clock } = service;
  app.get(
    '/api/v1/quarantine',
    {
      config: VIEWER,
      schema: {
        summary: 'Ranges that could not be read',
        tags,
        querystring: z.object({ ...paging, connection: z.string().optional(), dataset: z.string().optional() }),
        response: { 200: pageOf(quarantineView) },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const streams = new Map((await streamsSeen(api, request as never, filter)).map((one) => [one.id, one]));
      const items = (await listQuarantined(outbox)).flatMap(({ stream, since, next_at, ...range }) => {
        const { connection, dataset } = streams.get(stream) ?? {};
        if (connection === undefined || dataset === undefined) return [];
        const times = { since: isoTime(since), next_at: isoTime(next_at) };
        return [{ id: `${stream}-${range.first}`, connection, dataset, ...range, ...times }];
      });
      return pageFrom(items, { limit, cursor });
    },
  );
  app.post(
    '/api/v1/quarantine/:id/retry',
    {
      config: OPERATOR,
      schema: {
        summary: 'Try a range again now, with a pull of its stream',
        tags,
        params: z.object({ id: z.string().regex(/^\d{1,15}-\d{1,15}$/) }),
        response: { 202: z.object({ stream: z.string() }) },
      },
    },
    async (request, reply) => {
      const [id = 0, first = 0] = request.params.id.split('-').map(Number);
      const stream = (await streamsSeen(api, request as never)).find((one) => one.id === id);
      if (stream === undefined || !(await retrySoon(outbox, id, first)))
        throw new QuarryError('QRY8033', { what: `Nothing is set aside as ${request.params.id}.` });
      const [name = ''] = await service.ask(stream.connection, [stream.dataset], 'changes');
      return reply.code(202).send({ stream: name });
    },
  );
  app.get(
    '/api/v1/sweeps/held',
    {
      config: VIEWER,
      schema: {
        summary: 'Sweeps that would remove too much to be believed',
        tags,
        querystring: z.object(paging),
        response: { 200: pageOf(sweepView) },
      },
    },
    async (request) => {
      const mine = new Set((await streamsSeen(api, request as never)).map(({ id }) => id));
      const held = (await heldSweeps(outbox)).filter(({ stream }) => mine.has(stream));
      const items = held.map(({ stream: _, tenant: __, subscription: ___, sample, ...sweep }) => ({
        ...sweep,
        id: String(sweep.id),
        sample: sample.map((key) => [...key]),
        ...{ started: isoTime(sweep.started), ended: isoTime(sweep.ended) },
      }));
      return pageFrom(items, request.query);
    },
  );
  app.post(
    '/api/v1/sweeps/held/:id/confirm',
    {
      config: WRITER,
      schema: {
        summary: 'What it found absent is gone: remove it',
        tags,
        params: sweepId,
        response: { 200: z.object({ removed: z.number().int() }) },
      },
    },
    async (request) => {
      const sweep = await heldSweep(api, request);
      const { removed } = await confirmSweep(outbox, service.config(), clock, sweep.id);
      await audited(api, request as never, { ...deed('sweep.confirm', sweep), after: { removed } });
      return { removed };
    },
  );
  app.post(
    '/api/v1/sweeps/held/:id/discard',
    {
      config: WRITER,
      schema: { summary: 'Conclude nothing from it', tags, params: sweepId, response: { 204: z.null() } },
    },
    async (request, reply) => {
      const sweep = await heldSweep(api, request);
      await discardHeld(outbox.store, sweep.id, clock.now());
      await audited(api, request as never, deed('sweep.discard', sweep));
      return reply.code(204).send(null);
    },
  );
};

type Held = Awaited<ReturnType<typeof heldSweeps>>[number];

async function heldSweep(api: Api, request: FastifyRequest<{ Params: { id: string } }>): Promise<Held> {
  const { id } = request.params;
  const found = (await heldSweeps(api.service.outbox)).find((sweep) => String(sweep.id) === id);
  wall(request as never, found?.tenant, `held sweep ${id}`);
  return found!;
}

const deed = (action: string, { id, connection, dataset, tenant }: Held) => ({
  ...{ action, target: `${connection}/${dataset} sweep ${id}`, tenant },
});

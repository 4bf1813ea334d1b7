import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { maySee } from '../../accounts/words.ts';
import { askBackfill, canBackfill, datasets, listStreams, noBackfill } from '../../collector/port.ts';
import { qualysTime } from '../../core/clock.ts';
import { QuarryError } from '../../core/errors.ts';
import { whoAsks } from '../access.ts';
import { audited } from '../audited.ts';
import { connectionViews } from '../connection-view.ts';
import { type Api, OPERATOR, pageFrom, pageOf, paging, type Routes, VIEWER, WRITER } from '../context.ts';
import { streamView, streamViews } from '../stream-view.ts';
import { detail } from './connections.ts';

const tags = ['streams'];
const one = z.object({ id: z.string().max(64), dataset: z.string().max(64) });
const named = z.object({ stream: z.string() });

/** Streams: a data set on a connection each. */
export const streamRoutes: Routes = (app, api) => {
  const { service } = api;
  app.get(
    '/api/v1/streams',
    {
      config: VIEWER,
      schema: {
        summary: 'All streams: what each is at and how far it is',
        tags,
        querystring: z.object(paging),
        response: { 200: pageOf(streamView) },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const mine = (await connectionViews(api)).filter(({ tenant }) => maySee(who, tenant));
      return pageFrom(await streamViews(service, new Set(mine.map(({ id }) => id))), request.query);
    },
  );
  app.get(
    '/api/v1/connections/:id/streams',
    {
      config: VIEWER,
      schema: {
        summary: 'The streams of a connection',
        tags,
        params: one.pick({ id: true }),
        querystring: z.object(paging),
        response: { 200: pageOf(streamView) },
      },
    },
    async (request) => {
      const { id } = await detail(api, request, request.params.id);
      return pageFrom(await streamViews(service, new Set([id])), request.query);
    },
  );
  app.get(
    '/api/v1/connections/:id/streams/:dataset/checkpoint',
    {
      config: VIEWER,
      schema: {
        summary: 'What is safe of a stream: watermark, and what is left of the pull under way',
        tags,
        params: one,
        response: { 200: z.object({ stream: z.string(), seq: z.number().int(), checkpoint: z.unknown() }) },
      },
    },
    async (request) => {
      const { connection, dataset } = await streamOf(api, request);
      const state = (await listStreams(service.outbox.store)).find(
        (stream) => stream.connection === connection && stream.dataset === dataset,
      );
      const { seq = 0, checkpoint = {} } = state ?? {};
      return { stream: `${connection}/${dataset}`, seq, checkpoint };
    },
  );
  app.post(
    '/api/v1/connections/:id/streams/:dataset/run',
    {
      config: OPERATOR,
      schema: {
        summary: 'Pull now; with sweep a full reading',
        tags,
        params: one,
        body: z.object({ sweep: z.boolean().default(false) }).prefault({}),
        response: { 202: named },
      },
    },
    async (request, reply) => {
      const { connection, dataset } = await streamOf(api, request);
      const [stream = ''] = await service.ask(connection, [dataset], request.body.sweep ? 'sweep' : 'changes');
      return reply.code(202).send({ stream });
    },
  );
  app.post(
    '/api/v1/connections/:id/streams/:dataset/terminate',
    {
      config: OPERATOR,
      schema: {
        summary: 'End the pull under way; its pages stay',
        tags,
        params: one,
        response: { 200: z.object({ streams: z.array(z.string()) }) },
      },
    },
    async (request) => {
      const { connection, dataset } = await streamOf(api, request);
      return { streams: [...(await service.terminate(connection, dataset))] };
    },
  );
  app.post(
    '/api/v1/connections/:id/streams/:dataset/reset',
    {
      config: WRITER,
      schema: {
        summary: 'Forget keys and cursors: everything is read and sent again, with the same ids',
        description: 'It cannot be undone. `confirm` repeats the name of the data set.',
        tags,
        params: one,
        body: z.object({ confirm: z.string() }),
        response: { 202: named },
      },
    },
    async (request, reply) => {
      const { connection, dataset, tenant } = await streamOf(api, request);
      if (request.body.confirm !== dataset)
        throw new QuarryError('QRY8032', { what: `confirm is not ${dataset}: nothing was changed.`, where: 'confirm' });
      const stream = `${connection}/${dataset}`;
      await audited(api, request as never, { action: 'stream.reset', target: stream, tenant });
      await service.reset(connection, dataset);
      return reply.code(202).send({ stream });
    },
  );
  app.post(
    '/api/v1/connections/:id/streams/:dataset/backfill',
    {
      config: OPERATOR,
      schema: {
        summary: 'Read times of a log again, behind the live pulls',
        tags,
        params: one,
        body: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
        response: { 202: named.extend({ replaced: z.object({ from: z.string(), to: z.string() }).optional() }) },
      },
    },
    async (request, reply) => {
      const { connection, dataset, tenant } = await streamOf(api, request);
      const { from, to } = request.body;
      if (Date.parse(from) >= Date.parse(to))
        throw new QuarryError('QRY8032', { what: 'from is not before to.', where: 'from' });
      const facts = datasets.get(dataset)!;
      if (!canBackfill(facts)) throw new QuarryError('QRY8032', { ...noBackfill(facts), where: 'dataset' });
      const wanted = { from: qualysTime(Date.parse(from)), to: qualysTime(Date.parse(to)) };
      const before = await askBackfill(service.config(), { connection, dataset }, wanted);
      const stream = `${connection}/${dataset}`;
      await audited(api, request as never, { action: 'stream.backfill', target: stream, tenant, after: wanted });
      await service.ask(connection, [dataset], 'changes');
      return reply.code(202).send({ stream, ...(before === undefined ? {} : { replaced: before }) });
    },
  );
};

/** The stream a request names, if who asks may see it. Throws QRY8033. */
export async function streamOf(api: Api, request: FastifyRequest<{ Params: { id: string; dataset: string } }>) {
  const { id, dataset } = request.params;
  const { tenant } = await detail(api, request as never, id);
  const enabled = api.service.config().connections.get(id)?.datasets.get(dataset)?.enabled === true;
  if (!enabled) throw new QuarryError('QRY8033', { what: `${id} does not collect ${dataset}.` });
  return { connection: id, dataset, tenant };
}

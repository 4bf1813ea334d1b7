import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { countPulls, listPulls, pullOf } from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { audited } from '../audited.ts';
import { type Api, MOST_COUNTED, OPERATOR, pageOf, paging, type Routes, totalOf, VIEWER } from '../context.ts';
import { numbersOf, sendLines, streamsSeen, wantsLines } from '../lists.ts';
import { pullOfRow, pullView } from '../stream-view.ts';

const tags = ['pulls'];
const one = z.object({ id: z.string().regex(/^\d{1,15}-\d{1,15}$/) });

/** What was pulled, the newest first. A pull's id is its pulling id and the number of its stream. */
export const pullRoutes: Routes = (app, api) => {
  const { service } = api;
  app.get(
    '/api/v1/pulls',
    {
      config: VIEWER,
      schema: {
        summary: 'History of pulls',
        tags,
        querystring: z.object({
          ...paging,
          connection: z.string().optional(),
          dataset: z.string().optional(),
          status: z.enum(['running', 'complete', 'interrupted', 'failed', 'abandoned']).optional(),
        }),
        response: { 200: pageOf(pullView) },
      },
    },
    async (request, reply) => {
      const { limit, cursor: first, status: outcome, ...filter } = request.query;
      const streams = (await streamsSeen(api, request as never, filter)).map(({ id }) => id);
      const page = async (cursor: string | undefined) => {
        const [id, stream] = numbersOf(cursor, 2) ?? [];
        const before = id === undefined || stream === undefined ? undefined : { id, stream };
        const rows = await listPulls(service.outbox.store, { streams, outcome, limit, before });
        const last = rows.length === limit ? rows.at(-1) : undefined;
        return { items: rows.map(pullOfRow), next_cursor: last === undefined ? null : `${last.id}-${last.stream}` };
      };
      if (wantsLines(request as never)) return sendLines(reply as never, page);
      const wanted = { streams, outcome, limit: MOST_COUNTED + 1 };
      return { ...(await page(first)), ...totalOf(await countPulls(service.outbox.store, wanted)) };
    },
  );
  app.get(
    '/api/v1/pulls/:id',
    { config: VIEWER, schema: { summary: 'One pull', tags, params: one, response: { 200: pullView } } },
    async (request) => pullOfRow(await found(api, request)),
  );
  app.delete(
    '/api/v1/pulls/:id',
    {
      config: OPERATOR,
      schema: {
        summary: 'End a pull under way; its pages stay, and it goes on with the next one',
        tags,
        params: one,
        response: { 200: z.object({ streams: z.array(z.string()) }) },
      },
    },
    async (request) => {
      const { connection, dataset, outcome, tenant } = await found(api, request);
      if (outcome !== 'running') throw new QuarryError('QRY8033', { what: 'The pull has ended.' });
      const streams = [...(await service.terminate(connection, dataset))];
      const target = `${connection}/${dataset}`;
      await audited(api, request as never, { action: 'pull.terminate', target, tenant });
      return { streams };
    },
  );
};

async function found(api: Api, request: FastifyRequest<{ Params: { id: string } }>) {
  const [id = 0, stream = 0] = request.params.id.split('-').map(Number);
  const seen = (await streamsSeen(api, request as never)).find((one) => one.id === stream);
  const row = seen === undefined ? undefined : await pullOf(api.service.outbox.store, stream, id);
  if (seen === undefined || row === undefined)
    throw new QuarryError('QRY8033', { what: `There is no pull ${request.params.id}.` });
  return { ...row, tenant: seen.tenant };
}

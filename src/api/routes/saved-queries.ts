import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { addQuery, changeQuery, listQueries, removeQuery, type SavedQuery } from '../../accounts/saved-queries.ts';
import { maySee, type Principal } from '../../accounts/words.ts';
import { QuarryError } from '../../core/errors.ts';
import { actorOf, wall, whoAsks } from '../access.ts';
import { isoTime, OWNER, pageFrom, pageOf, paging, type Routes, time, VIEWER, versioned } from '../context.ts';
import { tagged, versionOf } from '../versions.ts';

const texts = {
  name: z.string().min(1).max(128),
  expression: z.string().max(10_000),
  presentation: z.unknown().meta({ description: 'The page’s own: columns, sort, facets.' }),
};
const queryView = z
  .object({
    ...texts,
    id: z.string(),
    tenant: z.string(),
    owner: z.string(),
    view: z.string(),
    version: z.number().int(),
    created: time.nullable(),
    updated: time.nullable(),
  })
  .meta({ id: 'SavedQuery' });
const tags = ['saved queries'];
const one = z.object({ id: z.string().max(64) });

/** Questions kept for later. Everybody of the tenant sees them; who made one, or an administrator, changes it. */
export const savedQueryRoutes: Routes = (app, { accounts: { store }, service }) => {
  const now = () => service.clock.now();
  async function seen(request: FastifyRequest<{ Params: { id: string } }>): Promise<SavedQuery> {
    const found = (await listQueries(store)).find(({ id }) => id === request.params.id);
    if (found === undefined || !isSeen(whoAsks(request), found))
      throw new QuarryError('QRY8033', { what: `There is no saved query ${request.params.id}.` });
    return found;
  }
  async function own(request: FastifyRequest<{ Params: { id: string } }>): Promise<SavedQuery> {
    const who = whoAsks(request);
    const found = await seen(request);
    if (found.owner !== who.login && who.role !== 'admin')
      throw new QuarryError('QRY8031', { what: `The query is of ${found.owner}.` });
    return found;
  }
  app.get(
    '/api/v1/saved-queries',
    {
      config: VIEWER,
      schema: {
        summary: 'Saved queries',
        tags,
        querystring: z.object({ ...paging, view: z.string().optional() }),
        response: { 200: pageOf(queryView) },
      },
    },
    async (request) => {
      const { view } = request.query;
      const found = (await listQueries(store)).filter(
        (query) => isSeen(whoAsks(request), query) && (view ?? query.view) === query.view,
      );
      return pageFrom(found.map(shown), request.query);
    },
  );
  app.post(
    '/api/v1/saved-queries',
    {
      config: OWNER,
      schema: {
        summary: 'Keep a query',
        tags,
        body: z.object({
          name: texts.name,
          view: z.string().min(1).max(64),
          expression: texts.expression.default(''),
          presentation: texts.presentation.optional(),
          tenant: z
            .string()
            .max(64)
            .optional()
            .meta({ description: '* for those who see all tenants; else one’s first tenant.' }),
        }),
        response: { 201: queryView },
      },
    },
    async (request, reply) => {
      const { login, tenants } = whoAsks(request);
      const { tenant = tenants === '*' ? '*' : tenants[0], presentation = null, ...rest } = request.body;
      wall(request, tenant, `tenant ${tenant}`);
      const query = { ...rest, presentation, tenant: tenant!, owner: login };
      return reply.code(201).send(tagged(reply, shown(await addQuery(store, query, actorOf(request), now()))));
    },
  );
  app.get(
    '/api/v1/saved-queries/:id',
    { config: VIEWER, schema: { summary: 'One saved query', tags, params: one, response: { 200: queryView } } },
    async (request, reply) => tagged(reply, shown(await seen(request))),
  );
  app.patch(
    '/api/v1/saved-queries/:id',
    {
      config: versioned(OWNER),
      schema: {
        summary: 'Change a saved query',
        tags,
        params: one,
        body: z.object({
          name: texts.name.optional(),
          expression: texts.expression.optional(),
          presentation: texts.presentation.optional(),
        }),
        response: { 200: queryView },
      },
    },
    async (request, reply) => {
      const { id } = await own(request);
      const query = await changeQuery(store, id, versionOf(request), request.body as never, actorOf(request), now());
      return tagged(reply, shown(query));
    },
  );
  app.delete(
    '/api/v1/saved-queries/:id',
    {
      config: versioned(OWNER),
      schema: { summary: 'Remove a saved query', tags, params: one, response: { 204: z.null() } },
    },
    async (request, reply) => {
      const { id } = await own(request);
      await removeQuery(store, id, versionOf(request), actorOf(request), now());
      return reply.code(204).send(null);
    },
  );
};

const isSeen = (who: Principal, { tenant }: SavedQuery): boolean =>
  tenant === '*' ? who.tenants === '*' : maySee(who, tenant);

const shown = ({ created, updated, presentation, ...query }: SavedQuery): z.infer<typeof queryView> => ({
  ...query,
  presentation,
  created: isoTime(created),
  updated: isoTime(updated),
});

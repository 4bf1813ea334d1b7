import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Asked, countOf, exportRows, facetsOf, type Page, queryView } from '../../inventory/query/query.ts';
import { type View, viewsOf } from '../../inventory/views.ts';
import { paging, type Routes, VIEWER } from '../context.ts';
import { csvLine } from '../csv.ts';
import { asked, viewNamed } from '../inventory-asked.ts';

const column = z.object({
  name: z.string(),
  type: z.enum(['text', 'number', 'time', 'boolean', 'list']),
  sortable: z.boolean(),
  searchable: z.boolean(),
  about: z.string().optional(),
});
const viewView = z
  .object({
    name: z.string(),
    title: z.string(),
    about: z.string(),
    sources: z.array(z.string()),
    empty: z.string().optional().meta({ description: 'Why it is empty, where it always is.' }),
    key: z.array(z.string()),
    columns: z.array(column),
  })
  .meta({ id: 'View' });
const cell = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.unknown())]);
export const row = z.record(z.string(), cell).meta({ id: 'Row', description: 'By column; times are ISO 8601 in UTC.' });
const names = z
  .string()
  .max(2000)
  .transform((text) => text.split(',').filter((name) => name !== ''));
const filter = {
  filter: z.string().max(20_000).optional().meta({ description: 'A query: docs/guide/queries.md.' }),
  all: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Removed rows and those beyond the policy, too.' }),
};
export const page = {
  ...filter,
  total: z.enum(['true', 'false']).default('false').meta({ description: 'Count all rows, too; …/count counts alone.' }),
  sort: z.string().max(500).optional().meta({ description: '-last_seen,name' }),
  fields: names.optional().meta({ description: 'a,b' }),
};
export const rows = z.object({
  items: z.array(row),
  next_cursor: z.string().nullable(),
  total: z.number().int().optional().meta({ description: 'Rows in all pages, exactly; where it was asked for.' }),
});
const named = z.object({ view: z.string().max(64) });
const tags = ['inventory'];
/** The inventory: views with their columns, rows, counts, facets; as JSON by pages, or whole as NDJSON and CSV. */
export const inventoryRoutes: Routes = (app, api) => {
  app.get(
    '/api/v1/inventory/views',
    {
      config: VIEWER,
      schema: {
        summary: 'Views of the inventory, with their columns',
        tags,
        response: { 200: z.object({ items: z.array(viewView), next_cursor: z.null() }) },
      },
    },
    async (request) => {
      const { context } = await asked(api, request);
      return { items: [...viewsOf(context).values()].map(shown), next_cursor: null };
    },
  );
  app.get(
    '/api/v1/inventory/:view',
    {
      config: VIEWER,
      schema: {
        summary: 'Rows of a view',
        description:
          'Accept: application/x-ndjson or text/csv gives all rows, streamed; limit then bounds them if given.',
        tags,
        params: named,
        querystring: z.object({ limit: paging.limit, cursor: paging.cursor, ...page }),
        response: { 200: rows },
      },
    },
    async (request, reply) => {
      const { all, ...wanted } = request.query;
      return await answer(request as never, reply as never, await asked(api, request as never), request.params.view, {
        ...wanted,
        all: all === 'true',
      });
    },
  );
  app.get(
    '/api/v1/inventory/:view/count',
    {
      config: VIEWER,
      schema: {
        summary: 'How many rows there are',
        tags,
        params: named,
        querystring: z.object(filter),
        response: { 200: z.object({ count: z.number().int() }) },
      },
    },
    async (request) => {
      const whom = await asked(api, request as never);
      const { name } = viewNamed(whom, request.params.view);
      const { filter: query, all } = request.query;
      return { count: await countOf(whom, name, { filter: query, all: all === 'true' }) };
    },
  );
  app.get(
    '/api/v1/inventory/:view/facets',
    {
      config: VIEWER,
      schema: {
        summary: 'The most frequent values of columns, with how many rows have each',
        tags,
        params: named,
        querystring: z.object({ ...filter, by: names, limit: z.coerce.number().int().min(1).max(1000).default(20) }),
        response: {
          200: z.record(z.string(), z.array(z.object({ value: cell, count: z.number().int() }))),
        },
      },
    },
    async (request) => {
      const whom = await asked(api, request as never);
      const { name } = viewNamed(whom, request.params.view);
      const { filter: query, all, by, limit } = request.query;
      const found = await facetsOf(whom, name, by, { filter: query, all: all === 'true', limit });
      return Object.fromEntries(
        Object.entries(found).map(([of, facets]) => [
          of,
          facets.map(({ value, count }) => ({ value: value as z.infer<typeof cell>, count })),
        ]),
      );
    },
  );
};

/** A page as JSON; everything where lines are asked for. */
export async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  whom: Asked,
  viewName: string,
  { total, ...wanted }: Page & { readonly total?: string },
): Promise<z.infer<typeof rows>> {
  const view = viewNamed(whom, viewName);
  const accept = request.headers.accept ?? '';
  const kind = ['application/x-ndjson', 'text/csv'].find((type) => accept.includes(type));
  if (kind === undefined) {
    const { rows: items, next } = await queryView(whom, view.name, wanted);
    const { filter: query, all } = wanted;
    const counted = total === 'true' ? { total: await countOf(whom, view.name, { filter: query, all }) } : {};
    return { items: items as z.infer<typeof row>[], next_cursor: next ?? null, ...counted };
  }
  const { cursor: _, limit, ...rest } = wanted;
  const isGiven = new URL(request.url, 'http://x').searchParams.has('limit');
  const every: Page = { ...rest, ...(isGiven ? { limit } : {}) };
  // What is wrong with the question is said before anything is sent.
  const { columns } = await queryView(whom, view.name, { ...every, limit: 1 });
  async function* lines() {
    if (kind === 'text/csv') yield csvLine(columns.map(({ name }) => name));
    for await (const found of exportRows(whom, view.name, every))
      yield kind === 'text/csv'
        ? csvLine(columns.map(({ name }) => found[name] ?? null))
        : `${JSON.stringify(found)}\n`;
  }
  if (kind === 'text/csv') void reply.header('content-disposition', `attachment; filename="${view.name}.csv"`);
  return reply.type(`${kind}; charset=utf-8`).send(Readable.from(lines())) as never;
}

const shown = ({ name, title, about, sources, key, columns, empty }: View): z.infer<typeof viewView> => ({
  ...{ name, title, about, sources: [...sources], key: [...key] },
  ...(empty === undefined ? {} : { empty }),
  columns: columns.map(({ name: of, type, sortable, searchable, about: what }) => ({
    ...{ name: of, type, sortable, searchable },
    ...(what === undefined ? {} : { about: what }),
  })),
});

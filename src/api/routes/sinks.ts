import { z } from 'zod';
import { maySee } from '../../accounts/words.ts';
import { countParked, listParked, samplePayload, trySink } from '../../collector/port.ts';
import { asQuarryError } from '../../core/errors.ts';
import { whoAsks } from '../access.ts';
import { adviceOn, checkView } from '../advice.ts';
import { isoTime, MOST_COUNTED, OPERATOR, pageOf, paging, type Routes, time, totalOf, VIEWER } from '../context.ts';
import { numbersOf } from '../lists.ts';
import { createPace, seesSink, sinkNamed, sinkView, sinkViews } from '../sink-view.ts';

const parkedView = z
  .object({
    sink: z.string(),
    batch: z.number().int(),
    event: z.number().int(),
    id: z.string(),
    connection: z.string(),
    dataset: z.string(),
    code: z.string(),
    reason: z.string(),
    at: time.nullable(),
    href: z.string().meta({ description: 'The event.' }),
  })
  .meta({ id: 'ParkedEvent' });
const tags = ['sinks'];
const one = z.object({ name: z.string().max(128) });

/** Where data goes. */
export const sinkRoutes: Routes = (app, { service }) => {
  const { outbox, clock } = service;
  const pace = createPace();
  app.get(
    '/api/v1/sinks',
    {
      config: VIEWER,
      schema: {
        summary: 'All sinks: state, counters, what waits',
        tags,
        response: { 200: z.object({ items: z.array(sinkView), next_cursor: z.null() }) },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const items = (await sinkViews(service, pace)).filter(({ name }) => seesSink(service.config(), who, name));
      return { items, next_cursor: null };
    },
  );
  app.post(
    '/api/v1/sinks/:name/test',
    {
      config: OPERATOR,
      schema: {
        summary: 'Check what a write needs, without leaving anything behind',
        tags,
        params: one,
        response: { 200: checkView },
      },
    },
    async (request) => {
      const { name } = await sinkNamed(service, request as never, request.params.name);
      const began = performance.now();
      try {
        const { guarantee } = await trySink(service.config(), name);
        const ms = Math.round(performance.now() - began);
        return { check: name, outcome: 'ok' as const, ok: true, ms, detail: `It can be written to: ${guarantee}.` };
      } catch (thrown) {
        return { check: name, outcome: 'failed' as const, ok: false, ...adviceOn(asQuarryError(thrown)) };
      }
    },
  );
  app.get(
    '/api/v1/sinks/:name/sample',
    {
      config: VIEWER,
      schema: {
        summary: 'The newest payload in the sink’s format',
        description: 'Made again from the retained event; absent where its routes let nothing of what came lately.',
        tags,
        params: one,
        querystring: z.object({ dataset: z.string().optional() }),
        response: {
          200: z.object({
            sink: z.string(),
            format: z.string(),
            payload: z.string().nullable(),
            connection: z.string().optional(),
            dataset: z.string().optional(),
            pulled_at: time.optional(),
          }),
        },
      },
    },
    async (request) => {
      const { name, format } = await sinkNamed(service, request as never, request.params.name);
      const who = whoAsks(request);
      const sees = (tenant: string): boolean => maySee(who, tenant);
      const found = await samplePayload(outbox, service.config(), clock, name, sees, request.query.dataset);
      if (found === undefined) return { sink: name, format, payload: null };
      const { payload, connection, dataset, pulledAt } = found;
      return { sink: name, format, payload, connection, dataset, pulled_at: isoTime(pulledAt)! };
    },
  );
  app.get(
    '/api/v1/outbox/parked',
    {
      config: VIEWER,
      schema: {
        summary: 'Events that sinks refused for good, with the reason',
        tags: ['outbox'],
        querystring: z.object({ ...paging, sink: z.string().optional(), code: z.string().optional() }),
        response: { 200: pageOf(parkedView) },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const { limit, cursor, sink, code } = request.query;
      let after = placeOf(cursor);
      const own = who.tenants === '*' ? undefined : who.tenants;
      const counted = totalOf(await countParked(outbox.store, { sink, code }, own, MOST_COUNTED + 1));
      const items: z.infer<typeof parkedView>[] = [];
      // Those of other tenants are passed over, at most so many pages at once.
      for (let page = 0; page < 10; page++) {
        const found = await listParked(outbox.store, { sink, code }, limit, after);
        for (const row of found) {
          after = row;
          if (!maySee(who, row.tenant)) continue;
          const { tenant: _, subscription: __, at, ...event } = row;
          items.push({ ...event, at: isoTime(at), href: `/api/v1/events/${row.batch}-${row.event}` });
          if (items.length === limit) return { items, next_cursor: cursorOf(row), ...counted };
        }
        if (found.length < limit) return { items, next_cursor: null, ...counted };
      }
      return { items, next_cursor: after === undefined ? null : cursorOf(after), ...counted };
    },
  );
};

interface ParkedPlace {
  readonly sink: string;
  readonly batch: number;
  readonly event: number;
}

const cursorOf = ({ sink, batch, event }: ParkedPlace): string => `${batch}-${event}-${encodeURIComponent(sink)}`;

function placeOf(cursor: string | undefined): ParkedPlace | undefined {
  const [, place, sink = ''] = /^(\d+-\d+)-(.*)$/.exec(cursor ?? '-') ?? [];
  const [batch, event] = numbersOf(cursor === undefined ? undefined : (place ?? ''), 2) ?? [];
  return batch === undefined || event === undefined ? undefined : { sink: decodeURIComponent(sink), batch, event };
}

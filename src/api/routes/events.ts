import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  datasets,
  listRetained,
  newestPlace,
  type Place,
  type RetainedEvent,
  retainedEvent,
} from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { wall } from '../access.ts';
import { paging, type Routes, time, VIEWER } from '../context.ts';
import { sendEvents } from '../events-stream.ts';
import { numbersOf, sendLines, streamsSeen, wantsLines } from '../lists.ts';

/** As the `raw` format writes it, and where it lies. */
const eventView = z
  .object({
    place: z.string(),
    id: z.string(),
    seq: z.number().int(),
    dataset: z.string(),
    tenant: z.string(),
    subscription: z.string(),
    connection: z.string(),
    pulling_id: z.string(),
    pulled_at: time,
    time: time.optional(),
    change: z.enum(['new', 'updated', 'removed']),
    reason: z.string().optional(),
    flags: z.array(z.string()).optional(),
    key: z.array(z.string()),
    record: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });
const CONTENT = { hosts: 'qualys_hosts', vulnerabilities: 'qualys_vulnerabilities' } as const;
const filter = {
  connection: z.string().optional(),
  dataset: z.string().optional(),
  content_type: z.enum(['hosts', 'vulnerabilities']).optional(),
  index: z
    .enum(['syslog', 'scans', 'assets'])
    .optional()
    .meta({ description: 'syslog: everything; scans: vulnerabilities; assets: hosts' }),
  pulling_id: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  text: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .meta({ description: 'Anywhere in the event, upper and lower case alike.' }),
};
type Filter = z.output<z.ZodObject<typeof filter>>;
const tags = ['events'];

/** Verifying ingestion: what was collected, read back from what sinks were given. */
export const eventRoutes: Routes = (app, api) => {
  const { outbox, clock } = api.service;
  /** Ids of the streams whose events are meant. */
  async function meant(
    request: FastifyRequest,
    { connection, dataset, content_type, index }: Filter,
  ): Promise<number[]> {
    const classes = [
      ...(content_type === undefined ? [] : [CONTENT[content_type]]),
      ...(index === 'scans' ? [CONTENT.vulnerabilities] : index === 'assets' ? [CONTENT.hosts] : []),
    ];
    const classOf = (name: string): string | undefined => datasets.get(name)?.destinations.interflow;
    return (await streamsSeen(api, request, { connection, dataset }))
      .filter((stream) => classes.every((one) => classOf(stream.dataset) === one))
      .map(({ id }) => id);
  }
  app.get(
    '/api/v1/events',
    {
      config: VIEWER,
      schema: {
        summary: 'Collected events, the newest first',
        description:
          'Of what the outbox still holds. A look reads a bounded part of it: a page may hold less than was asked for, even nothing, and still name a next one.',
        tags,
        querystring: z.object({
          ...paging,
          ...filter,
          from: z.iso.datetime().optional(),
          to: z.iso.datetime().optional(),
        }),
        response: {
          200: z.object({
            items: z.array(eventView),
            next_cursor: z.string().nullable(),
            unreadable: z.number().int().meta({ description: 'Batches whose bodies are gone or damaged.' }),
          }),
        },
      },
    },
    async (request, reply) => {
      const { limit, cursor: first, from, to, text, pulling_id, ...rest } = request.query;
      const wanted = {
        ...{ streams: await meant(request as never, { ...rest, text, pulling_id }), limit, text },
        from: from === undefined ? undefined : Date.parse(from),
        to: to === undefined ? undefined : Date.parse(to),
        pull: pulling_id === undefined ? undefined : Number(pulling_id),
      };
      const page = async (cursor: string | undefined) => {
        const { events, next, unreadable } = await listRetained(outbox, { ...wanted, before: placeOf(cursor) });
        return { items: events.map(shown), next_cursor: next === undefined ? null : textOf(next), unreadable };
      };
      return wantsLines(request as never) ? sendLines(reply as never, page) : await page(first);
    },
  );
  app.get(
    '/api/v1/events/:place',
    {
      config: VIEWER,
      schema: {
        summary: 'One event',
        tags,
        params: z.object({ place: z.string().regex(/^\d{1,15}-\d{1,15}$/) }),
        response: { 200: eventView },
      },
    },
    async (request) => {
      const { place } = request.params;
      const found = await retainedEvent(outbox, placeOf(place)!);
      wall(request as never, found?.tenant, `event ${place} any more`);
      return shown(found!);
    },
  );
  app.get(
    '/api/v1/events/stream',
    {
      config: VIEWER,
      schema: {
        summary: 'Events as they are collected: events `event`; many at once are thinned',
        tags,
        querystring: z.object({ ...filter, last_event_id: z.string().optional() }),
        produces: ['text/event-stream'],
      },
    },
    (request, reply) => {
      const { text, pulling_id } = request.query;
      const given = request.headers['last-event-id'] ?? request.query.last_event_id;
      return sendEvents(request as never, reply as never, async (send, signal) => {
        let after = placeOf(typeof given === 'string' ? given : undefined) ?? (await newestPlace(outbox));
        while (!signal.aborted) {
          const streams = await meant(request as never, request.query);
          const pull = pulling_id === undefined ? undefined : Number(pulling_id);
          const seen = await newestPlace(outbox);
          const { events } = await listRetained(outbox, { streams, text, pull, after, limit: SHOWN });
          for (const event of events.toReversed())
            send({ id: textOf(event.place), event: 'event', data: shown(event) });
          // What no filter lets is not looked at again.
          const last = events[0]?.place;
          after = last !== undefined && last.batch >= seen.batch ? last : seen;
          await clock.sleep(LOOK_MS, signal).catch(() => {});
        }
      });
    },
  );
};

/** At most so many events are shown of each look: a first load is faster than anybody reads. */
const SHOWN = 50;
const LOOK_MS = 1000;

const textOf = ({ batch, event }: Place): string => `${batch}-${event}`;

function placeOf(cursor: string | undefined): Place | undefined {
  const [batch, event] = numbersOf(cursor, 2) ?? [];
  return batch === undefined || event === undefined ? undefined : { batch, event };
}

function shown({ place, line }: RetainedEvent): z.infer<typeof eventView> {
  try {
    return { place: textOf(place), ...(JSON.parse(line) as Omit<z.infer<typeof eventView>, 'place'>) };
  } catch (cause) {
    throw new QuarryError('QRY4012', { what: 'The event is not JSON any more.', where: textOf(place), cause });
  }
}

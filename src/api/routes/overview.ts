import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { maySee } from '../../accounts/words.ts';
import { appendedByHour, coverage, inventoryWaiting } from '../../collector/port.ts';
import { whoAsks } from '../access.ts';
import { connectionViews } from '../connection-view.ts';
import { isoTime, pageFrom, pageOf, paging, type Routes, time, VIEWER } from '../context.ts';
import { healthOf, healthView } from '../health.ts';
import { streamsSeen } from '../lists.ts';
import { createPace, seesSink, sinkView, sinkViews } from '../sink-view.ts';
import { streamViews } from '../stream-view.ts';

const budgetView = z
  .object({
    subscription: z.string(),
    api: z.string(),
    limit: z.number().optional().meta({ description: 'Calls in the window; absent until Qualys has said it.' }),
    window_s: z.number().optional(),
    remaining: z.number().optional(),
    concurrency: z.number().optional(),
    running: z.number().int(),
    waiting: z.number().int(),
    until: time.optional(),
    because: z.string().optional(),
  })
  .meta({ id: 'Budget' });
const overview = z
  .object({
    health: healthView,
    volume: z.array(z.object({ dataset: z.string(), hour: time, appended: z.number().int() })),
    sinks: z.array(sinkView),
    budgets: z.array(budgetView),
    next_runs: z.array(z.object({ connection: z.string(), dataset: z.string(), kind: z.string(), at: time })),
  })
  .meta({ id: 'Overview' });
const coverageView = z
  .object({
    connection: z.string(),
    dataset: z.string(),
    have: z.number().int().meta({ description: 'Objects known and not removed, now.' }),
    read: z
      .number()
      .int()
      .nullable()
      .meta({ description: 'What the last complete reading held; null before the first.' }),
    qualys: z.number().int().nullable().meta({ description: 'What Qualys had then.' }),
    by: z.enum(['count', 'ids', 'reading']).nullable().meta({
      description:
        'How that is known. count: Qualys’s own; ids: its list of ids; reading: the reading speaks for itself',
    }),
    complete: z.boolean().nullable().meta({
      description: 'Whether the two agree, but for what came or went meanwhile and what is in quarantine.',
    }),
    as_of: time.nullable(),
    quarantined: z.number().int(),
    held: z.number().int().nullable(),
    in_inventory: z.boolean(),
  })
  .meta({ id: 'Coverage' });
const DAY_MS = 86_400_000;
const NEXT_RUNS = 20;
const tags = ['overview'];

/** How it is going, on one page. */
export const overviewRoutes: Routes = (app, api) => {
  const { service } = api;
  const { outbox, clock } = service;
  const pace = createPace();

  async function mine(request: FastifyRequest) {
    const who = whoAsks(request);
    return (await connectionViews(api)).filter(({ tenant }) => maySee(who, tenant));
  }
  function budgets(subscriptions: ReadonlySet<string>): z.infer<typeof budgetView>[] {
    return service
      .budgets()
      .filter(({ subscription }) => subscriptions.has(subscription))
      .map(
        ({ subscription, api: name, limit, windowSec, remaining, concurrency, running, waiting, until, because }) => ({
          ...{ subscription, api: name, running, waiting },
          ...(limit === undefined ? {} : { limit }),
          ...(windowSec === undefined ? {} : { window_s: windowSec }),
          ...(remaining === undefined ? {} : { remaining }),
          ...(concurrency === undefined ? {} : { concurrency }),
          ...(until === undefined ? {} : { until: isoTime(until)! }),
          ...(because === undefined ? {} : { because }),
        }),
      );
  }
  app.get(
    '/api/v1/overview',
    {
      config: VIEWER,
      schema: { summary: 'Health, volume, sinks, budgets, what is next', tags, response: { 200: overview } },
    },
    async (request) => {
      const own = await mine(request);
      const kept = await streamsSeen(api, request);
      const streams = await streamViews(service, new Set(own.map(({ id }) => id)));
      const nameOf = new Map(kept.map(({ id, dataset }) => [id, dataset]));
      const hours = await appendedByHour(outbox.store, [...nameOf.keys()], clock.now() - DAY_MS);
      const volume = new Map<string, { dataset: string; hour: string; appended: number }>();
      for (const { stream, hour, appended } of hours) {
        const dataset = nameOf.get(stream)!;
        const one = volume.get(`${dataset} ${hour}`) ?? { dataset, hour: isoTime(hour)!, appended: 0 };
        volume.set(`${dataset} ${hour}`, { ...one, appended: one.appended + appended });
      }
      const sinks = (await sinkViews(service, pace)).filter(({ name }) =>
        seesSink(service.config(), whoAsks(request), name),
      );
      return {
        health: await healthOf(api, streams, kept),
        ...{ volume: [...volume.values()], sinks },
        budgets: budgets(new Set(own.map(({ subscription }) => subscription))),
        next_runs: streams
          .flatMap(({ connection, dataset, phase, mode, until }) =>
            phase === 'waiting' && until !== undefined ? [{ connection, dataset, kind: mode ?? '', at: until }] : [],
          )
          .sort((a, b) => a.at.localeCompare(b.at))
          .slice(0, NEXT_RUNS),
      };
    },
  );
  app.get(
    '/api/v1/budgets',
    {
      config: VIEWER,
      schema: {
        summary: 'Limits of Qualys, as its answers named them',
        tags,
        response: { 200: z.object({ items: z.array(budgetView), next_cursor: z.null() }) },
      },
    },
    async (request) => {
      const subscriptions = new Set((await mine(request)).map(({ subscription }) => subscription));
      return { items: budgets(subscriptions), next_cursor: null };
    },
  );
  app.get(
    '/api/v1/completeness',
    {
      config: VIEWER,
      schema: {
        summary: 'How much of each data set is here, against what Qualys said last',
        tags,
        querystring: z.object({ ...paging, connection: z.string().max(64).optional() }),
        response: {
          200: pageOf(coverageView).extend({
            waiting: z.number().int().meta({ description: 'Events the inventory has yet to fold.' }),
            refused: z.number().int().meta({ description: 'Events it refused.' }),
          }),
        },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const items = (await coverage(outbox, request.query.connection))
        .filter(({ tenant }) => maySee(who, tenant))
        .map(({ connection, dataset, have, quarantined, asOf, inInventory, ...one }) => ({
          ...{ connection, dataset, have, quarantined, as_of: isoTime(asOf), in_inventory: inInventory },
          ...{ read: one.read ?? null, qualys: one.qualys ?? null, by: one.by ?? null },
          ...{ complete: one.complete ?? null, held: one.held ?? null },
        }));
      return { ...pageFrom(items, request.query), ...(await inventoryWaiting(outbox)) };
    },
  );
};

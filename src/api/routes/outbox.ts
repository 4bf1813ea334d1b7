import { z } from 'zod';
import { discardParked, replay, retryParked, takes } from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { audited } from '../audited.ts';
import { OPERATOR, type Routes, WRITER } from '../context.ts';
import { sinkNamed } from '../sink-view.ts';

const tags = ['outbox'];
const parked = z.object({
  sink: z.string(),
  batch: z.number().int().optional(),
  event: z.number().int().optional(),
  code: z.string().optional(),
});

/** Delivery by hand: parked events again, or given up; and what a consumer has lost, sent again. */
export const outboxRoutes: Routes = (app, api) => {
  const { service } = api;
  const { store } = service.outbox;
  app.post(
    '/api/v1/outbox/retry',
    {
      config: OPERATOR,
      schema: {
        summary: 'Send parked events again',
        tags,
        body: parked,
        response: {
          202: z.object({
            retried: z.number().int(),
            busy: z.number().int().meta({ description: 'In batches still on their way: try again later.' }),
          }),
        },
      },
    },
    async (request, reply) => {
      await sinkNamed(service, request as never, request.body.sink);
      const after = await retryParked(store, request.body);
      await audited(api, request as never, { action: 'outbox.retry', target: request.body.sink, after });
      return reply.code(202).send(after);
    },
  );
  app.post(
    '/api/v1/outbox/discard',
    {
      config: WRITER,
      schema: {
        summary: 'Give parked events up: they are never sent there',
        description: 'It cannot be undone. `confirm` repeats the name of the sink.',
        tags,
        body: parked.extend({ confirm: z.string() }),
        response: { 200: z.object({ discarded: z.number().int() }) },
      },
    },
    async (request) => {
      const { confirm, ...filter } = request.body;
      await sinkNamed(service, request as never, filter.sink);
      if (confirm !== filter.sink)
        throw new QuarryError('QRY8032', {
          what: `confirm is not ${filter.sink}: nothing was changed.`,
          where: 'confirm',
        });
      const discarded = await discardParked(store, filter);
      await audited(api, request as never, { action: 'outbox.discard', target: filter.sink, after: { discarded } });
      return { discarded };
    },
  );
  app.post(
    '/api/v1/outbox/replay',
    {
      config: OPERATOR,
      schema: {
        summary: 'Send a sink again what was collected within a time, as far as it is kept',
        tags,
        body: z.object({
          sink: z.string(),
          from: z.iso.datetime(),
          to: z.iso.datetime().optional(),
          dataset: z.string().optional(),
          connection: z.string().optional(),
        }),
        response: { 202: z.object({ batches: z.number().int(), events: z.number().int() }) },
      },
    },
    async (request, reply) => {
      const { sink, dataset, connection, ...times } = request.body;
      await sinkNamed(service, request as never, sink);
      const from = Date.parse(times.from);
      const to = times.to === undefined ? service.clock.now() : Date.parse(times.to);
      if (from >= to) throw new QuarryError('QRY8032', { what: 'from is not before to.', where: 'from' });
      const config = service.config();
      const after = await replay(store, {
        ...{ sink, from, to },
        takes: (stream) =>
          takes(config, sink, stream) &&
          (dataset ?? stream.dataset) === stream.dataset &&
          (connection ?? stream.connection) === stream.connection,
      });
      await audited(api, request as never, { action: 'outbox.replay', target: sink, after: { ...times, ...after } });
      return reply.code(202).send({ ...after });
    },
  );
};

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Settings } from '../../accounts/connection-secrets.ts';
import { connectionOf, storedSections, withSecrets } from '../../accounts/connections.ts';
import type { ConnectionConfig } from '../../config/config.ts';
import { QuarryError } from '../../core/errors.ts';
import { wall } from '../access.ts';
import { checkView } from '../advice.ts';
import { type Api, isoTime, OPERATOR, type Routes, time, VIEWER, WRITER } from '../context.ts';
import { sendEvents } from '../events-stream.ts';
import { checkGiven } from '../given-settings.ts';
import { createTrials, type Trial } from '../trials.ts';
import { detail } from './connections.ts';

const trialView = z
  .object({
    test_id: z.string(),
    connection: z.string(),
    state: z.enum(['running', 'passed', 'failed']),
    started: time.nullable(),
    ended: time.nullable(),
    checks: z.array(checkView),
  })
  .meta({ id: 'Test' });
const begun = z.object({ test_id: z.string(), href: z.string(), stream: z.string() }).meta({ id: 'TestBegun' });
const unsaved = z.object({
  id: z
    .string()
    .regex(/^[a-z0-9_-]{1,64}$/)
    .default('unsaved'),
  tenant: z.string().max(64).optional(),
  settings: z.record(z.string(), z.unknown()),
});
const tags = ['tests'];

/** Trying connections: whether their servers are reached, and whether sign-in and every data set work. */
export const testRoutes: Routes = (app, api) => {
  const trials = createTrials(api.service);
  app.addHook('onClose', async () => trials.stop());
  for (const [verb, reachOnly, summary] of [
    ['reach', true, 'Try whether the servers can be reached'],
    ['test', false, 'Try sign-in and every enabled data set'],
  ] as const) {
    app.post(
      `/api/v1/connections/:id/${verb}`,
      {
        config: OPERATOR,
        schema: {
          summary,
          description: 'One test at a time. A test that passes wakes streams that had failed.',
          tags,
          params: z.object({ id: z.string().max(64) }),
          response: { 202: begun },
        },
      },
      async (request, reply) => {
        const { id } = request.params as { id: string };
        await detail(api, request as never, id);
        const trial = trials.begin(await configured(api, id), { reachOnly, wake: !reachOnly });
        return reply.code(202).send(accepted(trial));
      },
    );
    app.post(
      `/api/v1/connections/${verb}`,
      {
        config: WRITER,
        schema: { summary: `${summary}; of settings that are not kept`, tags, body: unsaved, response: { 202: begun } },
      },
      async (request, reply) => {
        const { id, tenant = id, settings } = request.body as z.output<typeof unsaved>;
        wall(request as never, tenant, `tenant ${tenant}`);
        checkGiven(api, settings);
        const { store, keys } = api.accounts;
        const beside = await storedSections(store, keys);
        const name = api.service.config().connections.has(id) || id in beside ? `${id}-unsaved` : id;
        const own = loaded(api, name, { ...settings, tenant }, beside);
        return reply.code(202).send(accepted(trials.begin(own, { reachOnly, wake: false })));
      },
    );
  }
  app.get(
    '/api/v1/connections/:id/test',
    {
      config: VIEWER,
      schema: {
        summary: 'The last test of a connection',
        tags,
        params: z.object({ id: z.string().max(64) }),
        response: { 200: trialView },
      },
    },
    async (request) => {
      const { id } = request.params;
      await detail(api, request, id);
      const trial = trials.lastOf(id);
      if (trial === undefined) throw new QuarryError('QRY8033', { what: `${id} has not been tested since the start.` });
      return shown(trial);
    },
  );
  const one = z.object({ test: z.uuid() });
  const found = (request: FastifyRequest<{ Params: { test: string } }>): Trial => {
    const trial = trials.get(request.params.test);
    wall(request as never, trial?.tenant, `test ${request.params.test}`);
    return trial!;
  };
  app.get(
    '/api/v1/tests/:test',
    { config: VIEWER, schema: { summary: 'A test', tags, params: one, response: { 200: trialView } } },
    (request) => shown(found(request)),
  );
  app.get(
    '/api/v1/tests/:test/stream',
    {
      config: VIEWER,
      schema: {
        summary: 'A test, step by step: events `check`, then `end`',
        tags,
        params: one,
        produces: ['text/event-stream'],
      },
    },
    async (request, reply) => {
      const trial = found(request);
      return await sendEvents(request as never, reply, async (send, signal) => {
        for (const check of trial.checks) send({ event: 'check', data: check });
        await new Promise<void>((resolve) => {
          const over = (): void => {
            send({ event: 'end', data: shown(trial) });
            resolve();
          };
          if (trial.ended !== undefined) return over();
          trial.listeners.add((check) => (check === undefined ? over() : send({ event: 'check', data: check })));
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      });
    },
  );
};

/** A connection as it is configured, paused ones too. */
async function configured(api: Api, id: string): Promise<ConnectionConfig> {
  const inForce = api.service.config().connections.get(id);
  if (inForce !== undefined) return inForce;
  const { store, keys } = api.accounts;
  const stored = await connectionOf(store, id);
  if (stored === undefined) throw new QuarryError('QRY8033', { what: `There is no connection ${id}.` });
  const section = { tenant: stored.tenant, ...(await withSecrets(store, keys, stored)) };
  return loaded(api, id, section, await storedSections(store, keys));
}

function loaded(api: Api, id: string, section: Settings, beside: Readonly<Record<string, Settings>>) {
  const connection = api.load({ ...beside, [id]: section }).connections.get(id);
  if (connection === undefined) throw new QuarryError('QRY9001', { what: `${id} was not loaded.` });
  return connection;
}

const hrefOf = ({ id }: Trial): string => `/api/v1/tests/${id}`;
const accepted = (trial: Trial) => ({ test_id: trial.id, href: hrefOf(trial), stream: `${hrefOf(trial)}/stream` });

const shown = ({ id, connection, started, ended, checks }: Trial): z.infer<typeof trialView> => ({
  ...{ test_id: id, connection, started: isoTime(started), ended: isoTime(ended), checks: [...checks] },
  state: ended === undefined ? 'running' : checks.some(({ outcome }) => outcome === 'failed') ? 'failed' : 'passed',
});

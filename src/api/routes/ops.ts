import { z } from 'zod';
import type { Service } from '../../collector/port.ts';
import { listSinks, listStreams, listWorkers, unpulled } from '../../collector/port.ts';
import { asQuarryError } from '../../core/errors.ts';
import { ANYBODY, isoTime, type Routes, time } from '../context.ts';

const check = z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() });

/** What machines ask: does it live, is it ready, how is it doing. None of it needs a sign-in, and none tells secrets. */
export const opsRoutes: Routes = (app, { service, metrics }) => {
  app.get(
    '/livez',
    { config: ANYBODY, schema: { summary: 'The process lives', tags: ['operations'], response: { 200: z.string() } } },
    async (_, reply) => {
      void reply.type('text/plain');
      return 'ok\n';
    },
  );
  const readiness = {
    config: ANYBODY,
    schema: {
      summary: 'The database answers and a configuration is in force',
      description: 'Qualys or a sink that is down does not make it unready: data waits, nothing is lost.',
      tags: ['operations'],
      querystring: z.object({ verbose: z.string().optional() }),
      response: {
        200: z.object({ status: z.literal('ready'), since: time, checks: z.array(check).optional() }),
        503: z.object({ status: z.literal('not ready'), since: time, checks: z.array(check) }),
      },
    },
  };
  for (const path of ['/readyz', '/healthz'])
    app.get(path, readiness, async (request, reply) => {
      const checks = [
        await tried('database', async () => void (await listStreams(service.outbox.store))),
        { name: 'configuration', ok: true, detail: `${service.config().connections.size} connections` },
      ];
      const since = isoTime(service.started)!;
      if (checks.some(({ ok }) => !ok)) return reply.code(503).send({ status: 'not ready' as const, since, checks });
      const more =
        (request.query as { verbose?: string }).verbose === undefined
          ? {}
          : { checks: [...checks, ...(await workerChecks(service)), ...(await sinkChecks(service.outbox))] };
      return { status: 'ready' as const, since, ...more };
    });
  app.get(
    '/metrics',
    {
      config: ANYBODY,
      schema: { summary: 'Figures for Prometheus', tags: ['operations'], response: { 200: z.string() } },
    },
    async (_, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send((await metrics?.()) ?? ''),
  );
};

async function tried(name: string, work: () => Promise<void>): Promise<{ name: string; ok: boolean; detail?: string }> {
  try {
    await work();
    return { name, ok: true };
  } catch (thrown) {
    return { name, ok: false, detail: asQuarryError(thrown).code };
  }
}

/** Said, not judged: a node that answers is ready, whoever works. */
async function workerChecks({ outbox, config }: Service): Promise<z.infer<typeof check>[]> {
  if (outbox.store.dialect.name === 'sqlite') return [];
  const { workers, leases } = await listWorkers(outbox);
  const nobodys = unpulled(config(), leases);
  const alive = workers.filter((one) => one.alive).length;
  const detail = `${alive} at work; ${nobodys.length} subscriptions are pulled by nobody`;
  return [{ name: 'workers', ok: alive > 0 && nobodys.length === 0, detail }];
}

/** Said, not judged: a sink that is down makes nothing unready. */
async function sinkChecks({
  store,
}: Parameters<typeof sinkStates>[0]): Promise<{ name: string; ok: boolean; detail?: string }[]> {
  const states = await sinkStates({ store });
  return states.map(({ sink, pending, reason }) => ({
    name: `sink ${sink}`,
    ok: reason === null,
    detail: reason ?? `${pending} events wait`,
  }));
}

const sinkStates = ({ store }: { readonly store: Parameters<typeof listSinks>[0] }) => listSinks(store);

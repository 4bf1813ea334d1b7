import { z } from 'zod';
import { maySee } from '../../accounts/words.ts';
import { listWorkers } from '../../collector/port.ts';
import { whoAsks } from '../access.ts';
import { connectionViews } from '../connection-view.ts';
import { isoTime, type Routes, time, VIEWER } from '../context.ts';

const workersView = z
  .object({
    workers: z.array(
      z.object({
        name: z.string(),
        labels: z.array(z.string()),
        version: z.string(),
        started: time.nullable(),
        seen: time.nullable(),
        alive: z.boolean().meta({ description: 'Seen within the length of a lease.' }),
        leases: z.number().int(),
        lost_leases: z.number().int().meta({ description: 'Leases it did not renew in time.' }),
      }),
    ),
    leases: z.array(
      z.object({
        work: z.string().meta({ description: 'pull/SUBSCRIPTION, deliver/SINK/SUBSCRIPTION or housekeeping' }),
        worker: z.string().nullable().meta({ description: 'null: nobody holds it now.' }),
        fence: z.number().int().meta({ description: 'How many times it has been taken.' }),
        since: time.nullable(),
      }),
    ),
  })
  .meta({ id: 'Workers' });

/** Who shares the work where several processes work on one database; both lists are empty where it is a file. */
export const workerRoutes: Routes = (app, api) => {
  app.get(
    '/api/v1/workers',
    {
      config: VIEWER,
      schema: {
        summary: 'Who shares the work, and who holds what',
        tags: ['operations'],
        response: { 200: workersView },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const own = (await connectionViews(api)).filter(({ tenant }) => maySee(who, tenant));
      const subscriptions = new Set(own.map(({ subscription }) => subscription));
      const seen = (work: string): boolean => who.tenants === '*' || subscriptions.has(work.split('/').at(-1) ?? '');
      const { workers, leases } = await listWorkers(api.service.outbox);
      return {
        workers: workers.map(({ name, labels, version, started, seen: at, alive, lost }) => ({
          ...{ name, labels: [...labels], version, started: isoTime(started), seen: isoTime(at), alive },
          leases: leases.filter(({ worker }) => worker === name).length,
          lost_leases: lost,
        })),
        leases: leases
          .filter(({ resource }) => seen(resource))
          .map(({ resource, worker, fence, taken }) => ({
            ...{ work: resource, worker: worker ?? null, fence, since: taken === 0 ? null : isoTime(taken) },
          })),
      };
    },
  );
};

import { z } from 'zod';
import { datasets, lastCompleted, listWorkers, type StreamState, unpulled } from '../collector/port.ts';
import { dueAfter } from '../core/cron.ts';
import type { Api } from './context.ts';
import type { StreamView } from './stream-view.ts';

export const healthView = z
  .object({
    status: z.enum(['ok', 'warn', 'failed']),
    late_streams: z.number().int(),
    failed_streams: z.number().int(),
    total_streams: z.number().int(),
    workers: z
      .object({
        alive: z.number().int(),
        leases: z.number().int().meta({ description: 'Pieces of work that are held.' }),
        lost_leases: z.number().int().meta({ description: 'Not renewed in time, by workers seen in the last day.' }),
        unpulled: z.array(z.string()).meta({ description: 'Subscriptions that no worker pulls.' }),
      })
      .optional()
      .meta({ description: 'Absent where the database is a file, and everything is in one process.' }),
    messages: z.array(z.string()),
  })
  .meta({ id: 'Health' });

const MESSAGES = 20;

/**
 * How streams are doing. Stopped or failing: failed. Late: the last complete pull is over for more than two intervals,
 * and none is under way. A subscription that no worker pulls, where several share the work: failed.
 */
export async function healthOf(
  { service }: Pick<Api, 'service'>,
  streams: readonly StreamView[],
  kept: readonly StreamState[],
): Promise<z.infer<typeof healthView>> {
  const completed = await lastCompleted(service.outbox.store);
  const ids = new Map(kept.map((state) => [`${state.connection}/${state.dataset}`, state.id]));
  const now = service.clock.now();
  const messages: string[] = [];
  let late = 0;
  let failed = 0;
  const enabled = streams.filter((stream) => stream.enabled);
  for (const { connection, dataset, phase, why } of enabled) {
    const name = `${connection}/${dataset}`;
    if (phase === 'failed' || phase === 'stopped') {
      failed++;
      messages.push(`${name} ${phase === 'failed' ? 'fails' : 'has stopped'}: ${why ?? ''}`);
      continue;
    }
    const last = completed.get(ids.get(name) ?? -1);
    const every =
      service.config().connections.get(connection)?.datasets.get(dataset)?.every ??
      datasets.get(dataset)?.schedule.every;
    if (last === undefined || every === undefined || phase === 'pulling') continue;
    if (dueAfter(every, dueAfter(every, last)) >= now) continue;
    late++;
    messages.push(`${name} was read completely at ${new Date(last).toISOString()} for the last time`);
  }
  const workers = await workersOf(service, new Set(enabled.map(({ connection }) => connection)));
  const unheld = workers?.unpulled ?? [];
  messages.unshift(...unheld.map((subscription) => `no worker pulls ${subscription}`));
  return {
    status: failed + unheld.length > 0 ? 'failed' : late > 0 ? 'warn' : 'ok',
    ...{ late_streams: late, failed_streams: failed, total_streams: enabled.length },
    ...(workers === undefined ? {} : { workers }),
    messages: messages.slice(0, MESSAGES),
  };
}

async function workersOf(
  { outbox, config }: Api['service'],
  connections: ReadonlySet<string>,
): Promise<z.infer<typeof healthView>['workers']> {
  if (outbox.store.dialect.name === 'sqlite') return undefined;
  const { workers, leases } = await listWorkers(outbox);
  const subscriptions = new Set([...connections].map((id) => config().connections.get(id)?.subscription));
  return {
    alive: workers.filter(({ alive }) => alive).length,
    leases: leases.filter(({ worker }) => worker !== undefined).length,
    lost_leases: workers.reduce((sum, { lost }) => sum + lost, 0),
    unpulled: unpulled(config(), leases).filter((subscription) => subscriptions.has(subscription)),
  };
}

import { z } from 'zod';
import { datasets, lastCompleted, type StreamState } from '../collector/port.ts';
import { dueAfter } from '../core/cron.ts';
import type { Api } from './context.ts';
import type { StreamView } from './stream-view.ts';

export const healthView = z
  .object({
    status: z.enum(['ok', 'warn', 'failed']),
    late_streams: z.number().int(),
    failed_streams: z.number().int(),
    total_streams: z.number().int(),
    messages: z.array(z.string()),
  })
  .meta({ id: 'Health' });

const MESSAGES = 20;

/**
 * How streams are doing. Stopped or failing: failed. Late: the last complete pull is over for more than two intervals,
 * and none is under way.
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
  return {
    status: failed > 0 ? 'failed' : late > 0 ? 'warn' : 'ok',
    ...{ late_streams: late, failed_streams: failed, total_streams: enabled.length },
    messages: messages.slice(0, MESSAGES),
  };
}

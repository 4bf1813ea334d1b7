import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { maySee, type Principal } from '../accounts/words.ts';
import { circuitOf, listSinks, type Service, type SinkState, sinks, titleOf } from '../collector/port.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { GUARANTEES } from '../core/sink.ts';
import { wall, whoAsks } from './access.ts';
import { isoTime, time } from './context.ts';

export const sinkView = z
  .object({
    name: z.string(),
    title: z.string(),
    type: z.string(),
    format: z.string(),
    configured: z
      .boolean()
      .meta({ description: 'False for one whose events are kept though it left the configuration.' }),
    guarantee: z.string(),
    guarantee_means: z.string(),
    state: z
      .enum(['running', 'waiting', 'failed', 'suspended', 'disabled'])
      .meta({ description: 'waiting: events are on their way; failed: the last write failed as a whole' }),
    circuit: z.enum(['closed', 'open', 'half_open']),
    reason: z.string().nullable(),
    next_try: time.nullable(),
    appended: z.number().int(),
    delivered: z.number().int(),
    filtered: z.number().int(),
    parked: z.number().int(),
    discarded: z.number().int(),
    pending: z.number().int(),
    pending_batches: z.number().int(),
    pending_bytes: z.number().int(),
    waiting_since: time.nullable(),
    last_delivered: time.nullable(),
    pace_per_s: z.number().nullable().meta({ description: 'Events delivered a second, since it was last asked.' }),
  })
  .meta({ id: 'Sink' });
export type SinkView = z.infer<typeof sinkView>;

const EMPTY: Omit<SinkState, 'sink'> = {
  ...{
    appended: 0,
    filtered: 0,
    delivered: 0,
    parked: 0,
    discarded: 0,
    pending: 0,
    pendingBatches: 0,
    pendingBytes: 0,
  },
  ...{ waitingSince: null, nextAt: null, reason: null, lastDelivered: null, failing: false, suspended: false },
};

/** Figures of a sink are those of all its tenants: who does not see them all does not see the sink. */
export function seesSink(config: Config, who: Principal, name: string): boolean {
  if (who.tenants === '*') return true;
  const sink = config.sinks.get(name);
  if (sink === undefined) return false;
  const tenants = sink.tenants ?? [...config.connections.values()].map(({ tenant }) => tenant);
  return tenants.length > 0 && tenants.every((tenant) => maySee(who, tenant));
}

/** The sink a request names. Throws QRY8033 where there is none, or none that who asks may see. */
export async function sinkNamed(service: Service, request: FastifyRequest, name: string): Promise<SinkView> {
  const config = service.config();
  const found = seesSink(config, whoAsks(request), name)
    ? (await sinkViews(service, createPace())).find((sink) => sink.name === name)
    : undefined;
  if (found === undefined) wall(request, undefined, `sink ${name}`);
  return found!;
}

export type Pace = (sink: string, delivered: number, now: number) => number | null;

/** How fast a sink delivers: from one look to another that comes a second later at least. */
export function createPace(): Pace {
  const looks = new Map<string, { delivered: number; at: number; pace: number | null }>();
  return (sink, delivered, now) => {
    const last = looks.get(sink);
    if (last !== undefined && now - last.at < 1000) return last.pace;
    const pace = last === undefined ? null : Math.max(0, delivered - last.delivered) / ((now - last.at) / 1000);
    looks.set(sink, { delivered, at: now, pace });
    return pace;
  };
}

export async function sinkViews(service: Service, pace: Pace): Promise<SinkView[]> {
  const config = service.config();
  const states = new Map((await listSinks(service.outbox.store)).map((state) => [state.sink, state]));
  const names = [...new Set([...config.sinks.keys(), ...states.keys()])];
  const now = service.clock.now();
  return names.map((name) => {
    const state = states.get(name) ?? { sink: name, ...EMPTY };
    const sink = config.sinks.get(name);
    const { guarantee } = (sink === undefined ? undefined : sinks.get(sink.type)?.capabilities) ?? {
      guarantee: 'effectively once' as const,
    };
    const { appended, delivered, filtered, parked, discarded, pending } = state;
    return {
      ...{ name, title: titleOf(state), type: sink?.type ?? 'inventory', format: sink?.format ?? 'raw' },
      configured: sink !== undefined || titleOf(state) !== name,
      ...{ guarantee, guarantee_means: GUARANTEES[guarantee] },
      ...{ state: wordOf(sink, state), circuit: circuitOf(state, now), reason: state.reason },
      next_try: state.failing ? isoTime(state.nextAt) : null,
      ...{ appended, delivered, filtered, parked, discarded, pending },
      ...{ pending_batches: state.pendingBatches, pending_bytes: state.pendingBytes },
      ...{ waiting_since: isoTime(state.waitingSince), last_delivered: isoTime(state.lastDelivered) },
      pace_per_s: pace(name, delivered, now),
    };
  });
}

function wordOf(sink: SinkConfig | undefined, { suspended, failing, pending }: SinkState): SinkView['state'] {
  if (sink?.enabled === false) return 'disabled';
  if (suspended) return 'suspended';
  if (failing) return 'failed';
  return pending > 0 ? 'waiting' : 'running';
}

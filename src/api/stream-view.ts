import { z } from 'zod';
import type { LiveStream, PullRow, Service, StreamState } from '../collector/port.ts';
import { canBackfill, datasets, heldSweeps, listQuarantined, listStreams } from '../collector/port.ts';
import { isoTime, time } from './context.ts';

export const waitView = z.object({ why: z.string(), ms: z.number() });

/** A report's figures as they are kept. */
export const pullView = z
  .object({
    id: z.string(),
    connection: z.string(),
    dataset: z.string(),
    pulling_id: z.string().meta({ description: 'In every event of the pull.' }),
    kind: z.string().optional().meta({ description: 'incremental, full, ids or backfill' }),
    status: z.string().meta({ description: 'running, complete, interrupted, failed, or abandoned by a kill' }),
    started: time.nullable(),
    ended: time.nullable(),
    requests: z.number().int(),
    pages: z.number().int(),
    received: z.number().int(),
    emitted: z.number().int(),
    unchanged: z.number().int(),
    quarantined: z.number().int(),
    removed: z.number().int(),
    bytes: z.number().int(),
    waited_ms: z.number(),
    held_sweep: z.object({ absent: z.number().int(), known: z.number().int() }).optional(),
    error: z
      .object({
        code: z.string(),
        what: z.string(),
        where: z.string().optional(),
        fix: z.string().optional(),
        qualys: z.unknown().optional(),
      })
      .optional(),
  })
  .meta({ id: 'Pull' });

export const streamView = z
  .object({
    connection: z.string(),
    dataset: z.string(),
    title: z.string(),
    kind: z.enum(['log', 'entity']),
    enabled: z.boolean(),
    phase: z
      .enum(['pulling', 'waiting', 'failed', 'stopped', 'starting', 'off'])
      .meta({ description: 'off: not enabled, or its connection is paused' }),
    since: time.optional(),
    until: time.optional().meta({ description: 'When the next pull is due, or tried again.' }),
    mode: z.string().optional(),
    why: z.string().optional(),
    code: z.string().optional(),
    fix: z.string().optional(),
    progress: z
      .object({
        rows: z.number().int(),
        bytes: z.number().int(),
        pages: z.number().int(),
        left: z.number().int().meta({ description: 'Ranges still to read.' }),
        elapsed_ms: z.number(),
      })
      .optional(),
    watermark: time.nullable(),
    lag_seconds: z.number().nullable(),
    rows_total: z.number().int(),
    emitted: z.number().int(),
    unchanged: z.number().int(),
    removed: z.number().int(),
    known_keys: z.number().int(),
    quarantined: z.number().int().meta({ description: 'Ranges set aside now.' }),
    held_sweep: z
      .object({ id: z.string(), absent: z.number().int(), known: z.number().int(), reason: z.string() })
      .optional(),
    can_backfill: z
      .boolean()
      .meta({ description: 'Whether times of it can be read again: a log that is read by times.' }),
    backfill: z.object({ from: time, to: time }).optional(),
  })
  .meta({ id: 'Stream' });
export type StreamView = z.infer<typeof streamView>;

/** Every stream of these connections: what it is at, how far it is, and what it has collected. */
export async function streamViews(service: Service, connections: ReadonlySet<string>): Promise<StreamView[]> {
  const { outbox } = service;
  const kept = new Map((await listStreams(outbox.store)).map((one) => [`${one.connection}/${one.dataset}`, one]));
  const live = new Map(service.streams().map((one) => [`${one.connection}/${one.dataset}`, one]));
  const held = new Map((await heldSweeps(outbox)).map((one) => [one.stream, one]));
  const aside = Map.groupBy(await listQuarantined(outbox), ({ stream }) => stream);
  const views: StreamView[] = [];
  for (const name of [...new Set([...live.keys(), ...kept.keys()])].sort()) {
    const [connection = '', dataset = ''] = name.split('/');
    if (!connections.has(connection)) continue;
    const state = kept.get(name);
    const sweep = state === undefined ? undefined : held.get(state.id);
    const facts = datasets.get(dataset);
    views.push({
      ...{ connection, dataset, title: facts?.title ?? dataset },
      kind: facts?.kind ?? 'entity',
      can_backfill: facts !== undefined && canBackfill(facts),
      enabled: live.has(name),
      ...phaseOf(live.get(name)),
      ...figuresOf(state, service.clock.now()),
      quarantined: aside.get(state?.id ?? -1)?.length ?? 0,
      ...(sweep === undefined
        ? {}
        : {
            held_sweep: { id: String(sweep.id), absent: sweep.absent, known: sweep.known, reason: sweep.reason },
          }),
    });
  }
  return views;
}

type Phase = Pick<StreamView, 'phase' | 'since' | 'until' | 'mode' | 'why' | 'code' | 'fix' | 'progress'>;

function phaseOf(stream: LiveStream | undefined): Phase {
  if (stream === undefined) return { phase: 'off' };
  const { state, progress } = stream;
  if (state === undefined) return { phase: 'starting' };
  const at = (ms: number): string => isoTime(ms)!;
  if (state.kind === 'pulling')
    return {
      ...{ phase: 'pulling', since: at(state.since), mode: state.mode, why: state.because },
      ...(progress === undefined
        ? {}
        : {
            progress: {
              ...{ rows: progress.records, bytes: progress.bytes, pages: progress.pages, left: progress.left },
              elapsed_ms: progress.elapsedMs,
            },
          }),
    };
  if (state.kind === 'waiting')
    return { phase: 'waiting', until: at(state.until), mode: state.mode, why: state.because };
  const { error } = state;
  const why = { why: error.message, code: error.code, fix: error.fix };
  return state.kind === 'failed'
    ? { phase: 'failed', until: at(state.until), ...why }
    : { phase: 'stopped', since: at(state.since), ...why };
}

function figuresOf(state: StreamState | undefined, now: number) {
  const { watermark, backfill } = state?.checkpoint ?? {};
  return {
    watermark: watermark ?? null,
    lag_seconds: watermark === undefined ? null : Math.max(0, Math.round((now - Date.parse(watermark)) / 1000)),
    ...{ rows_total: state?.received ?? 0, emitted: state?.emitted ?? 0, unchanged: state?.unchanged ?? 0 },
    ...{ removed: state?.removed ?? 0, known_keys: state?.knownKeys ?? 0 },
    ...(backfill === undefined ? {} : { backfill }),
  };
}

/** What is kept of a report: any of it may be missing in rows of older versions. */
interface KeptReport {
  readonly mode?: string;
  readonly requests?: number;
  readonly pages?: number;
  readonly received?: number;
  readonly emitted?: number;
  readonly unchanged?: number;
  readonly quarantined?: number;
  readonly removed?: number;
  readonly bytes?: number;
  readonly waitedMs?: number;
  readonly heldSweep?: { absent: number; known: number };
  readonly error?: { code: string; what: string; where?: string; fix?: string; qualys?: unknown };
}

export function pullOfRow({ id, stream, connection, dataset, started, ended, outcome, report }: PullRow) {
  const kept = JSON.parse(report) as KeptReport;
  const { mode, requests = 0, pages = 0, received = 0, emitted = 0, unchanged = 0, quarantined = 0 } = kept;
  const { removed = 0, bytes = 0, waitedMs = 0, heldSweep, error } = kept;
  return {
    ...{ id: `${id}-${stream}`, connection, dataset, pulling_id: String(id), status: outcome },
    ...(mode === undefined ? {} : { kind: mode }),
    ...{ started: isoTime(started), ended: isoTime(ended), requests, pages, received, emitted, unchanged },
    ...{ quarantined, removed, bytes, waited_ms: Math.round(waitedMs) },
    ...(heldSweep === undefined ? {} : { held_sweep: heldSweep }),
    ...(error === undefined ? {} : { error }),
  };
}

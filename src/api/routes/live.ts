import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { maySee, type Principal } from '../../accounts/words.ts';
import type { LiveEvent, LogLine, Numbered } from '../../collector/port.ts';
import { whoAsks } from '../access.ts';
import { type Api, isoTime, pageOf, paging, type Routes, time, VIEWER } from '../context.ts';
import { lastEventId, sendEvents, untilGone } from '../events-stream.ts';
import { numbersOf } from '../lists.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const lineView = z
  .object({
    id: z.string(),
    time: time.nullable(),
    level: z.enum(LEVELS),
    msg: z.string(),
    fields: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'LogLine' });
const filter = {
  level: z.enum(LEVELS).optional().meta({ description: 'This and graver.' }),
  connection: z.string().optional(),
  dataset: z.string().optional(),
};
const resume = { last_event_id: z.string().optional().meta({ description: 'In place of the header Last-Event-ID.' }) };
const tags = ['live'];

/**
 * What happens while people look, from buffers of the process: its last log lines and the states, progress and reports
 * of streams. A line that names no connection concerns the installation: only who sees all tenants sees it.
 */
export const liveRoutes: Routes = (app, api) => {
  const { logs, events } = api.service;
  app.get(
    '/api/v1/logs',
    {
      config: VIEWER,
      schema: {
        summary: 'The last log lines, the newest first',
        tags,
        querystring: z.object({ ...paging, ...filter }),
        response: { 200: pageOf(lineView) },
      },
    },
    (request) => {
      const { limit, cursor, ...wanted } = request.query;
      const [before = Number.POSITIVE_INFINITY] = numbersOf(cursor, 1) ?? [];
      const lets = lineFilter(api, whoAsks(request), wanted);
      const all = logs.after().filter((line) => lets(line.item));
      const found = all.filter((line) => line.number < before);
      const items = found.toReversed().slice(0, limit).map(lineOf);
      const next_cursor = found.length > limit ? (items.at(-1)?.id ?? null) : null;
      return { items, next_cursor, total: all.length, total_is: 'exact' as const };
    },
  );
  app.get(
    '/api/v1/logs/stream',
    {
      config: VIEWER,
      schema: {
        summary: 'Log lines as they come: events `log`',
        tags,
        querystring: z.object({ ...filter, ...resume }),
        produces: ['text/event-stream'],
      },
    },
    (request, reply) => {
      const lets = lineFilter(api, whoAsks(request), request.query);
      return sendEvents(request as never, reply as never, (send, signal) => {
        const one = (line: Numbered<LogLine>): void => {
          if (lets(line.item)) send({ id: String(line.number), event: 'log', data: lineOf(line) });
        };
        return follow(request as never, logs, one, signal);
      });
    },
  );
  app.get(
    '/api/v1/progress/stream',
    {
      config: VIEWER,
      schema: {
        summary: 'What streams are at: events `state`, `progress` and `report`',
        tags,
        querystring: z.object({
          connection: z.string().optional(),
          dataset: z.string().optional(),
          until: z.enum(['report']).optional().meta({ description: 'The stream ends with the first report.' }),
          ...resume,
        }),
        produces: ['text/event-stream'],
      },
    },
    (request, reply) => {
      const who = whoAsks(request);
      const { connection, dataset, until } = request.query;
      return sendEvents(request as never, reply as never, (send, signal) => {
        const over = new AbortController();
        const one = ({ number, item }: Numbered<LiveEvent>): void => {
          const [of = '', what = ''] = streamOf(item).split('/');
          const tenant = api.service.config().connections.get(of)?.tenant;
          if (tenant === undefined || !maySee(who, tenant)) return;
          if ((connection ?? of) !== of || (dataset ?? what) !== what) return;
          if (over.signal.aborted) return;
          send({ id: String(number), event: item.kind, data: eventOf(item, of, what) });
          if (until === item.kind) over.abort();
        };
        return follow(request as never, events, one, AbortSignal.any([signal, over.signal]));
      });
    },
  );
};

/** From where the client was; a new one hears of what comes from now on. */
async function follow<T>(
  request: FastifyRequest,
  recent: { after(number?: number): readonly Numbered<T>[]; follow(on: (item: Numbered<T>) => void): () => void },
  one: (item: Numbered<T>) => void,
  signal: AbortSignal,
): Promise<void> {
  const last = lastEventId(request);
  if (last !== undefined) for (const item of recent.after(last)) one(item);
  const end = recent.follow(one);
  await untilGone(signal);
  end();
}

function lineFilter(
  { service }: Api,
  who: Principal,
  {
    level,
    connection,
    dataset,
  }: { level?: LogLine['level'] | undefined; connection?: string | undefined; dataset?: string | undefined },
): (line: LogLine) => boolean {
  const least = LEVELS.indexOf(level ?? 'debug');
  return (line) => {
    if (LEVELS.indexOf(line.level) < least) return false;
    const [of, what] = whoseLine(line);
    const tenant = of === undefined ? undefined : service.config().connections.get(of)?.tenant;
    if (tenant === undefined ? who.tenants !== '*' : !maySee(who, tenant)) return false;
    return (connection ?? of) === of && (dataset ?? what) === what;
  };
}

/** Lines name a stream as `acme/host_list`, or a connection. */
function whoseLine({ fields }: LogLine): readonly (string | undefined)[] {
  const { stream, connection } = fields as Record<string, unknown>;
  if (typeof stream === 'string' && stream.includes('/')) return stream.split('/');
  return [typeof connection === 'string' ? connection : undefined, typeof stream === 'string' ? stream : undefined];
}

const lineOf = ({ number, item: { at, level, msg, fields } }: Numbered<LogLine>): z.infer<typeof lineView> => ({
  ...{ id: String(number), time: isoTime(at), level, msg },
  // Secrets print themselves as [redacted].
  fields: JSON.parse(JSON.stringify(fields)) as Record<string, unknown>,
});

const streamOf = (event: LiveEvent): string =>
  event.kind === 'state' ? event.stream : event.kind === 'progress' ? event.progress.stream : event.report.stream;

function eventOf(event: LiveEvent, connection: string, dataset: string) {
  const base = { connection, dataset, at: isoTime(event.at) };
  if (event.kind === 'progress') {
    const { records: rows, bytes, pages, left, elapsedMs, ended } = event.progress;
    return { ...base, rows, bytes, pages, left, elapsed_ms: elapsedMs, ended };
  }
  if (event.kind === 'state') {
    const { state } = event;
    const why = 'error' in state ? { code: state.error.code, why: state.error.message } : { why: state.because };
    const until = 'until' in state ? { until: isoTime(state.until) } : {};
    return { ...base, phase: state.kind, ...until, ...('mode' in state ? { mode: state.mode } : {}), ...why };
  }
  const { report } = event;
  const { pull, mode, outcome, requests, pages, received, emitted, unchanged, quarantined, removed } = report;
  return {
    ...base,
    ...{ pulling_id: String(pull), kind: mode, status: outcome, requests, pages, received, emitted, unchanged },
    ...{ quarantined, removed, elapsed_ms: report.elapsedMs },
    ...(report.error === undefined ? {} : { error: { code: report.error.code, what: report.error.message } }),
  };
}

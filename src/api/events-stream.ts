import type { FastifyReply, FastifyRequest } from 'fastify';

/** One message of a stream of server-sent events. */
export interface Message {
  /** What Last-Event-ID resumes from. */
  readonly id?: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** A comment so often keeps proxies from closing a connection that has nothing to say. */
const KEEP_ALIVE_MS = 15_000;

/** Where a client that comes back wants to go on; undefined for a new one. */
export function lastEventId({ headers, query }: FastifyRequest): number | undefined {
  const text = headers['last-event-id'] ?? (query as Record<string, unknown>)['last_event_id'];
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * Answers with server-sent events until the client leaves, the source ends or the server closes. `source` gets a
 * function that sends and a signal that says when nobody listens any more; a client that reads too slowly is let go,
 * and comes back with its Last-Event-ID.
 */
export async function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  source: (send: (message: Message) => void, signal: AbortSignal) => Promise<void> | void,
): Promise<FastifyReply> {
  const gone = new AbortController();
  const raw = reply.raw;
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value as string);
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-request-id': request.id,
  });
  reply.hijack();
  raw.once('close', () => gone.abort());
  const write = (text: string): void => {
    if (gone.signal.aborted) return;
    if (raw.writableLength > 1 << 20) raw.destroy();
    else raw.write(text);
  };
  const alive = setInterval(() => write(': here\n\n'), KEEP_ALIVE_MS);
  alive.unref();
  write(': here\n\n');
  const send = ({ id, event, data }: Message): void =>
    write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  try {
    await source(send, gone.signal);
  } finally {
    clearInterval(alive);
    raw.end();
  }
  return reply;
}

/** Resolves when nobody listens any more. */
export const untilGone = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

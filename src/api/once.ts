import type { FastifyReply, FastifyRequest } from 'fastify';
import { beginOnce, freeKey, keepAnswer } from '../accounts/kept-answers.ts';
import { QuarryError } from '../core/errors.ts';
import type { Api, App } from './context.ts';

/**
 * `Idempotency-Key` on every POST of somebody who is signed in: what was carried out is answered again, word for word,
 * with `Idempotent-Replayed: true`, for a day. A request that was refused did nothing, so its key is free at once.
 */

declare module 'fastify' {
  interface FastifyRequest {
    /** The row of its key, while the request is being carried out. */
    onceId: string | undefined;
  }
}

const HEADER = 'idempotency-key';
/** Headers that belong to an answer. */
const KEPT = ['content-type', 'etag', 'location'] as const;

export function addOnce(app: App, { accounts: { store, keys }, service: { clock } }: Api): void {
  app.decorateRequest('onceId', undefined);
  app.addHook('preHandler', async (request, reply) => {
    const key = keyOf(request);
    if (key === undefined || request.principal === undefined) return undefined;
    const content = JSON.stringify([request.url, request.body]);
    const once = { who: request.principal, route: request.routeOptions.url ?? request.url, key, content };
    const begun = await beginOnce(store, keys, once, clock.now());
    if ('id' in begun) {
      request.onceId = begun.id;
      return undefined;
    }
    const { status, headers, body } = begun.kept;
    return reply
      .code(status)
      .headers({ ...headers, 'idempotent-replayed': 'true' })
      .send(body === '' ? null : body);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const { onceId } = request;
    if (onceId === undefined) return;
    request.onceId = undefined;
    try {
      if (reply.statusCode >= 400) await freeKey(store, onceId);
      else {
        const answer = { status: reply.statusCode, headers: headersOf(reply), body: textOf(payload) };
        await keepAnswer(store, keys, onceId, answer, clock.now());
      }
    } catch (error) {
      // It was done, and that is what matters to who asked: the key is free again after a while.
      request.log.error({ err: error }, 'the answer to an Idempotency-Key could not be kept');
    }
  });
}

function keyOf({ method, headers }: FastifyRequest): string | undefined {
  const key = headers[HEADER];
  if (method !== 'POST' || key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new QuarryError('QRY8032', {
      what: 'An Idempotency-Key is 1 to 255 characters of ASCII without spaces, such as a UUID.',
      where: HEADER,
    });
  return key;
}

const headersOf = (reply: FastifyReply): Record<string, string> =>
  Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)] as const];
    }),
  );

const textOf = (payload: unknown): string => (typeof payload === 'string' ? payload : '');

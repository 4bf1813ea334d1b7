import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { maySee } from '../accounts/words.ts';
import { listStreams, type StreamState } from '../collector/port.ts';
import { QuarryError } from '../core/errors.ts';
import { whoAsks } from './access.ts';
import type { Api } from './context.ts';

/** Which streams are meant; what is absent does not narrow. */
export interface StreamFilter {
  readonly connection?: string | undefined;
  readonly dataset?: string | undefined;
}

/** The streams that have been collected, that who asks may see, and that are meant. */
export async function streamsSeen(
  { service }: Pick<Api, 'service'>,
  request: FastifyRequest,
  { connection, dataset }: StreamFilter = {},
): Promise<StreamState[]> {
  const who = whoAsks(request);
  return (await listStreams(service.outbox.store)).filter(
    (one) =>
      maySee(who, one.tenant) &&
      (connection ?? one.connection) === one.connection &&
      (dataset ?? one.dataset) === one.dataset,
  );
}

/** A place in a list as a cursor: `12-3`. Throws QRY8032 for what is none. */
export function numbersOf(cursor: string | undefined, count: number): number[] | undefined {
  if (cursor === undefined) return undefined;
  const numbers = cursor.split('-').map(Number);
  if (numbers.length !== count || !numbers.every((one) => Number.isSafeInteger(one) && one >= 0))
    throw new QuarryError('QRY8032', { what: 'The cursor is none of this list.', where: 'cursor' });
  return numbers;
}

/** Whether all of a list is wanted, a line each. */
export const wantsLines = ({ headers }: FastifyRequest): boolean =>
  (headers.accept ?? '').includes('application/x-ndjson');

/** Sends all pages of a list, an item a line, as fast as they are read. */
export function sendLines<Item>(
  reply: FastifyReply,
  page: (cursor: string | undefined) => Promise<{ items: readonly Item[]; next_cursor: string | null }>,
): never {
  async function* lines() {
    for (let cursor: string | undefined; ; ) {
      const { items, next_cursor } = await page(cursor);
      if (items.length > 0) yield items.map((item) => `${JSON.stringify(item)}\n`).join('');
      if (next_cursor === null) return;
      cursor = next_cursor;
    }
  }
  return reply.type('application/x-ndjson').send(Readable.from(lines())) as never;
}

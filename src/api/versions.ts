import type { FastifyRequest } from 'fastify';
import { QuarryError } from '../core/errors.ts';

/** `If-Match: "3"` → 3; undefined where any version may be changed. Throws QRY8032. */
export function versionOf({ headers }: Pick<FastifyRequest, 'headers'>): number | undefined {
  const text = headers['if-match'];
  if (text === undefined || text === '*') return undefined;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(text)?.[1];
  if (version === undefined)
    throw new QuarryError('QRY8032', { what: 'If-Match is not an ETag of this API.', where: 'if-match' });
  return Number(version);
}

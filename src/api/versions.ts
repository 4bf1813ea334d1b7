import type { FastifyReply, FastifyRequest } from 'fastify';
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

/** The same, with its version as the ETag that If-Match names. */
export function tagged<View extends { readonly version?: number | undefined }>(
  reply: Pick<FastifyReply, 'header'>,
  view: View,
): View {
  if (view.version !== undefined) void reply.header('etag', `"${view.version}"`);
  return view;
}

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from './problems.ts';

/** A problem as a page, where a browser came on its own and not our page's script. */
export function sendProblemPage(
  thrown: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, body } = problemOf(thrown, request);
  if (status >= 500) request.log.error({ err: thrown }, 'a request failed');
  const { title, detail, fix, code } = body;
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .send(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>
<h1>${escaped(title)}</h1>
<p>${escaped(detail)}</p>
<p>${escaped(fix)}</p>
<p><a href="/">Back to the sign-in page</a> (${code})</p></html>
`);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign]!);

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { problemsOf } from '../config/problems.ts';
import { CATALOGUE, type ErrorCode } from '../core/catalogue.ts';
import { asQuarryError, QuarryError } from '../core/errors.ts';

/** RFC 9457: what went wrong, as every route answers it. */
export const problem = z
  .object({
    type: z.string().meta({ description: 'The page of the error code.' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().meta({ description: 'What happened, with the particulars.' }),
    code: z.string().meta({ description: 'A stable code of the catalogue.' }),
    fix: z.string().meta({ description: 'What to do.' }),
    where: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    request_id: z.string(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

/** Statuses of codes that do not follow from what happens next. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  QRY6002: 404,
  QRY6003: 404,
  QRY6004: 400,
  QRY6011: 409,
  QRY6020: 400,
  QRY6021: 400,
  QRY8001: 400,
  QRY8002: 409,
  QRY8003: 404,
  QRY8004: 412,
  QRY8005: 409,
  QRY8006: 401,
  QRY8007: 429,
  QRY8008: 401,
  QRY8020: 400,
  QRY8021: 409,
  QRY8022: 409,
  QRY8023: 422,
  QRY8024: 422,
  QRY8030: 401,
  QRY8031: 403,
  QRY8032: 400,
  QRY8033: 404,
  QRY8034: 422,
  QRY8035: 409,
  QRY8041: 401,
  QRY8042: 403,
};

export function statusOf(error: QuarryError): number {
  const known = STATUS[error.code];
  if (known !== undefined) return known;
  // The configuration as it would become: what was sent is wrong.
  if (error.code.startsWith('QRY1')) return 422;
  // A code of ours for something of Qualys's: the server in the middle could not.
  if (error.code.startsWith('QRY2')) return 502;
  return error.code.startsWith('QRY9') ? 500 : error.next === 'retry' ? 503 : 500;
}

/** Sends what a handler threw. What is a defect of ours is logged whole and told without its insides. */
export function sendProblem(thrown: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, body } = problemOf(thrown, request);
  if (status >= 500) request.log.error({ err: thrown }, 'a request failed');
  const waitMs = thrown instanceof QuarryError ? thrown.waitMs : undefined;
  if (waitMs !== undefined) void reply.header('retry-after', Math.ceil(waitMs / 1000));
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  return reply.code(status).type('application/problem+json').send(JSON.stringify(body));
}

export function problemOf(thrown: FastifyError | Error, request: FastifyRequest): { status: number; body: Problem } {
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const errors = thrown.validation.map(({ instancePath, message }) => ({
      path: instancePath.replace(/^\//, '').replaceAll('/', '.'),
      message: message ?? 'not as expected',
    }));
    const what = `The request is not as expected: ${errors.map(({ path, message }) => `${path || thrown.validationContext}: ${message}`).join('; ')}`;
    return said(new QuarryError('QRY8032', { what }), 400, request, errors);
  }
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined;
  if (!(thrown instanceof QuarryError) && status !== undefined && status < 500)
    return said(new QuarryError('QRY8032', { what: thrown.message }), status, request);
  const error = asQuarryError(thrown);
  const problems = problemsOf(error).map(({ path, message }) => ({ path, message }));
  if (problems.length > 0) return said(error, 422, request, problems);
  const defect = error.code === 'QRY9001';
  // A stranger's message may hold anything.
  return said(
    defect ? new QuarryError('QRY9001', { what: 'Something failed inside Quarry; its log says what.' }) : error,
    statusOf(error),
    request,
  );
}

/** Explains every code; see `errors-page.ts`. */
export const ERRORS_PAGE = '/docs/errors';

function said(
  error: QuarryError,
  status: number,
  request: FastifyRequest,
  errors?: Problem['errors'],
): { status: number; body: Problem } {
  const { code, message: detail, fix, where } = error;
  const body = {
    type: `${ERRORS_PAGE}#${code.toLowerCase()}`,
    title: CATALOGUE[code].title,
    status,
    detail,
    code,
    fix,
    where,
    errors,
    request_id: request.id,
  };
  return { status, body };
}

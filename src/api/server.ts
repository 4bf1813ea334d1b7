import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import files from '@fastify/static';
import swagger from '@fastify/swagger';
import fastify, { type FastifyReply, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { forgetAudit } from '../accounts/audit.ts';
import { forgetAnswers } from '../accounts/kept-answers.ts';
import { QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { addAccess } from './access.ts';
import { ANYBODY, type Api, type App } from './context.ts';
import { errorsPage } from './errors-page.ts';
import { addOnce } from './once.ts';
import { ERRORS_PAGE, sendProblem } from './problems.ts';
import { ROUTES } from './routes/routes.ts';

export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly api: Api;
  readonly log: Log;
  /** The folder of the built page; without it, a few lines that say how to build it. */
  readonly webDir?: string | undefined;
}

/** 1 MiB: the largest thing anybody sends is a certificate or a list of data sets. */
const BODY_LIMIT = 1 << 20;
const HEADERS_MS = 30_000;
/** The trail of changes is kept for more than a year; what is older goes at the start and once a day. */
const AUDIT_MS = 400 * 86_400_000;
const DAY_MS = 86_400_000;

/** Styles may stand in the page: its components write them; scripts come from here alone. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Quarry</title>
<h1>Quarry is collecting</h1>
<p>The web page is not built here: <code>npm run build:web</code> builds it. The API is at <a href="/api/openapi.json">/api/openapi.json</a>.</p></html>
`;

/** The server with all its routes, not listening yet. */
export async function buildServer({ api, log, webDir }: Omit<ServerOptions, 'listen'>): Promise<App> {
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: HEADERS_MS,
    routerOptions: { maxParamLength: 300 },
    genReqId: () => randomUUID(),
    loggerInstance: fastifyLog(log),
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
  }).withTypeProvider<ZodTypeProvider>() as unknown as App;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  // Many clients name the type of a body that is not there.
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body, done);
  });
  // No body is an empty one.
  app.addHook('preValidation', async (request) => {
    request.body ??= {};
  });
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler({}, (request, reply) => {
    if (
      request.method === 'GET' &&
      webDir !== undefined &&
      !request.url.startsWith('/api') &&
      existsSync(join(webDir, 'index.html'))
    )
      return reply.type('text/html').header('cache-control', 'no-cache').sendFile('index.html');
    return sendProblem(
      new QuarryError('QRY8033', { what: `There is nothing at ${request.url.split('?')[0]}.` }),
      request,
      reply,
    );
  });
  app.addHook('onSend', async (request, reply) => {
    void reply.headers(HEADERS).header('x-request-id', request.id);
    if (request.url.startsWith('/api') && reply.getHeader('cache-control') === undefined)
      void reply.header('cache-control', 'no-store');
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Quarry',
        description: 'Connections, pulls, delivery and the inventory.',
        version: api.service.version,
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'A token: `quarry user token`.' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'quarry_session',
            description: 'Writes carry x-csrf-token besides.',
          },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    transform: withAccess,
    transformObject: jsonSchemaTransformObject,
  });
  const hasPage = webDir !== undefined && existsSync(join(webDir, 'index.html'));
  // Before the rule that every route says who may use it: the page's files are anybody's.
  if (hasPage) await app.register(files, { root: webDir, cacheControl: false, setHeaders: cacheByName });
  addAccess(app, api.accounts, api.service.clock);
  addOnce(app, api);
  for (const add of ROUTES) add(app, api);
  app.get('/api/openapi.json', { config: ANYBODY, schema: { hide: true } }, async () => app.swagger());
  app.get(ERRORS_PAGE, { config: ANYBODY, schema: { hide: true } }, (_, reply) =>
    reply.type('text/html; charset=utf-8').send(errorsPage()),
  );
  if (!hasPage)
    app.get('/', { config: ANYBODY, schema: { hide: true } }, (_, reply) =>
      reply.type('text/html; charset=utf-8').send(PAGE),
    );
  await app.ready();
  return app;
}

/** The document says of each route who may use it, `x-role` and `x-scope`, and which headers mean something there. */
const withAccess: typeof jsonSchemaTransform = (route) => {
  const { url, schema } = jsonSchemaTransform(route);
  const { access, versioned = false } = route.route.config ?? {};
  if (access === undefined || (schema as { hide?: boolean }).hide === true) return { url, schema };
  const open = access.role === 'anybody' ? { security: [] } : {};
  const once = route.route.method === 'POST' && access.role !== 'anybody';
  const properties = { ...(once ? ONCE : {}), ...(versioned ? IF_MATCH : {}) };
  const headers = Object.keys(properties).length === 0 ? {} : { headers: { type: 'object', properties } };
  return { url, schema: { ...schema, ...headers, ...open, 'x-role': access.role, 'x-scope': access.scope } };
};

const ONCE = {
  'idempotency-key': {
    type: 'string',
    description: 'Asked again with the same key within a day, it is answered as before and not done again.',
  },
};
const IF_MATCH = {
  'if-match': { type: 'string', description: 'The ETag that was read: refused with 412 when it has changed since.' },
};

/** Starts it. Throws QRY6010 when the address is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port } = options.listen;
  const { accounts, service } = options.api;
  const forget = async (): Promise<void> => {
    const now = service.clock.now();
    await forgetAudit(accounts.store, now - AUDIT_MS);
    await forgetAnswers(accounts.store, now);
  };
  const tidy = (): void =>
    void forget().catch((error: unknown) => {
      options.log.warn('old entries of the audit log and old answers could not be removed', { what: String(error) });
    });
  const app = await buildServer(options);
  const daily = setInterval(tidy, DAY_MS);
  daily.unref();
  tidy();
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw new QuarryError('QRY6010', { what: (error as Error).message, where: `${host}:${port}` });
  }
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/`,
    close: () => {
      clearInterval(daily);
      return app.close();
    },
  };
}

/** Files named by their content never change; the page itself is asked for again. */
function cacheByName(reply: FastifyReply, path: string): void {
  void reply.header(
    'cache-control',
    /[\\/]assets[\\/]/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
  );
}

/** Our log in the form Fastify wants. */
function fastifyLog(log: Log) {
  const say =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: unknown, msg?: string): void => {
      const err = typeof fields === 'object' && fields !== null && 'err' in fields ? fields.err : undefined;
      if (msg !== undefined) log[level](msg, err === undefined ? {} : { error: err });
      else if (typeof fields === 'string') log[level](fields);
    };
  const made = {
    level: 'info',
    trace: () => {},
    debug: () => {},
    info: () => {},
    warn: say('warn'),
    error: say('error'),
    fatal: say('error'),
    silent: () => {},
    child: () => made,
  };
  return made as never;
}

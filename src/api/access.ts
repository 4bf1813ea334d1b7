import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Accounts } from '../accounts/accounts.ts';
import type { Actor } from '../accounts/audit.ts';
import { type Session, sessionOf } from '../accounts/sessions.ts';
import { bearerOf } from '../accounts/tokens.ts';
import { atLeast, maySee, type Principal, type Role, type Scope } from '../accounts/words.ts';
import type { Clock } from '../core/clock.ts';
import { QuarryError } from '../core/errors.ts';

/** Who may use a route; every route says it, and the OpenAPI document repeats it. */
export interface Access {
  /** The least role; `anybody` for what must be reached before signing in. */
  readonly role: Role | 'anybody';
  /** What a token must be made for. */
  readonly scope: Scope;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** What it changes has a version, which If-Match may name. */
    versioned?: boolean;
  }
  interface FastifyRequest {
    principal: Principal | undefined;
    session: Session | undefined;
  }
}

export const COOKIE = 'quarry_session';
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Every request is somebody's, or refused: routes without a word on who may use them cannot be made. */
export function addAccess(app: FastifyInstance, accounts: Accounts, clock: Clock): void {
  app.decorateRequest('principal', undefined);
  app.decorateRequest('session', undefined);
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.access === undefined) throw new Error(`the route ${url} does not say who may use it`);
  });
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access;
    await identify(request, accounts, clock.now());
    if (access === undefined || access.role === 'anybody') return;
    const { principal, session } = request;
    if (principal === undefined) throw new QuarryError('QRY8030', { what: 'Sign in first.' });
    if (session !== undefined && !SAFE.has(request.method) && request.headers['x-csrf-token'] !== session.csrf)
      throw new QuarryError('QRY8031', { what: 'The request does not carry the token of its session (x-csrf-token).' });
    if (!atLeast(principal.role, access.role))
      throw new QuarryError('QRY8031', {
        what: `This needs the role ${access.role}; ${principal.login} is ${principal.role}.`,
      });
    if (!principal.scopes.includes(access.scope))
      throw new QuarryError('QRY8031', { what: `This needs a token with the scope ${access.scope}.` });
  });
}

async function identify(request: FastifyRequest, { store }: Accounts, now: number): Promise<void> {
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) {
    request.principal = await bearerOf(store, bearer, now);
    if (request.principal === undefined)
      throw new QuarryError('QRY8030', { what: 'The token is not good (any more).' });
    return;
  }
  const ticket = cookieOf(request);
  if (ticket === undefined) return;
  request.session = await sessionOf(store, ticket, now);
  request.principal = request.session?.principal;
}

/** The session's ticket, from its cookie; or what another cookie holds. */
export function cookieOf({ headers }: Pick<FastifyRequest, 'headers'>, name = COOKIE): string | undefined {
  const cookies = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return cookies.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) || undefined;
}

/** Who asks; a route with a role always has somebody. */
export function whoAsks({ principal }: FastifyRequest): Principal {
  if (principal === undefined) throw new QuarryError('QRY8030', { what: 'Sign in first.' });
  return principal;
}

export const actorOf = (request: FastifyRequest): Actor => ({
  actor: request.principal?.login ?? '(nobody)',
  address: request.ip,
});

/**
 * What is whose: a thing of another tenant is as if it were not there, so that ids tell nothing. Throws QRY8033.
 */
export function wall(request: FastifyRequest, tenant: string | undefined, what: string): void {
  if (tenant === undefined || !maySee(whoAsks(request), tenant))
    throw new QuarryError('QRY8033', { what: `There is no ${what}.` });
}

/** For what concerns the whole installation. Throws QRY8031. */
export function allTenants(request: FastifyRequest): void {
  if (whoAsks(request).tenants !== '*')
    throw new QuarryError('QRY8031', { what: 'This concerns all tenants, and you see only some.' });
}

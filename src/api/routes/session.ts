import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { useFirstLink } from '../../accounts/first-run.ts';
import { closeSession, LONGEST_MS, type NewSession, signIn } from '../../accounts/sessions.ts';
import type { User } from '../../accounts/users.ts';
import { QuarryError } from '../../core/errors.ts';
import { reveal, Secret } from '../../core/secret.ts';
import { actorOf, COOKIE, cookieOf } from '../access.ts';
import { ANYBODY, type Routes, VIEWER } from '../context.ts';

const user = z
  .object({
    id: z.string(),
    login: z.string(),
    name: z.string(),
    role: z.enum(['viewer', 'operator', 'admin']),
    tenants: z.union([z.literal('*'), z.array(z.string())]),
  })
  .meta({ id: 'SignedIn' });
const session = z
  .object({ user, csrf_token: z.string().meta({ description: 'What writes carry as x-csrf-token.' }) })
  .meta({ id: 'Session' });
const text = z.string().min(1).max(1024);

/** Signing in and out. */
export const sessionRoutes: Routes = (app, { accounts, service, demo = false }) => {
  const { store } = accounts;
  const now = () => service.clock.now();
  const tags = ['session'];

  app.post(
    '/api/v1/session',
    {
      config: ANYBODY,
      schema: { summary: 'Sign in', tags, body: z.object({ login: text, password: text }), response: { 200: session } },
    },
    async (request, reply) => {
      const { login, password } = request.body;
      return opened(reply, request.protocol, await signIn(store, login, new Secret(password), request.ip, now()));
    },
  );
  app.post(
    '/api/v1/session/first',
    {
      config: ANYBODY,
      schema: {
        summary: 'Use the one-time link of the first run',
        tags,
        body: z.object({ token: text, login: text.optional(), password: text.optional() }),
        response: { 200: session },
      },
    },
    async (request, reply) => {
      const { token, login = 'admin', password } = request.body;
      // Who got in without one could never come back; the link stays good.
      if (password === undefined && !demo)
        throw new QuarryError('QRY8001', { what: 'The first administrator needs a password.', where: 'password' });
      const admin = { login, ...(password === undefined ? {} : { password: new Secret(password) }) };
      return opened(reply, request.protocol, await useFirstLink(store, token, admin, request.ip, now()));
    },
  );
  app.get(
    '/api/v1/session',
    { config: VIEWER, schema: { summary: 'Who is signed in', tags, response: { 200: session } } },
    (request) => {
      if (request.session === undefined) throw new QuarryError('QRY8030', { what: 'A token has no session.' });
      return { user: shown(request.session.user), csrf_token: request.session.csrf };
    },
  );
  app.delete(
    '/api/v1/session',
    { config: VIEWER, schema: { summary: 'Sign out', tags, response: { 204: z.null() } } },
    async (request, reply) => {
      const ticket = cookieOf(request);
      if (ticket !== undefined) await closeSession(store, ticket, actorOf(request), now());
      return reply
        .header('set-cookie', cookie('', request.protocol, 0))
        .code(204)
        .send(null);
    },
  );
};

function opened(reply: FastifyReply, protocol: string, { ticket, csrf, user: who }: NewSession) {
  void reply.header('set-cookie', cookie(reveal(ticket), protocol, LONGEST_MS / 1000));
  return { user: shown(who), csrf_token: csrf };
}

export const cookie = (value: string, protocol: string, seconds: number): string =>
  `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${protocol === 'https' ? '; Secure' : ''}`;

const shown = ({ id, login, name, role, tenants }: User) => ({
  id,
  login,
  name,
  role,
  tenants: tenants === '*' ? tenants : [...tenants],
});

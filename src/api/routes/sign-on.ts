import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type IdentityProvider, identityProvider } from '../../accounts/identity-provider.ts';
import { LONGEST_MS } from '../../accounts/sessions.ts';
import { newSignOn, signOn, TICKET_MS, useSignOn } from '../../accounts/sign-on.ts';
import { QuarryError } from '../../core/errors.ts';
import { reveal, Secret } from '../../core/secret.ts';
import { cookieOf } from '../access.ts';
import { ANYBODY, type Routes } from '../context.ts';
import { sendProblemPage } from '../problem-page.ts';
import { sendProblem } from '../problems.ts';
import { cookie } from './session.ts';

const AREA = '/api/v1/session/oidc';
const TICKET = 'quarry_sign_on';

const ways = z
  .object({
    password: z.boolean(),
    oidc: z.object({ title: z.string().meta({ description: 'What people call the provider.' }) }).nullable(),
  })
  .meta({ id: 'WaysToSignIn' });

/** Signing in through an identity provider: the browser leaves at start and comes back at callback. */
export const signOnRoutes: Routes = (app, { accounts: { store }, service, oidc }) => {
  const now = () => service.clock.now();
  const tags = ['session'];
  app.get(
    '/api/v1/session/ways',
    { config: ANYBODY, schema: { summary: 'How people may sign in', tags, response: { 200: ways } } },
    () => ({ password: true, oidc: oidc === undefined ? null : { title: oidc.title } }),
  );
  const known = oidc === undefined ? undefined : { oidc, asking: identityProvider(oidc, now) };
  const provider = () => {
    if (known === undefined) throw new QuarryError('QRY8033', { what: 'Single sign-on is not set up here.' });
    return known;
  };
  // A look ahead (HEAD) must not use up what is good once.
  const door = { config: ANYBODY, exposeHeadRoute: false, errorHandler: sendToBrowser };

  app.get(
    `${AREA}/start`,
    { ...door, schema: { summary: 'Go to the identity provider', tags } },
    async (request, reply) => {
      const { oidc, asking } = provider();
      const back = redirectUrl(oidc, request);
      const ticket = await newSignOn(store, now());
      const url = await asking.start(ticket, back);
      return reply.header('set-cookie', ticketCookie(reveal(ticket), back, TICKET_MS / 1000)).redirect(url, 303);
    },
  );
  app.get(
    `${AREA}/callback`,
    { ...door, schema: { summary: 'Come back from the identity provider', tags } },
    async (request, reply) => {
      const { oidc, asking } = provider();
      const held = cookieOf(request, TICKET);
      if (held === undefined)
        throw new QuarryError('QRY8041', {
          what: 'No sign-in was begun in this browser, or it was begun too long ago.',
        });
      const ticket = new Secret(held);
      await useSignOn(store, ticket, now());
      const back = redirectUrl(oidc, request);
      const query = request.url.slice(request.url.indexOf('?') + 1);
      const person = await asking.finish(ticket, back, query);
      const session = await signOn(store, person, oidc.roles, request.ip, now());
      const own = cookie(reveal(session.ticket), new URL(back).protocol.slice(0, -1), LONGEST_MS / 1000);
      return reply.header('set-cookie', [own, ticketCookie('', back, 0)]).redirect('/', 303);
    },
  );
};

/** Where the provider sends people back to; as the configuration says, or to the address they asked. */
const redirectUrl = (oidc: IdentityProvider, { protocol, host }: FastifyRequest): string =>
  oidc.redirectUrl ?? `${protocol}://${host}${AREA}/callback`;

/** Lax: it must come along when the provider sends the browser back. */
const ticketCookie = (value: string, back: string, seconds: number): string =>
  `${TICKET}=${value}; Path=${AREA}; HttpOnly; SameSite=Lax; Max-Age=${seconds}${back.startsWith('https:') ? '; Secure' : ''}`;

/** People see a page, programs the problem. */
function sendToBrowser(thrown: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const people = /\btext\/html\b/.test(request.headers.accept ?? '');
  return people ? sendProblemPage(thrown, request, reply) : sendProblem(thrown, request, reply);
}

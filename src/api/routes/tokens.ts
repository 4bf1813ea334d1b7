import { z } from 'zod';
import { type ApiToken, addToken, listTokens, removeToken } from '../../accounts/tokens.ts';
import { listUsers } from '../../accounts/users.ts';
import { SCOPES } from '../../accounts/words.ts';
import { QuarryError } from '../../core/errors.ts';
import { reveal } from '../../core/secret.ts';
import { actorOf, whoAsks } from '../access.ts';
import { isoTime, pageFrom, pageOf, paging, type Routes, SELF, time, VIEWER } from '../context.ts';

const scopes = z.array(z.enum(SCOPES)).min(1);
export const tokenView = z
  .object({
    id: z.string(),
    user: z.string().meta({ description: 'The login it speaks for.' }),
    prefix: z.string().meta({ description: 'Its first characters; the rest was shown once.' }),
    name: z.string(),
    scopes,
    created: time.nullable(),
    expires: time.nullable(),
    last_used: time.nullable(),
  })
  .meta({ id: 'Token' });
const tags = ['tokens'];

/** Tokens of who asks; an administrator of all tenants sees and removes everybody's. */
export const tokenRoutes: Routes = (app, { accounts: { store }, service }) => {
  const now = () => service.clock.now();
  const logins = async () => new Map((await listUsers(store)).map(({ id, login }) => [id, login]));
  app.get(
    '/api/v1/tokens',
    {
      config: VIEWER,
      schema: {
        summary: 'Tokens',
        tags,
        querystring: z.object({ ...paging, all: z.enum(['true', 'false']).default('false') }),
        response: { 200: pageOf(tokenView) },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const all = request.query.all === 'true' && isKeeper(who);
      const names = await logins();
      const found = await listTokens(store, all ? undefined : who.id);
      return pageFrom(
        found.map((token) => shown(token, names)),
        request.query,
      );
    },
  );
  app.post(
    '/api/v1/tokens',
    {
      config: SELF,
      schema: {
        summary: 'Make a token of one’s own; the secret is shown this once',
        tags,
        body: z.object({
          name: z.string().min(1).max(128),
          scopes: scopes.default(['read']),
          expires: z.iso.datetime().optional(),
        }),
        response: { 201: tokenView.extend({ secret: z.string() }).meta({ id: 'NewToken' }) },
      },
    },
    async (request, reply) => {
      const who = whoAsks(request);
      const { name, scopes: wanted, expires } = request.body;
      const until = expires === undefined ? undefined : Date.parse(expires);
      if (until !== undefined && until <= now())
        throw new QuarryError('QRY8032', { what: 'The token would have expired already.', where: 'expires' });
      const made = await addToken(
        store,
        { account: who.id, name, scopes: wanted, expires: until },
        actorOf(request),
        now(),
      );
      return reply.code(201).send({ ...shown(made.token, await logins()), secret: reveal(made.secret) });
    },
  );
  app.delete(
    '/api/v1/tokens/:id',
    {
      config: SELF,
      schema: {
        summary: 'Remove a token: it is not good from now on',
        tags,
        params: z.object({ id: z.string().max(128) }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const who = whoAsks(request);
      await removeToken(store, request.params.id, isKeeper(who) ? undefined : who.id, actorOf(request), now());
      return reply.code(204).send(null);
    },
  );
};

const isKeeper = ({ role, tenants }: ReturnType<typeof whoAsks>): boolean => role === 'admin' && tenants === '*';

const shown = (
  { account, expires, lastUsed, created, scopes: own, ...token }: ApiToken,
  logins: ReadonlyMap<string, string>,
): z.infer<typeof tokenView> => ({
  ...token,
  user: logins.get(account) ?? account,
  scopes: [...own],
  created: isoTime(created),
  expires: isoTime(expires),
  last_used: isoTime(lastUsed),
});

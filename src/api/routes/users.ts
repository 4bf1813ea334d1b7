import { z } from 'zod';
import { addUser, changeUser, listUsers, removeUser, setPassword, type User } from '../../accounts/users.ts';
import { ROLES } from '../../accounts/words.ts';
import { QuarryError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import { actorOf, allTenants } from '../access.ts';
import { ADMIN, isoTime, pageFrom, pageOf, paging, type Routes, time, versioned } from '../context.ts';
import { tagged, versionOf } from '../versions.ts';

const tenants = z
  .union([z.literal('*'), z.array(z.string().regex(/^[\w.-]{1,64}$/)).max(1000)])
  .meta({ description: 'Whose data they may see: every tenant’s, or those named.' });
const role = z.enum(ROLES);
const password = z.string().max(1024);
export const userView = z
  .object({
    id: z.string(),
    login: z.string(),
    name: z.string(),
    role,
    tenants,
    disabled: z.boolean(),
    has_password: z.boolean(),
    version: z.number().int(),
    created: time.nullable(),
    last_sign_in: time.nullable(),
  })
  .meta({ id: 'User' });
const tags = ['users'];
const one = z.object({ id: z.string().max(64) });

/** People who may sign in: a matter of the whole installation. */
export const userRoutes: Routes = (app, { accounts: { store }, service }) => {
  const now = () => service.clock.now();
  app.get(
    '/api/v1/users',
    {
      config: ADMIN,
      schema: { summary: 'All users', tags, querystring: z.object(paging), response: { 200: pageOf(userView) } },
    },
    async (request) => {
      allTenants(request);
      return pageFrom((await listUsers(store)).map(shown), request.query);
    },
  );
  app.post(
    '/api/v1/users',
    {
      config: ADMIN,
      schema: {
        summary: 'Add a user',
        tags,
        body: z.object({
          login: z.string().min(1).max(128),
          name: z.string().max(128).optional(),
          role,
          tenants: tenants.default([]),
          password: password.optional(),
          subject: z.string().max(255).optional().meta({ description: 'The identity provider’s name for the person.' }),
        }),
        response: { 201: userView },
      },
    },
    async (request, reply) => {
      allTenants(request);
      const { password: text, ...rest } = request.body;
      const user = { ...rest, ...(text === undefined ? {} : { password: new Secret(text) }) };
      return reply.code(201).send(tagged(reply, shown(await addUser(store, user, actorOf(request), now()))));
    },
  );
  app.get(
    '/api/v1/users/:id',
    { config: ADMIN, schema: { summary: 'One user', tags, params: one, response: { 200: userView } } },
    async (request, reply) => {
      allTenants(request);
      const found = (await listUsers(store)).find(({ id }) => id === request.params.id);
      if (found === undefined) throw new QuarryError('QRY8033', { what: `There is no user ${request.params.id}.` });
      return tagged(reply, shown(found));
    },
  );
  app.patch(
    '/api/v1/users/:id',
    {
      config: versioned(ADMIN),
      schema: {
        summary: 'Change a user',
        tags,
        params: one,
        body: z.object({
          name: z.string().max(128).optional(),
          role: role.optional(),
          tenants: tenants.optional(),
          disabled: z.boolean().optional(),
        }),
        response: { 200: userView },
      },
    },
    async (request, reply) => {
      allTenants(request);
      const version = versionOf(request);
      const user = await changeUser(store, request.params.id, version, request.body, actorOf(request), now());
      return tagged(reply, shown(user));
    },
  );
  app.delete(
    '/api/v1/users/:id',
    {
      config: versioned(ADMIN),
      schema: {
        summary: 'Remove a user, with sessions and tokens',
        tags,
        params: one,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      allTenants(request);
      await removeUser(store, request.params.id, versionOf(request), actorOf(request), now());
      return reply.code(204).send(null);
    },
  );
  app.post(
    '/api/v1/users/:id/password',
    {
      config: ADMIN,
      schema: {
        summary: 'Set a new password; the user’s sessions end',
        tags,
        params: one,
        body: z.object({ password }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      allTenants(request);
      await setPassword(store, request.params.id, new Secret(request.body.password), actorOf(request), now());
      return reply.code(204).send(null);
    },
  );
};

const shown = ({ hasPassword, lastSignIn, created, tenants: own, ...user }: User): z.infer<typeof userView> => ({
  ...user,
  tenants: own === '*' ? own : [...own],
  has_password: hasPassword,
  created: isoTime(created),
  last_sign_in: isoTime(lastSignIn),
});

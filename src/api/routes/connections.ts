import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { partSecrets, type Settings } from '../../accounts/connection-secrets.ts';
import {
  addConnection,
  changeConnection,
  duplicateConnection,
  removeConnection,
  storedSections,
} from '../../accounts/connections.ts';
import { maySee } from '../../accounts/words.ts';
import { QuarryError } from '../../core/errors.ts';
import { actorOf, wall, whoAsks } from '../access.ts';
import { connectionDetail, connectionDetails, connectionView, connectionViews } from '../connection-view.ts';
import { type Api, OPERATOR, pageFrom, pageOf, paging, type Routes, VIEWER, versioned, WRITER } from '../context.ts';
import { checkGiven } from '../given-settings.ts';
import { tagged, versionOf } from '../versions.ts';

const id = z.string().regex(/^[a-z0-9_-]{1,64}$/, '1 to 64 of a-z, 0-9, _ and -');
const settings = z
  .record(z.string(), z.unknown())
  .meta({ description: 'As under connections in the file: username, password, datasets …' });
const texts = {
  name: z.string().min(1).max(128).optional(),
  notes: z.string().max(250).optional(),
  run_on: z.string().max(64).optional(),
};
const one = z.object({ id });
const tags = ['connections'];

/** Connections as people manage them. Those of the file are shown and run; only those made here can be changed here. */
export const connectionRoutes: Routes = (app, api) => {
  const { service, accounts } = api;
  const { store, keys } = accounts;
  const now = () => service.clock.now();

  app.get(
    '/api/v1/connections',
    {
      config: VIEWER,
      schema: {
        summary: 'All connections',
        tags,
        querystring: z.object(paging),
        response: { 200: pageOf(connectionView) },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      return pageFrom(
        (await connectionViews(api)).filter(({ tenant }) => maySee(who, tenant)),
        request.query,
      );
    },
  );
  app.post(
    '/api/v1/connections',
    {
      config: WRITER,
      schema: {
        summary: 'Add a connection; it is active at once',
        tags,
        body: z.object({
          id,
          tenant: z
            .string()
            .regex(/^[\w.-]{1,64}$/)
            .optional(),
          ...texts,
          paused: z.boolean().default(false),
          settings,
        }),
        response: { 201: connectionDetail },
      },
    },
    async (request, reply) => {
      const { id: name, tenant = name, run_on: runOn, settings: given, ...rest } = request.body;
      wall(request, tenant, `tenant ${tenant}`);
      if (service.config().connections.has(name))
        throw new QuarryError('QRY8002', { what: `There is a connection ${name} already.`, where: 'id' });
      await tryOut(api, name, { ...given, tenant });
      await addConnection(store, keys, { id: name, tenant, runOn, settings: given, ...rest }, actorOf(request), now());
      await service.reload();
      return reply.code(201).send(tagged(reply, await detail(api, request, name)));
    },
  );
  app.get(
    '/api/v1/connections/:id',
    { config: VIEWER, schema: { summary: 'One connection', tags, params: one, response: { 200: connectionDetail } } },
    async (request, reply) => tagged(reply, await detail(api, request, request.params.id)),
  );
  app.patch(
    '/api/v1/connections/:id',
    {
      config: versioned(WRITER),
      schema: {
        summary: 'Change a connection; secrets that are not given stay',
        description: 'Id, tenant and platform stay as they were made.',
        tags,
        params: one,
        body: z.object({ ...texts, settings: settings.optional() }),
        response: { 200: connectionDetail },
      },
    },
    async (request, reply) => {
      const before = await own(api, request);
      const { run_on: runOn, settings: given, ...rest } = request.body;
      if (given !== undefined) {
        const known = (await storedSections(store, keys))[before.id];
        const { open, secrets } = partSecrets(given);
        const kept = known === undefined ? new Map<string, unknown>() : partSecrets(known).secrets;
        await tryOut(api, before.id, filled({ ...open, tenant: before.tenant }, new Map([...kept, ...secrets])));
      }
      await changeConnection(
        store,
        keys,
        before.id,
        versionOf(request),
        { ...rest, runOn, settings: given },
        actorOf(request),
        now(),
      );
      await service.reload();
      return tagged(reply, await detail(api, request, before.id));
    },
  );
  app.delete(
    '/api/v1/connections/:id',
    {
      config: versioned(WRITER),
      schema: {
        summary: 'Delete a connection; what it collected stays',
        tags,
        params: one,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const before = await own(api, request);
      await removeConnection(store, before.id, versionOf(request), actorOf(request), now());
      await service.reload();
      return reply.code(204).send(null);
    },
  );
  app.post(
    '/api/v1/connections/:id/duplicate',
    {
      config: WRITER,
      schema: {
        summary: 'A copy under another id, secrets included; paused',
        tags,
        params: one,
        body: z.object({ id, name: texts.name }),
        response: { 201: connectionDetail },
      },
    },
    async (request, reply) => {
      const before = await own(api, request);
      await duplicateConnection(store, keys, before.id, request.body, actorOf(request), now());
      return reply.code(201).send(tagged(reply, await detail(api, request, request.body.id)));
    },
  );
  for (const [verb, paused, summary] of [
    ['pause', true, 'Stop collecting; the page under way is finished'],
    ['resume', false, 'Go on where it was'],
  ] as const)
    app.post(
      `/api/v1/connections/:id/${verb}`,
      { config: versioned(WRITER), schema: { summary, tags, params: one, response: { 200: connectionDetail } } },
      async (request, reply) => {
        const { id: name } = await own(api, request as never);
        await changeConnection(store, keys, name, versionOf(request), { paused }, actorOf(request), now());
        await service.reload();
        return tagged(reply, await detail(api, request as never, name));
      },
    );
  app.post(
    '/api/v1/connections/:id/run',
    {
      config: OPERATOR,
      schema: {
        summary: 'Pull now',
        tags,
        params: one,
        body: z
          .object({ datasets: z.array(z.string()).min(1).optional(), sweep: z.boolean().default(false) })
          .prefault({}),
        response: { 202: z.object({ streams: z.array(z.string()), href: z.string() }) },
      },
    },
    async (request, reply) => {
      const { id: name } = await detail(api, request, request.params.id);
      const { datasets, sweep } = request.body;
      const streams = [...(await service.ask(name, datasets, sweep ? 'sweep' : 'changes'))];
      return reply.code(202).send({ streams, href: `/api/v1/progress/stream?connection=${name}` });
    },
  );
  app.post(
    '/api/v1/connections/:id/terminate',
    {
      config: OPERATOR,
      schema: {
        summary: 'End the pulls under way; their pages stay',
        tags,
        params: one,
        response: { 200: z.object({ streams: z.array(z.string()) }) },
      },
    },
    async (request) => {
      const { id: name } = await detail(api, request, request.params.id);
      return { streams: [...(await service.terminate(name))] };
    },
  );
};

type IdRequest = FastifyRequest<{ Params: { id: string } }>;

/** The connection a request names, if who asks may see it. Throws QRY8033. */
export async function detail(api: Api, request: FastifyRequest, name: string) {
  const found = await connectionDetails(api, name);
  wall(request, found?.tenant, `connection ${name}`);
  return found!;
}

/** The same, for changes: those of the file are changed in the file. Throws QRY8022. */
export async function own(api: Api, request: FastifyRequest) {
  const found = await detail(api, request, (request as IdRequest).params.id);
  if (found.read_only)
    throw new QuarryError('QRY8022', { what: `${found.id} stands in the configuration file.`, where: found.id });
  return found;
}

/** The configuration as it would become is checked whole before anything is kept. Throws QRY1003 and its like. */
async function tryOut(api: Api, name: string, section: Settings): Promise<void> {
  checkGiven(api, section);
  api.load({ ...(await storedSections(api.accounts.store, api.accounts.keys)), [name]: section });
}

function filled(open: Settings, secrets: ReadonlyMap<string, unknown>): Settings {
  const section: Record<string, unknown> = { ...open };
  for (const path of secrets.keys()) {
    const [first, second] = path.split('.');
    // What it is does not matter for the check, only that it is there.
    if (second === undefined) section[first!] = 'set';
    else section[first!] = { ...(section[first!] as object | undefined), [second]: 'set' };
  }
  return section;
}

import { once } from 'node:events';
import Provider from 'oidc-provider';

/** Someone at the provider; `sub` is who they are, whatever else changes. */
export interface Someone {
  readonly sub: string;
  readonly preferred_username?: string;
  readonly email?: string;
  readonly name?: string;
  readonly groups?: readonly string[];
}

export interface RunningProvider {
  readonly issuer: string;
  /** Who signs in there next, without a page: their password was right. */
  who: Someone;
  /** Everything it gave out that nobody may see: codes and tokens. */
  readonly given: string[];
  stop(): Promise<void>;
}

export const CLIENT = { client_id: 'quarry', client_secret: 'canary-client-secret-0123456789abcdef' };

/**
 * A certified provider on a real socket. Signing in there needs no page, and consent is given. With `inToken` groups
 * and names stand in the ID token, and clients name themselves in a form; else in userinfo alone, and in a header.
 */
export async function startProvider(port: number, redirectUri: string, inToken: boolean): Promise<RunningProvider> {
  const issuer = `http://127.0.0.1:${port}`;
  const method = inToken ? 'client_secret_post' : 'client_secret_basic';
  const given: string[] = [];
  const running = { who: { sub: 'nobody' } as Someone };
  const provider = new Provider(issuer, {
    clients: [
      {
        ...CLIENT,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: method,
      },
    ],
    clientAuthMethods: [method],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email'], profile: ['name', 'preferred_username', 'groups'] },
    conformIdTokenClaims: !inToken,
    cookies: { keys: ['a key of the test'] },
    features: { devInteractions: { enabled: false } },
    ttl: { Session: 1, Grant: 600, Interaction: 600, IdToken: 600, AccessToken: 600 },
    findAccount: (_: unknown, accountId: string) => ({ accountId, claims: () => running.who }),
    interactions: { url: () => '/interaction' },
    loadExistingGrant: async ({ oidc }: { oidc: { session: { accountId: string }; client: { clientId: string } } }) => {
      const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
  provider.use(async (context, next) => {
    if (context.path !== '/interaction') return await next();
    context.respond = false;
    await provider.interactionFinished(context.req, context.res, { login: { accountId: running.who.sub } });
  });
  provider.on('grant.success', (context) => {
    const { body } = context as { body: Record<string, unknown> };
    given.push(String(body['access_token']), String(body['id_token']));
  });
  const server = provider.listen(port, '127.0.0.1', () => {});
  await once(server, 'listening');
  return Object.assign(running, {
    issuer,
    given,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

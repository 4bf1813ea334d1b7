/**
 * `POST /auth` (user and password, form), `/auth/oidc` and `/auth/oauth` (client id and secret as request headers): a
 * raw JWT as text (reference, 1.1 and 1.2). Outside all limits. Status 201 for all three; Qualys states it for `/auth`.
 */
import type { IncomingMessage } from 'node:http';
import type { Exchange } from '../../exchange.ts';
import type { Principal, SignIn } from '../../signin.ts';
import type { SimulatorClient, Tokens } from '../../tokens.ts';
import { gatewayError } from '../rest.ts';
import type { Answer } from '../route.ts';

const PATHS = ['/auth', '/auth/oidc', '/auth/oauth'];

export interface AuthDesk {
  readonly signIn: SignIn;
  readonly tokens: Tokens;
  readonly clients: readonly SimulatorClient[];
  /** Whom a client's token acts for. */
  readonly owner: Principal;
}

export function isAuthPath(path: string): boolean {
  return PATHS.includes(path);
}

export function authAnswer(exchange: Exchange, desk: AuthDesk): Answer {
  const { request, path, params, faults, at } = exchange;
  if (request.method !== 'POST') return gatewayError(exchange, 405, `Request method '${request.method}' not supported`);
  const refused = faults.has('http-401');
  const principal = refused ? undefined : path === '/auth' ? byPassword(params, desk, at) : byClient(request, desk);
  if (principal === undefined || faults.has('error-as-token')) {
    const status = faults.has('error-as-token') ? 201 : 401;
    const said = { authentication_exceptions: ['javax.security.auth.login.FailedLoginException'] };
    return {
      status,
      type: status === 401 ? 'application/json' : 'text/plain;charset=UTF-8',
      rated: false,
      body: [JSON.stringify(said)],
    };
  }
  return { status: 201, type: 'text/plain;charset=UTF-8', rated: false, body: [desk.tokens.issue(principal, at)] };
}

function byPassword(params: ReadonlyMap<string, string>, { signIn }: AuthDesk, now: number): Principal | undefined {
  return signIn.byPassword(params.get('username') ?? '', params.get('password') ?? '', now);
}

function byClient({ headers }: IncomingMessage, { clients, owner }: AuthDesk): Principal | undefined {
  const known = clients.some(
    ({ clientId, clientSecret }) => headers['clientid'] === clientId && headers['clientsecret'] === clientSecret,
  );
  return known ? owner : undefined;
}

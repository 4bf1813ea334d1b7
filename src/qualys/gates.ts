import type { Clock } from '../core/clock.ts';
import type { Call, SignInWay } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { reveal, Secret } from '../core/secret.ts';
import type { Answer } from './answer.ts';
import { basicOf, type Credentials, loginOf, type TokenSource } from './credentials.ts';
import { answerMeans, readShortBody } from './error-body.ts';
import type { Send } from './exchange.ts';
import { type Address, isLoopback, platformByLogin } from './platforms.ts';
import { createPrincipal, createSignIn, type Principal, type Proof, type SignIn, type SignInState } from './sign-in.ts';
import { readToken, type TokenRequest, tokenRequest } from './token.ts';

/** The ways to sign in that a connection has, each behind its probe. */
export type Gates = Partial<Record<SignInWay, SignIn>>;

export interface GatesOptions {
  readonly credentials: Credentials;
  readonly address: Address;
  readonly allowPlainHttp: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly closed: AbortSignal;
  /** The user, where other clients sign in with the same password. */
  readonly principal?: Principal | undefined;
  readonly send: Send;
  /** Makes a call with these credentials, whatever the gates say. */
  readonly call: (call: Call, signal: AbortSignal, authorize: () => Promise<Secret>) => Promise<Answer>;
  readonly onToken: (token: string) => void;
  readonly onSignIn?: ((way: SignInWay, state: SignInState) => void) | undefined;
}

/** v1's `about` needs a login, no licence and no X-Requested-With, and was seen to carry no rate headers. */
const PROBE: Call = { api: 'msp/about', path: '/msp/about.php', method: 'GET', params: {} };
const PROBE_MS = 60_000;

/** A password opens both ways, and is one principal; a source of tokens beside it is another, and gives the tokens. */
export function createGates(options: GatesOptions): Gates {
  const { credentials, address, allowPlainHttp, clock, log } = options;
  const login = loginOf(credentials);
  const { token } = credentials;
  const password = options.principal ?? createPrincipal();
  const gate = (way: SignInWay, principal: Principal, probe: () => Promise<Proof>) => {
    const on = (state: SignInState): void => options.onSignIn?.(way, state);
    return createSignIn({ probe, principal, isRefusal, clock, log, on });
  };

  const gates: Gates = {};
  if (login !== undefined) gates.basic = gate('basic', password, () => probing(PROBE.api, probeBasic));
  if (token?.kind === 'token') {
    const proof = { authorization: `Bearer ${reveal(token.token)}` };
    gates.token = gate('token', createPrincipal(), async () => proof);
  } else if (token !== undefined || login !== undefined) {
    const ask = tokenRequest(
      token === undefined ? { kind: 'login', ...login! } : asked(token),
      address,
      allowPlainHttp,
    );
    const principal = token === undefined ? password : createPrincipal();
    gates.token = gate('token', principal, () => probing(ask.where, (signal) => fetchToken(ask, signal)));
  }
  return gates;

  async function probing(where: string, probe: (signal: AbortSignal) => Promise<Proof>): Promise<Proof> {
    try {
      return await probe(AbortSignal.any([options.closed, AbortSignal.timeout(PROBE_MS)]));
    } catch (thrown) {
      if (thrown instanceof QuarryError || options.closed.aborted) throw thrown;
      throw new QuarryError('QRY2002', { what: `The sign-in was not answered after ${PROBE_MS / 1000} s.`, where });
    }
  }

  async function probeBasic(signal: AbortSignal): Promise<Proof> {
    const authorization = `Basic ${basicOf(login!)}`;
    const answer = await options.call(PROBE, signal, async () => new Secret(authorization));
    const body = await readShortBody(answer);
    const proof: Proof = { authorization, serverTime: answer.serverTime };
    if (answer.status === 200 && body.end?.root === 'ABOUT') return proof;
    const error = withHint(answerMeans(answer, body, PROBE.api), credentials, address);
    // A role without v1 access, or a platform without v1, is no word against the password.
    const elsewhere = answer.status === 403 || answer.status === 404 || error.code === 'QRY2012';
    if (isRefusal(error) || !elsewhere) throw error;
    return proof;
  }

  async function fetchToken(ask: TokenRequest, signal: AbortSignal): Promise<Proof> {
    const answer = await options.send(ask.request, { where: ask.where, signal });
    const body = await readShortBody(answer);
    try {
      const proof = readToken(answer, body, ask, clock.now());
      options.onToken(proof.authorization.replace(/^Bearer /, ''));
      return { ...proof, serverTime: answer.serverTime };
    } catch (thrown) {
      if (!(thrown instanceof QuarryError) || token !== undefined) throw thrown;
      throw withHint(thrown, credentials, address);
    }
  }
}

function asked(token: Exclude<TokenSource, { kind: 'token' }>): Parameters<typeof tokenRequest>[0] {
  if (token.kind === 'identity_provider') return { kind: token.kind, source: token };
  return { kind: token.kind, clientId: token.clientId, clientSecret: reveal(token.clientSecret) };
}

/** Errors that no further call with these credentials can change. */
export function isRefusal(error: unknown): error is QuarryError {
  return error instanceof QuarryError && (error.code === 'QRY2010' || error.code === 'QRY2011');
}

/** A login of another platform gets the same answer as a wrong password. */
export function withHint(error: QuarryError, credentials: Credentials, { api }: Address): QuarryError {
  const { username } = credentials;
  if (error.code !== 'QRY2010' || username === undefined) return error;
  const likely = platformByLogin(username);
  if (likely === undefined || new URL(likely.api).hostname === api.hostname || isLoopback(api.hostname)) return error;
  return new QuarryError('QRY2010', {
    what: error.message,
    where: error.where ?? PROBE.api,
    fix: `The login looks like one of platform ${likely.name}, but ${api.host} was asked. ${error.fix}`,
    ...(error.qualys !== undefined && { qualys: error.qualys }),
  });
}

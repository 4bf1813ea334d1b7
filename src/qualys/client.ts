import type { Clock } from '../core/clock.ts';
import type { Call, SignInWay } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import { type Log, silentLog } from '../core/log.ts';
import { reveal, Secret } from '../core/secret.ts';
import type { Answer } from './answer.ts';
import { BODY_LIMITS, type BodyLimits } from './body.ts';
import { TIMEOUTS, type Timeouts } from './call-timer.ts';
import { basicOf, type Credentials, loginOf, refusePlainHttp, secretsOf, tokenUrlOf } from './credentials.ts';
import { answerMeans, readShortBody, replayed } from './error-body.ts';
import { createExchange } from './exchange.ts';
import type { Governor } from './governor.ts';
import { type Address, isLoopback, platformByLogin } from './platforms.ts';
import { redactor } from './redact.ts';
import { requestFor } from './request.ts';
import { createPrincipal, createSignIn, type Pass, type Proof, type SignIn } from './sign-in.ts';
import { readToken, type TokenAsk, type TokenRequest, tokenRequest } from './token.ts';
import { createTransport, type ProxyOptions, type TlsOptions } from './transport.ts';
import { noWay, refusesWay, tokenNotTaken, waysFor } from './ways.ts';

export interface ClientOptions {
  readonly address: Address;
  readonly credentials: Credentials;
  /** Shared by all clients of one subscription. */
  readonly governor: Governor;
  readonly clock: Clock;
  /** `quarry/<version>`. Qualys's edge answers nothing to a request without a user agent. */
  readonly userAgent: string;
  readonly log?: Log;
  readonly tls?: TlsOptions;
  readonly proxy?: ProxyOptions;
  /** The address was resolved with it, too. */
  readonly allowPlainHttp?: boolean;
  readonly timeouts?: Partial<Timeouts>;
  readonly limits?: Partial<BodyLimits>;
}

export interface OpenOptions {
  /** Ways to sign in that Qualys accepts for this call, the usual one first; absent: what its server accepts. */
  readonly signIn?: readonly SignInWay[] | undefined;
  /** Higher goes first; 0 by default. */
  readonly priority?: number;
  /** A call is about to be sent, after so many milliseconds of waiting for its slot; again for each fallback. */
  readonly onSlot?: (waitedMs: number) => void;
}

export interface Client {
  /**
   * Signs in if need be, waits for a call slot and sends; resolves with the answer, whatever its status, except 401:
   * that is QRY2010 or QRY2011, after one more probe or with a new token. A refusal that says that the way to sign in
   * was wrong is tried once more in the other way, where there is one. Rejects with a QuarryError (QRY2013 where the
   * connection has no accepted way; network, time-outs, redirects), or with the signal's reason.
   */
  open(call: Call, signal?: AbortSignal, options?: OpenOptions): Promise<Answer>;
  /** The sign-in probe alone, of the way named or the connection's first; rejects as `open` does. */
  signIn(signal?: AbortSignal, way?: SignInWay): Promise<void>;
  close(): Promise<void>;
}

/** v1's `about` needs a login, no licence and no X-Requested-With, and was seen to carry no rate headers. */
const PROBE: Call = { api: 'msp/about', path: '/msp/about.php', method: 'GET', params: {} };
const PROBE_MS = 60_000;

/**
 * Throws QRY1011, QRY1012 and QRY1015 for addresses credentials must not go to, QRY1006 without credentials, and what the
 * TLS and proxy options give.
 */
export function createClient(options: ClientOptions): Client {
  const { address, credentials, governor, clock, allowPlainHttp = false } = options;
  const log = options.log ?? silentLog;
  const timeouts: Timeouts = { ...TIMEOUTS, ...options.timeouts };
  const limits: BodyLimits = { ...BODY_LIMITS, ...options.limits };
  const { api } = address;
  refusePlainHttp(api, 'api_url', allowPlainHttp);
  refusePlainHttp(address.gateway, 'gateway_url', allowPlainHttp);
  if (credentials.token?.kind === 'provider') tokenUrlOf(credentials.token, allowPlainHttp);
  const transport = createTransport({ tls: options.tls, proxy: options.proxy, connectMs: timeouts.connectMs });
  const secrets = redactor([...secretsOf(credentials), ...transport.secrets]);
  const closed = new AbortController();
  /** Which of a call's versions this platform has, by path. */
  const versions = new Map<string, number>();
  /** Where the usual way was refused and the other worked, by API. */
  const preferred = new Map<string, SignInWay>();
  const { userAgent } = options;
  const send = createExchange({ transport, governor, clock, timeouts, limits, userAgent, redact: secrets.redact });

  const login = loginOf(credentials);
  const gates = createGates();

  function createGates(): Partial<Record<SignInWay, SignIn>> {
    const { token } = credentials;
    const common = { isRefusal, clock, log };
    const byPassword = createPrincipal();
    const byToken = token === undefined ? byPassword : createPrincipal();
    const ask = tokenAsk();
    return {
      ...(login !== undefined && {
        basic: createSignIn({ ...common, principal: byPassword, probe: () => probing(PROBE.api, probeBasic) }),
      }),
      ...(ask !== undefined && {
        token: createSignIn({
          ...common,
          principal: byToken,
          probe: () => probing(ask.where, (signal) => fetchToken(ask, signal)),
        }),
      }),
      ...(token?.kind === 'token' && {
        token: createSignIn({
          ...common,
          principal: byToken,
          probe: async () => ({ authorization: `Bearer ${reveal(token.token)}` }),
        }),
      }),
    };
  }

  function tokenAsk(): TokenRequest | undefined {
    const { token } = credentials;
    if (token?.kind === 'token' || (token === undefined && login === undefined)) return undefined;
    const ask = (): TokenAsk => {
      if (token?.kind === 'provider') return { kind: 'provider', source: token };
      if (token === undefined) return { kind: 'login', ...login! };
      return { kind: token.kind, clientId: token.clientId, clientSecret: reveal(token.clientSecret) };
    };
    return tokenRequest(ask(), address, allowPlainHttp);
  }

  async function probing(where: string, probe: (signal: AbortSignal) => Promise<Proof>): Promise<Proof> {
    try {
      return await probe(AbortSignal.any([closed.signal, AbortSignal.timeout(PROBE_MS)]));
    } catch (thrown) {
      if (thrown instanceof QuarryError || closed.signal.aborted) throw thrown;
      throw new QuarryError('QRY2002', {
        what: `The sign-in was not answered after ${PROBE_MS / 1000} s.`,
        where,
      });
    }
  }

  async function fetchToken(ask: TokenRequest, signal: AbortSignal): Promise<Proof> {
    const answer = await send(ask.request, { where: ask.where, signal });
    const body = await readShortBody(answer);
    try {
      const proof = readToken(answer, body, ask, clock.now());
      secrets.add(proof.authorization.replace(/^Bearer /, ''));
      return proof;
    } catch (thrown) {
      throw thrown instanceof QuarryError && ask.fix === undefined ? withHint(thrown) : thrown;
    }
  }

  async function probeBasic(signal: AbortSignal): Promise<Proof> {
    const authorization = `Basic ${basicOf(login!)}`;
    const answer = await attempt(PROBE, signal, {}, async () => new Secret(authorization));
    const body = await readShortBody(answer);
    if (answer.status === 200 && body.end?.root === 'ABOUT') return { authorization };
    const error = withHint(answerMeans(answer, body, PROBE.api));
    // A role without v1 access, or a platform without v1, is no word against the password.
    const elsewhere = answer.status === 403 || answer.status === 404 || error.code === 'QRY2012';
    if (isRefusal(error) || !elsewhere) throw error;
    return { authorization };
  }

  /** A login of another platform gets the same answer as a wrong password. */
  function withHint(error: QuarryError): QuarryError {
    if (error.code !== 'QRY2010' || login === undefined) return error;
    const likely = platformByLogin(login.username);
    if (likely === undefined || new URL(likely.api).hostname === api.hostname || isLoopback(api.hostname)) return error;
    return new QuarryError('QRY2010', {
      what: error.message,
      where: error.where ?? PROBE.api,
      fix: `The login looks like one of platform ${likely.name}, but ${api.host} was asked. ${error.fix}`,
      ...(error.qualys !== undefined && { qualys: error.qualys }),
    });
  }

  async function open(call: Call, caller?: AbortSignal, options: OpenOptions = {}): Promise<Answer> {
    const signal = caller === undefined ? closed.signal : AbortSignal.any([caller, closed.signal]);
    const accepted = waysFor(call, options.signIn);
    const ways = accepted.filter((way) => gates[way] !== undefined);
    const liked = preferred.get(call.api);
    const [first, second] = liked !== undefined && ways.includes(liked) ? [liked] : ways;
    if (first === undefined) throw noWay(call, accepted);
    const answer = await openBy(first, call, signal, options, second !== undefined);
    if (answer !== undefined || second === undefined) return answer ?? Promise.reject(noWay(call, accepted));
    log.warn('Qualys does not take this way to sign in here, the other one is tried', { api: call.api, way: first });
    const other = await openBy(second, call, signal, options, false);
    if (other === undefined) throw noWay(call, accepted);
    if (other.status < 400) preferred.set(call.api, second);
    return other;
  }

  /** undefined: the answer says that this way is not taken there, and there is another. */
  async function openBy(
    way: SignInWay,
    call: Call,
    signal: AbortSignal,
    options: OpenOptions,
    another: boolean,
  ): Promise<Answer | undefined> {
    const gate = gates[way]!;
    for (let again = false; ; again = true) {
      let pass: Pass = await gate.ready(signal);
      const answer = await attempt(call, signal, options, async () => {
        pass = await gate.ready(signal);
        return pass.authorization;
      });
      const doubt = () => gate.doubt(pass);
      if (answer.status !== 401) {
        if (!another || (answer.status !== 400 && answer.status !== 403)) return { ...answer, doubt };
        const body = await readShortBody(answer);
        return refusesWay(way, answer, body.text) ? undefined : { ...replayed(answer, body), doubt };
      }
      doubt();
      const body = await readShortBody(answer);
      if (another && refusesWay(way, answer, body.text)) return undefined;
      const error =
        way === 'basic' ? withHint(answerMeans(answer, body, call.api)) : answerMeans(answer, body, call.api);
      if (!again && error.code === 'QRY2010') continue;
      if (!isRefusal(error)) throw error;
      // A new token proves the credentials: it is this API that does not take it.
      const renewed = way === 'token' && credentials.token?.kind !== 'token';
      throw renewed && error.code === 'QRY2010' ? tokenNotTaken(error) : gate.refuse(error);
    }
  }

  /** One call with its fallbacks: an older version on 404, POST where the URL was too long. Each is a call of its own. */
  async function attempt(
    call: Call,
    signal: AbortSignal,
    { priority, onSlot }: OpenOptions,
    authorize: () => Promise<Secret>,
  ): Promise<Answer> {
    let at = versions.get(call.path) ?? 0;
    let older = false;
    let post = false;
    for (;;) {
      const version = call.versions?.[at];
      const request = requestFor(address, call, version, post);
      const answer = await send(request, { where: call.api, version, signal, priority, onSlot, authorize });
      if (answer.status === 404 && !older && call.versions?.[at + 1] !== undefined) {
        older = true;
        at += 1;
        log.warn('The newest version of an endpoint is not there, the one before is tried', { api: call.api, version });
      } else if ((answer.status === 413 || answer.status === 414) && request.method === 'GET') {
        post = true;
      } else {
        if (answer.status !== 404) versions.set(call.path, at);
        return answer;
      }
      await answer.discard();
    }
  }

  return {
    open,
    async signIn(signal, way) {
      const gate = way === undefined ? (gates.basic ?? gates.token) : gates[way];
      if (gate === undefined) throw noWay(PROBE, [way ?? 'basic']);
      await gate.ready(signal);
    },
    async close() {
      closed.abort(new DOMException('The client was closed.', 'AbortError'));
      await transport.close();
    },
  };
}

/** Errors that no further call with these credentials can change. */
function isRefusal(error: unknown): error is QuarryError {
  return error instanceof QuarryError && (error.code === 'QRY2010' || error.code === 'QRY2011');
}

import type { Clock } from '../core/clock.ts';
import type { Call, SignInWay } from '../core/dataset.ts';
import { type Log, silentLog } from '../core/log.ts';
import type { Secret } from '../core/secret.ts';
import type { Answer } from './answer.ts';
import { BODY_LIMITS, type BodyLimits } from './body.ts';
import { TIMEOUTS, type Timeouts } from './call-timer.ts';
import { type Credentials, refusePlainHttp, secretsOf, tokenUrlOf } from './credentials.ts';
import { answerMeans, readShortBody, replayed } from './error-body.ts';
import { createExchange, type OnAnswer } from './exchange.ts';
import { createGates, isRefusal, withHint } from './gates.ts';
import type { Governor } from './governor.ts';
import type { OwnLimit } from './own-limit.ts';
import type { Address } from './platforms.ts';
import { redactor } from './redact.ts';
import { requestFor } from './request.ts';
import type { Pass, Principal, SignInState } from './sign-in.ts';
import { createTransport, type ProxyOptions, type TlsOptions } from './transport.ts';
import type { Reserve } from './waiting.ts';
import { noWay, refusesWay, tokenNotTaken, tokenRefused, waysFor } from './ways.ts';

export interface ClientOptions {
  readonly address: Address;
  readonly credentials: Credentials;
  /** The user with this password, shared by all clients that sign in so: what refuses one of them refuses all. */
  readonly principal?: Principal | undefined;
  /** Shared by all clients of one subscription. */
  readonly governor: Governor;
  /** Limits of the connection's own, by API as Qualys counts limits. */
  readonly ownLimits?: ReadonlyMap<string, OwnLimit> | undefined;
  /** What the connection leaves of Qualys's limits to others. */
  readonly reserve?: Reserve | undefined;
  readonly clock: Clock;
  /** `quarry/<version>`. Qualys's edge answers nothing to a request without a user agent. */
  readonly userAgent: string;
  readonly log?: Log;
  readonly tls?: TlsOptions;
  readonly proxy?: ProxyOptions;
  /** The address was resolved with it, too. */
  readonly allowPlainHttp?: boolean;
  /** Names that lead to this machine or its network are refused when they are connected to (QRY8023). */
  readonly publicOnly?: boolean | undefined;
  readonly timeouts?: Partial<Timeouts>;
  readonly limits?: Partial<BodyLimits>;
  /** Hears of sign-ins: the first try, one more, and that Qualys took it. */
  readonly onSignIn?: (way: SignInWay, state: SignInState) => void;
  readonly onAnswer?: OnAnswer | undefined;
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
  /**
   * The sign-in probe alone, of the way named or the connection's first; resolves with the time its answer said (the
   * Date header), epoch milliseconds; rejects as `open` does.
   */
  signIn(signal?: AbortSignal, way?: SignInWay): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Throws QRY1011, QRY1012 and QRY1015 for addresses credentials must not go to, and what the TLS and proxy options give. */
export function createClient(options: ClientOptions): Client {
  const { address, credentials, governor, clock, allowPlainHttp = false } = options;
  const log = options.log ?? silentLog;
  const timeouts: Timeouts = { ...TIMEOUTS, ...options.timeouts };
  const limits: BodyLimits = { ...BODY_LIMITS, ...options.limits };
  refusePlainHttp(address.api, 'api_url', allowPlainHttp);
  refusePlainHttp(address.gateway, 'gateway_url', allowPlainHttp);
  if (address.auth !== undefined) refusePlainHttp(address.auth, 'auth_url', allowPlainHttp);
  if (credentials.token?.kind === 'identity_provider') tokenUrlOf(credentials.token, allowPlainHttp);
  const { tls, proxy, publicOnly } = options;
  const transport = createTransport({ tls, proxy, publicOnly, connectMs: timeouts.connectMs });
  const secrets = redactor([...secretsOf(credentials), ...transport.secrets]);
  const closed = new AbortController();
  /** Which of a call's versions this platform has, by path. */
  const versions = new Map<string, number>();
  /** Where the usual way was refused and the other worked, by API. */
  const preferred = new Map<string, SignInWay>();
  const { userAgent, ownLimits, reserve } = options;
  const send = createExchange({
    transport,
    governor,
    ownLimits,
    reserve,
    clock,
    timeouts,
    limits,
    userAgent,
    redact: secrets.redact,
    onAnswer: options.onAnswer,
  });

  const gates = createGates({
    credentials,
    address,
    allowPlainHttp,
    clock,
    log,
    closed: closed.signal,
    principal: options.principal,
    send,
    call: (call, signal, authorize) => attempt(call, signal, {}, authorize),
    onToken: secrets.add,
    onSignIn: options.onSignIn,
  });

  async function open(call: Call, caller?: AbortSignal, options: OpenOptions = {}): Promise<Answer> {
    const signal = caller === undefined ? closed.signal : AbortSignal.any([caller, closed.signal]);
    const accepted = waysFor(call, options.signIn);
    const ways = accepted.filter((way) => gates[way] !== undefined);
    const liked = preferred.get(call.api);
    const [first, second] = liked !== undefined && ways.includes(liked) ? [liked] : ways;
    if (first === undefined) throw noWay(call.api, accepted);
    const answer = await openBy(first, call, signal, options, second !== undefined);
    if (answer !== undefined || second === undefined) return answer ?? Promise.reject(noWay(call.api, accepted));
    log.warn('Qualys does not take this way to sign in here, the other one is tried', { api: call.api, way: first });
    const other = await openBy(second, call, signal, options, false);
    if (other === undefined) throw noWay(call.api, accepted);
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
      const said = answerMeans(answer, body, call.api);
      const error = way === 'basic' ? withHint(said, credentials, address) : said;
      if (!again && error.code === 'QRY2010') continue;
      if (!isRefusal(error)) throw error;
      // A new token proves the credentials: it is this API that does not take it.
      if (way === 'basic' || error.code !== 'QRY2010') throw gate.refuse(error);
      throw credentials.token?.kind === 'token' ? gate.refuse(tokenRefused(error)) : tokenNotTaken(error);
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
      if (gate === undefined) throw noWay('sign-in', [way ?? 'basic', 'token']);
      return (await gate.ready(signal)).serverTime;
    },
    async close() {
      closed.abort(new DOMException('The client was closed.', 'AbortError'));
      await transport.close();
    },
  };
}

import type { Clock } from '../core/clock.ts';
import type { Call } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import { type Log, silentLog } from '../core/log.ts';
import { reveal, type Secret } from '../core/secret.ts';
import type { Answer } from './answer.ts';
import { answerBody } from './answer-body.ts';
import { BODY_LIMITS, type BodyLimits } from './body.ts';
import { startCallTimer, TIMEOUTS, type Timeouts } from './call-timer.ts';
import { answerMeans, readErrorAnswer, readShortBody } from './error-body.ts';
import type { Governor, Slot } from './governor.ts';
import { header } from './limit-headers.ts';
import { networkError } from './network-errors.ts';
import { type Address, isLoopback, platformByLogin } from './platforms.ts';
import { redactor } from './redact.ts';
import { type Request, redirected, requestFor } from './request.ts';
import { createSignIn } from './sign-in.ts';
import { createTransport, type ProxyOptions, type TlsOptions } from './transport.ts';

export interface ClientOptions {
  readonly address: Address;
  readonly credentials: { readonly username: string; readonly password: Secret };
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
  /** Higher goes first; 0 by default. */
  readonly priority?: number;
  /** A call is about to be sent, after so many milliseconds of waiting for its slot; again for each fallback. */
  readonly onSlot?: (waitedMs: number) => void;
}

export interface Client {
  /**
   * Signs in if need be, waits for a call slot and sends; resolves with the answer, whatever its status, except 401:
   * that is QRY2010 or QRY2011, after one more probe. Rejects with a QuarryError (network, time-outs, redirects), or
   * with the signal's reason.
   */
  open(call: Call, signal?: AbortSignal, options?: OpenOptions): Promise<Answer>;
  /** The sign-in probe alone; rejects as `open` does. */
  signIn(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** v1's `about` needs a login, no licence and no X-Requested-With, and was seen to carry no rate headers. */
const PROBE: Call = { api: 'msp/about', path: '/msp/about.php', method: 'GET', params: {} };
const PROBE_MS = 60_000;
const REDIRECTS = 3;

/** Throws QRY1012 for plain http beyond this machine, and what the TLS and proxy options give. */
export function createClient(options: ClientOptions): Client {
  const { address, credentials, governor, clock } = options;
  const log = options.log ?? silentLog;
  const timeouts: Timeouts = { ...TIMEOUTS, ...options.timeouts };
  const limits: BodyLimits = { ...BODY_LIMITS, ...options.limits };
  const { api } = address;
  if (api.protocol === 'http:' && options.allowPlainHttp !== true && !isLoopback(api.hostname)) {
    throw new QuarryError('QRY1012', {
      what: `http://${api.host} would send the password unencrypted.`,
      where: 'api_url',
    });
  }
  const transport = createTransport({ tls: options.tls, proxy: options.proxy, connectMs: timeouts.connectMs });
  const password = reveal(credentials.password);
  const basic = Buffer.from(`${credentials.username}:${password}`, 'utf8').toString('base64');
  const redact = redactor([password, basic, ...transport.secrets]);
  const closed = new AbortController();
  /** Which of a call's versions this platform has, by path. */
  const versions = new Map<string, number>();
  const common = {
    authorization: `Basic ${basic}`,
    'user-agent': options.userAgent,
    'x-requested-with': 'quarry',
    'accept-encoding': 'gzip',
  };

  const gate = createSignIn(probe, isRefusal, log);

  async function probe(): Promise<void> {
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(PROBE_MS)]);
    let answer: Answer;
    try {
      answer = await attempt(PROBE, signal, {}, false);
    } catch (thrown) {
      if (thrown instanceof QuarryError || closed.signal.aborted) throw thrown;
      throw new QuarryError('QRY2002', {
        what: `The sign-in was not answered after ${PROBE_MS / 1000} s.`,
        where: PROBE.api,
      });
    }
    const body = await readShortBody(answer);
    if (answer.status === 200 && body.end?.root === 'ABOUT') return;
    const error = withHint(answerMeans(answer, body, PROBE.api));
    // A role without v1 access, or a platform without v1, is no word against the password.
    const elsewhere = answer.status === 403 || answer.status === 404 || error.code === 'QRY2012';
    if (isRefusal(error) || !elsewhere) throw error;
  }

  /** A login of another platform gets the same answer as a wrong password. */
  function withHint(error: QuarryError): QuarryError {
    if (error.code !== 'QRY2010') return error;
    const likely = platformByLogin(credentials.username);
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
    let probed = await gate.ready(signal);
    for (let again = false; ; again = true) {
      const answer = await attempt(call, signal, options, true);
      if (answer.status !== 401) return answer;
      gate.doubt(probed);
      const error = withHint(await readErrorAnswer(answer, call.api));
      if (again || error.code !== 'QRY2010') {
        if (isRefusal(error)) gate.refuse(error);
        throw error;
      }
      probed = await gate.suspect(probed, signal);
    }
  }

  /** One call with its fallbacks: an older version on 404, POST where the URL was too long. Each is a call of its own. */
  async function attempt(call: Call, signal: AbortSignal, options: OpenOptions, gated: boolean): Promise<Answer> {
    let at = versions.get(call.path) ?? 0;
    let older = false;
    let post = false;
    for (;;) {
      const version = call.versions?.[at];
      const request = requestFor(address, call, version, post);
      const answer = await send(request, call.api, version, signal, options, gated);
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

  async function send(
    first: Request,
    where: string,
    version: string | undefined,
    caller: AbortSignal,
    { priority = 0, onSlot }: OpenOptions,
    gated: boolean,
  ): Promise<Answer> {
    const asked = clock.monotonic();
    const slot = await governor.acquire({ api: where, signal: caller, priority });
    // Credentials may have come under doubt while this call waited for its slot: it must not be one more wrong sign-in.
    if (gated) {
      await gate.ready(caller).catch((thrown: unknown) => {
        slot.release({ sent: false });
        throw thrown;
      });
    }
    onSlot?.(clock.monotonic() - asked);
    const timer = startCallTimer(timeouts, caller, where);
    let request = first;
    for (let hops = 0; ; hops += 1) {
      const { statusCode: status, headers, body } = await respond(request, where, slot, timer);
      if (![301, 302, 303, 307, 308].includes(status)) {
        slot.answered(headers, status);
        const date = Date.parse(header(headers, 'date') ?? '');
        const read = answerBody({
          body,
          headers,
          timer,
          slot,
          limits,
          where,
          broken: (thrown) => broken(thrown, where),
        });
        return {
          status,
          headers,
          version,
          serverTime: Number.isNaN(date) ? undefined : date,
          body: read,
          refused: (refusal) => slot.refused(refusal),
          discard: () => read.discard(),
          redact,
        };
      }
      try {
        await body.dump({ limit: 65_536 });
        request = redirected(request, header(headers, 'location'), hops, REDIRECTS, where);
      } catch (thrown) {
        timer.stop();
        slot.answered(headers, status);
        slot.release();
        throw thrown instanceof QuarryError ? thrown : broken(thrown, where);
      }
    }
  }

  /** The headers of one HTTP exchange; gives the slot back as befits what went wrong. */
  async function respond(request: Request, where: string, slot: Slot, timer: ReturnType<typeof startCallTimer>) {
    timer.waiting();
    try {
      const { url, method, body } = request;
      return await transport.dispatcher().request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        body: body ?? null,
        headers: { ...common, ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }) },
        signal: timer.signal,
      });
    } catch (thrown) {
      if (timer.ended !== undefined) {
        slot.abandon();
        throw timer.ended.reason;
      }
      timer.stop();
      const { error, unsent } = fault(thrown, false, where);
      slot.release({ sent: !unsent });
      throw error;
    } finally {
      timer.arrived();
    }
  }

  function fault(thrown: unknown, answering: boolean, where: string) {
    // Renewed authorities that are no certificates: nothing was sent.
    if (thrown instanceof QuarryError) return { error: thrown, unsent: true };
    return networkError(
      { thrown, answering, proxied: transport.proxy !== undefined, host: transport.proxy ?? api.host, where },
      redact,
    );
  }
  const broken = (thrown: unknown, where: string) => fault(thrown, true, where).error;

  return {
    open,
    async signIn(signal) {
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

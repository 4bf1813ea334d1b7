import type { Clock } from '../core/clock.ts';
import { QuarryError } from '../core/errors.ts';
import { reveal, type Secret } from '../core/secret.ts';
import type { Answer } from './answer.ts';
import { answerBody } from './answer-body.ts';
import type { BodyLimits } from './body.ts';
import { startCallTimer, type Timeouts } from './call-timer.ts';
import type { Governor, Slot } from './governor.ts';
import { header } from './limit-headers.ts';
import { networkError } from './network-errors.ts';
import type { OwnLimit } from './own-limit.ts';
import type { Redact } from './redact.ts';
import { type Request, redirected } from './request.ts';
import type { Transport } from './transport.ts';
import type { Reserve } from './waiting.ts';

export interface ExchangeOptions {
  readonly transport: Transport;
  readonly governor: Governor;
  /** The connection's own limits, by API. */
  readonly ownLimits?: ReadonlyMap<string, OwnLimit> | undefined;
  /** What the connection leaves of Qualys's limits to others. */
  readonly reserve?: Reserve | undefined;
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  readonly limits: BodyLimits;
  readonly userAgent: string;
  readonly redact: Redact;
  readonly onAnswer?: OnAnswer | undefined;
}

/** Told of every call that was sent: its status, 0 where no headers came, after so many milliseconds. */
export type OnAnswer = (api: string, status: number, ms: number) => void;

export interface SendOptions {
  /** The endpoint as Qualys counts limits for it. */
  readonly where: string;
  readonly version?: string | undefined;
  readonly signal: AbortSignal;
  /** Higher goes first; 0 by default. */
  readonly priority?: number | undefined;
  /** The call is about to be sent, after so many milliseconds of waiting for its slot. */
  readonly onSlot?: ((waitedMs: number) => void) | undefined;
  /** The Authorization header, asked for when the slot is there; when it rejects nothing is sent. */
  readonly authorize?: (() => Promise<Secret>) | undefined;
}

/** Sends one request when its slot is there, follows redirects on its own origin, and resolves when headers have come. */
export type Send = (request: Request, options: SendOptions) => Promise<Answer>;

const REDIRECTS = 3;

export function createExchange(exchange: ExchangeOptions): Send {
  const { transport, governor, ownLimits, reserve, clock, timeouts, limits, redact } = exchange;
  const common = { 'user-agent': exchange.userAgent, 'x-requested-with': 'quarry', 'accept-encoding': 'gzip' };

  async function send(first: Request, options: SendOptions): Promise<Answer> {
    const { where, version, signal, priority = 0, onSlot } = options;
    const asked = clock.monotonic();
    const slot = await governor.acquire({ api: where, signal, priority, own: ownLimits?.get(where), reserve });
    // Credentials may have come under doubt while this call waited for its slot: it must not be one more wrong sign-in.
    const authorization = await options.authorize?.().catch((thrown: unknown) => {
      slot.release({ sent: false });
      throw thrown;
    });
    onSlot?.(clock.monotonic() - asked);
    const timer = startCallTimer(timeouts, signal, where);
    let request = first;
    const sent = clock.monotonic();
    const told = (status: number) => exchange.onAnswer?.(where, status, clock.monotonic() - sent);
    for (let hops = 0; ; hops += 1) {
      const answered = await respond(request, authorization, where, slot, timer).catch((thrown: unknown) => {
        told(0);
        throw thrown;
      });
      const { statusCode: status, headers, body } = answered;
      const broken = (thrown: unknown) => fault(thrown, true, request, where).error;
      if (![301, 302, 303, 307, 308].includes(status)) {
        told(status);
        slot.answered(headers, status);
        const date = Date.parse(header(headers, 'date') ?? '');
        const read = answerBody({ body, headers, timer, slot, limits, where, broken });
        return {
          status,
          headers,
          version,
          serverTime: Number.isNaN(date) ? undefined : date,
          body: read,
          refused: (refusal) => slot.refused(refusal),
          doubt: () => undefined,
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
        throw thrown instanceof QuarryError ? thrown : broken(thrown);
      }
    }
  }

  /** The headers of one HTTP exchange; gives the slot back as befits what went wrong. */
  async function respond(
    request: Request,
    authorization: Secret | undefined,
    where: string,
    slot: Slot,
    timer: ReturnType<typeof startCallTimer>,
  ) {
    timer.waiting();
    try {
      const { url, method, body } = request;
      return await transport.dispatcher().request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        body: body ?? null,
        headers: {
          ...common,
          ...request.headers,
          ...(authorization !== undefined && { authorization: reveal(authorization) }),
        },
        signal: timer.signal,
      });
    } catch (thrown) {
      if (timer.ended !== undefined) {
        slot.abandon();
        throw timer.ended.reason;
      }
      timer.stop();
      const { error, unsent } = fault(thrown, false, request, where);
      slot.release({ sent: !unsent });
      throw error;
    } finally {
      timer.arrived();
    }
  }

  function fault(thrown: unknown, answering: boolean, { url }: Request, where: string) {
    // Renewed authorities that are no certificates: nothing was sent.
    if (thrown instanceof QuarryError) return { error: thrown, unsent: true };
    const host = transport.proxy ?? url.host;
    return networkError({ thrown, answering, proxied: transport.proxy !== undefined, host, where }, redact);
  }

  return send;
}

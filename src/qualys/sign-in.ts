import type { Clock } from '../core/clock.ts';
import { QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { Secret } from '../core/secret.ts';

/*
 * One probe gates all calls of a way to sign in, so that a wrong password is tried once and not once per stream: Qualys
 * locks accounts after a few failures. For a password the probe is one cheap call, for a token the request of one.
 *
 * States of a way: unknown -> (probe good) signed in -> (401 on a call) unknown again -> …; unknown -> (probe refused)
 * refused. A token that nears its end makes signed in due: the next call renews it first, and as long as the old one
 * holds, trouble on the way to a new one stops nobody.
 * Invariants: at most one probe of a way runs, everyone waits for the same; the ways of one principal are probed one
 * after the other, and what refuses one of them refuses all, but for a way that was never good while another is: that
 * says something about the way, not about the password. Refused is for ever, a new client is needed; a probe that
 * failed for another reason (network, maintenance, limits) leaves unknown behind, and the next call probes again.
 * A 401 from a call that began before the last good probe proves nothing about the password and needs no new probe.
 */

/** What a good probe gave. */
export interface Proof {
  /** The Authorization header of calls. */
  readonly authorization: string;
  /** How long it holds, milliseconds; absent: until it is refused. */
  readonly lifeMs?: number;
  /** Who answered said that it was this late (the Date header), epoch milliseconds. */
  readonly serverTime?: number | undefined;
}

/** What lets a call go: which good probe, and its Authorization header. */
export interface Pass {
  readonly probe: number;
  readonly authorization: Secret;
  /** The probe's, where it said it. */
  readonly serverTime: number | undefined;
}

export interface SignIn {
  /** Rejects with why not: refused, or not to be found out now. */
  ready(signal?: AbortSignal): Promise<Pass>;
  /** A call that went with `pass` got 401: whoever asks from now on waits for a new probe. */
  doubt(pass: Pass): void;
  /** The account or its password is refused; nothing goes from now on. Gives what to throw. */
  refuse(error: QuarryError): QuarryError;
  /** Signed in, as far as known. */
  readonly good: boolean;
}

/** An account or client: what its ways to sign in have in common. */
export interface Principal {
  refused: QuarryError | undefined;
  /** Ends with the last probe that was begun. */
  turn: Promise<unknown>;
  readonly ways: SignIn[];
}

export const createPrincipal = (): Principal => ({ refused: undefined, turn: Promise.resolve(), ways: [] });

/** Tokens are renewed when this part of their life is over, so that none ends on its way. */
const RENEW_AT = 0.9;
/** After a renewal that failed, while the old token holds. */
const RENEW_AGAIN_MS = 60_000;

export interface SignInOptions {
  /** Resolves when the credentials were taken, rejects with a QuarryError else. */
  readonly probe: () => Promise<Proof>;
  readonly principal: Principal;
  readonly isRefusal: (error: unknown) => error is QuarryError;
  readonly clock: Clock;
  readonly log: Log;
  /** Hears of probes: the first, one more, and that one was good. */
  readonly on?: ((state: SignInState) => void) | undefined;
}

export type SignInState = 'first' | 'again' | 'good';

export function createSignIn({ probe, principal, isRefusal, clock, log, on }: SignInOptions): SignIn {
  let refused: QuarryError | undefined;
  let last: Pass | undefined;
  let current = false;
  let renewAt = 0;
  let endsAt = 0;
  let running: Promise<Pass> | undefined;

  function run(): Promise<Pass> {
    const mine = principal.turn.then(probeNow);
    principal.turn = mine.catch(() => undefined);
    return mine;
  }
  async function probeNow(): Promise<Pass> {
    try {
      throwIfRefused();
      const asked = clock.monotonic();
      on?.(last === undefined ? 'first' : 'again');
      const { authorization, lifeMs = Number.POSITIVE_INFINITY, serverTime } = await probe();
      last = { probe: (last?.probe ?? 0) + 1, authorization: new Secret(authorization), serverTime };
      renewAt = asked + lifeMs * RENEW_AT;
      endsAt = asked + lifeMs;
      current = true;
      on?.('good');
      return last;
    } catch (thrown) {
      if (isRefusal(thrown)) throw refuse(thrown);
      renewAt = clock.monotonic() + RENEW_AGAIN_MS;
      if (holds()) log.warn('The token could not be renewed, the old one still holds', { what: String(thrown) });
      throw thrown;
    } finally {
      running = undefined;
    }
  }
  const holds = () => current && clock.monotonic() < endsAt;
  function throwIfRefused(): void {
    const error = principal.refused ?? refused;
    if (error !== undefined) throw error;
  }
  function refuse(error: QuarryError): QuarryError {
    current = false;
    const before = principal.refused ?? refused;
    if (before !== undefined) return before;
    if (last === undefined && principal.ways.some((way) => way.good)) {
      refused = otherWay(error);
      log.error('Qualys refused this way to sign in; the other one goes on', { code: refused.code });
      return refused;
    }
    principal.refused = error;
    log.error('Qualys refused this account; nothing more is sent with it', { code: error.code });
    return error;
  }
  async function ready(signal?: AbortSignal): Promise<Pass> {
    signal?.throwIfAborted();
    throwIfRefused();
    if (current && last !== undefined && clock.monotonic() < renewAt) return last;
    running ??= run();
    try {
      return await orAborted(running, signal);
    } catch (thrown) {
      throwIfRefused();
      if (last === undefined || !holds() || signal?.aborted === true) throw thrown;
      return last;
    }
  }
  const way: SignIn = {
    ready,
    refuse,
    doubt(pass) {
      if (pass.probe === last?.probe) current = false;
    },
    get good() {
      return current;
    },
  };
  principal.ways.push(way);
  return way;
}

/** The password is right elsewhere: this way alone is closed. */
function otherWay(error: QuarryError): QuarryError {
  return new QuarryError('QRY2013', {
    what: error.message,
    ...(error.where !== undefined && { where: error.where }),
    ...(error.qualys !== undefined && { qualys: error.qualys }),
  });
}

/** One waiter leaves; the others, and what they wait for, stay. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

import { QuarryError } from '../core/errors.ts';

export interface Timeouts {
  /** To make a connection, TLS and proxy included. */
  readonly connectMs: number;
  /** No byte for so long, while we wait for one; Qualys's keep-alive comments are bytes. */
  readonly idleMs: number;
  /** A whole call, body included. */
  readonly totalMs: number;
}

/** Qualys thinks for minutes about large detection lists before the first byte, and streams for an hour. */
export const TIMEOUTS: Timeouts = { connectMs: 30_000, idleMs: 300_000, totalMs: 7_200_000 };

/**
 * Ends a call that takes too long, and one whose caller leaves. Runs on real timers, not on the injected clock: it
 * guards real sockets, which do not go faster when a simulation does.
 */
export interface CallTimer {
  /** Aborts the request. */
  readonly signal: AbortSignal;
  /** A byte is being waited for. */
  waiting(): void;
  /** It came, or we are not waiting for one (back-pressure is ours, not Qualys's). */
  arrived(): void;
  /** Set once the timer or the caller ended the call: what to throw. */
  readonly ended: { readonly reason: unknown } | undefined;
  stop(): void;
}

export function startCallTimer(timeouts: Timeouts, caller: AbortSignal | undefined, where: string): CallTimer {
  const controller = new AbortController();
  let ended: { reason: unknown } | undefined;
  let idle: NodeJS.Timeout | undefined;

  function end(reason: unknown): void {
    if (ended !== undefined) return;
    ended = { reason };
    stop();
    controller.abort(reason);
  }
  const late = (what: string) => end(new QuarryError('QRY2002', { what, where }));
  const total = setTimeout(() => {
    late(`The answer was not complete after ${timeouts.totalMs / 1000} s.`);
  }, timeouts.totalMs);
  const left = () => end(caller?.reason);
  caller?.addEventListener('abort', left, { once: true });

  function stop(): void {
    clearTimeout(total);
    clearTimeout(idle);
    caller?.removeEventListener('abort', left);
  }
  if (caller?.aborted === true) left();
  return {
    signal: controller.signal,
    waiting() {
      clearTimeout(idle);
      if (ended !== undefined) return;
      idle = setTimeout(() => late(`No byte came for ${timeouts.idleMs / 1000} s.`), timeouts.idleMs);
    },
    arrived: () => clearTimeout(idle),
    get ended() {
      return ended;
    },
    stop,
  };
}

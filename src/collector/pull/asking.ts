import type { PullMode } from '../../core/checkpoint.ts';
import type { Stream } from '../stream.ts';

/** What a pull's calls cost: how many were sent, and how long they waited for their turn. */
export interface Asked {
  requests: number;
  waitedMs: number;
}

/** What has just happened goes before what was, or is complete: logs and changes, then sweeps, then history. */
const PRIORITY: Readonly<Record<PullMode, number>> = { incremental: 2, ids: 1, full: 1, backfill: 0 };

/**
 * The same stream, counting its calls, which go by the priority of what the pull reads. A call that still waits for its turn when no more pages are to begin is given
 * up: it has not begun.
 */
export function asking(stream: Stream, mode: PullMode, finish: AbortSignal): { stream: Stream; asked: Asked } {
  const asked: Asked = { requests: 0, waitedMs: 0 };
  const fetch: Stream['fetch'] = async (call, makeReader, hooks) => {
    const leaving = new AbortController();
    const leave = (): void => leaving.abort(finish.reason);
    if (finish.aborted) leave();
    else finish.addEventListener('abort', leave, { once: true });
    try {
      return await stream.fetch(call, makeReader, {
        priority: PRIORITY[mode],
        ...hooks,
        signal: AbortSignal.any([hooks.signal, leaving.signal]),
        onSlot: (waitedMs) => {
          finish.removeEventListener('abort', leave);
          asked.requests++;
          asked.waitedMs += waitedMs;
        },
      });
    } finally {
      finish.removeEventListener('abort', leave);
    }
  };
  return { stream: { ...stream, fetch }, asked };
}

import { statfs } from 'node:fs/promises';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { backlogBytes } from '../../outbox/sink-state.ts';
import { suspendSink } from '../../outbox/suspend.ts';

export interface PressureLimits {
  /** Bytes of bodies that may wait for a sink before pulling pauses, by sink. */
  readonly maxBacklog: ReadonlyMap<string, number>;
  /** Sinks that are suspended then, so that pulling goes on without them. */
  readonly suspends: ReadonlySet<string>;
  /** Free bytes to leave on the data directory's disk, so that settling still works; less on a small disk. */
  readonly reserve: number;
}

/** Pulling goes on, and a suspended sink is fed, when a backlog has shrunk to this share of its limit. */
export const LOW_MARK = 0.8;
const LOOK_AGAIN_MS = 1000;
/** Of a small disk no more than this share is kept free. */
const RESERVE_SHARE = 0.05;

/**
 * Back-pressure: a function that resolves when pulling may go on. Nothing is ever dropped; while a sink's backlog is
 * over its limit, pulling for that sink waits or the sink is suspended, and all pulling waits while the disk is nearly
 * full. Delivering goes on.
 */
export function pressure(
  outbox: Outbox,
  dataDir: string,
  limits: PressureLimits,
  clock: Clock,
  log: Log,
): (sinks: readonly string[], signal: AbortSignal) => Promise<void> {
  const over = new Set<string>();
  async function reasons(sinks: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const sink of sinks) {
      const limit = limits.maxBacklog.get(sink) ?? Number.POSITIVE_INFINITY;
      const bytes = await backlogBytes(outbox.store, sink);
      if (bytes > limit && limits.suspends.has(sink)) {
        if (await suspendSink(outbox.store, sink))
          log.warn('sink is suspended: it is fed later, from what is kept', {
            sink,
            because: `${megabytes(bytes)} waiting (max_backlog ${megabytes(limit)})`,
          });
      } else if (!limits.suspends.has(sink) && bytes > limit * (over.has(sink) ? LOW_MARK : 1)) {
        over.add(sink);
        found.push(`sink ${sink} has ${megabytes(bytes)} waiting (max_backlog ${megabytes(limit)})`);
      } else over.delete(sink);
    }
    const disk = await statfs(dataDir);
    const free = disk.bavail * disk.bsize;
    const reserve = Math.min(limits.reserve, disk.blocks * disk.bsize * RESERVE_SHARE);
    if (free < reserve)
      found.push(`only ${megabytes(free)} free under ${dataDir} (${megabytes(reserve)} are kept in reserve)`);
    return found;
  }
  /** Reasons that hold pulls back now, with how many wait; each is said once. */
  const said = new Map<string, number>();
  function holds(reason: string): void {
    if (!said.has(reason)) log.warn('pulling pauses', { because: reason });
    said.set(reason, (said.get(reason) ?? 0) + 1);
  }
  function lets(reason: string, free: boolean): void {
    const left = (said.get(reason) ?? 1) - 1;
    if (left > 0) said.set(reason, left);
    else if (said.delete(reason) && said.size === 0 && free) log.info('pulling goes on');
  }
  return async (sinks, signal) => {
    let held: string | undefined;
    let free = false;
    try {
      for (;;) {
        const why = await reasons(sinks);
        free = why.length === 0;
        if (free) return;
        if (held === undefined) {
          held = why.join('; ');
          holds(held);
        }
        await clock.sleep(LOOK_AGAIN_MS, signal);
      }
    } finally {
      if (held !== undefined) lets(held, free);
    }
  };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

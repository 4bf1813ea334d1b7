import { statfs } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { backlogBytes } from '../outbox/sink-state.ts';

export interface PressureLimits {
  /** Bytes of bodies that may wait for a sink before pulling pauses, by sink. */
  readonly maxBacklog: ReadonlyMap<string, number>;
  /** Free bytes to leave on the data directory's disk, so that settling still works. */
  readonly reserve: number;
}

/** Pulling goes on when a backlog has shrunk to this share of its limit. */
const LOW_MARK = 0.8;
const LOOK_AGAIN_MS = 1000;

/**
 * Back-pressure: a function that resolves when pulling may go on. Nothing is ever dropped; while a sink's backlog is
 * over its limit or the disk is nearly full, pulling waits and delivering goes on.
 */
export function pressure(
  outbox: Outbox,
  dataDir: string,
  limits: PressureLimits,
  clock: Clock,
  log: Log,
): (signal: AbortSignal) => Promise<void> {
  const over = new Set<string>();
  async function reasons(): Promise<string[]> {
    const found: string[] = [];
    for (const [sink, limit] of limits.maxBacklog) {
      const bytes = await backlogBytes(outbox.store, sink);
      if (bytes > limit * (over.has(sink) ? LOW_MARK : 1)) {
        over.add(sink);
        found.push(`sink ${sink} has ${megabytes(bytes)} waiting (max_backlog ${megabytes(limit)})`);
      } else over.delete(sink);
    }
    const disk = await statfs(dataDir);
    const free = disk.bavail * disk.bsize;
    if (free < limits.reserve)
      found.push(`only ${megabytes(free)} free under ${dataDir} (reserve ${megabytes(limits.reserve)})`);
    return found;
  }
  return async (signal) => {
    let said = false;
    for (;;) {
      const why = await reasons();
      if (why.length === 0) break;
      if (!said) log.warn('pulling pauses', { because: why.join('; ') });
      said = true;
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
    if (said) log.info('pulling goes on');
  };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

import { type Compacted, compact } from './compact.ts';
import type { Outbox } from './outbox.ts';
import { forgetPulls } from './pulls.ts';
import { expire, forgetRemoved } from './retention.ts';

/** Removed keys are remembered longer than a year, so that what comes back with a yearly scan is known to have been away. */
const TOMBSTONES_MS = 400 * 86_400_000;

/** What was pulled is told for a year. */
const PULLS_MS = 400 * 86_400_000;

export interface CleanedUp extends Compacted {
  readonly batches: number;
  readonly tombstones: number;
}

/**
 * Frees what nobody needs any more: settled batches older than `retention` (milliseconds) that hold no newest body, the
 * dead part of segments that hold few, and tombstones and reports of pulls older than 400 days. Can be killed anywhere and called again.
 */
export async function cleanUp(outbox: Outbox, retention: number, now: number): Promise<CleanedUp> {
  const before = now - retention;
  const { batches, segments } = await expire(outbox, before);
  const compacted = await compact(outbox, { before });
  await forgetPulls(outbox.store, now - PULLS_MS);
  const tombstones = await forgetRemoved(outbox, now - TOMBSTONES_MS);
  return { batches, segments: segments + compacted.segments, freedBytes: compacted.freedBytes, tombstones };
}

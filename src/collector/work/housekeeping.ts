/** What all share: clean-up, sending again, adding up. Of several workers the one that holds the piece does it. */
import { setTimeout as wait } from 'node:timers/promises';
import { asQuarryError } from '../../core/errors.ts';
import { cleanUp as cleanUpOutbox } from '../../outbox/clean-up.ts';
import { mergeCounts } from '../../outbox/sink-counts.ts';
import { RESEND_LOOK_MS, resendDue } from '../deliver/resend.ts';
import { cleanUpInventory } from '../fold/consumer.ts';
import type { CollectorParts } from '../parts.ts';
import { HOUSEKEEPING } from './turn.ts';

const CLEAN_UP_EVERY_MS = 600_000;
/** By the machine's time: rows of differences are as many as transactions since. */
const MERGE_EVERY_MS = 5000;

/** What all share is looked after by one worker at a time. */
export const houseIsOurs = ({ shared }: CollectorParts): boolean =>
  shared === undefined || shared.leases.holds(HOUSEKEEPING);

/** Copies of bodies not touched for longer than a call may last may go, and bodies older than anybody may be staging. */
const COPIES_MS = 3 * 3_600_000;
const WASTE_MS = 86_400_000;

/** Once at the start, so that runs with `--once` clean up as well, then every ten minutes. */
export async function cleanUp(parts: CollectorParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await parts.outbox.bodies?.sweepCopies(Date.now() - COPIES_MS).catch(() => {});
    if (!houseIsOurs(parts)) {
      await parts.clock.sleep(RESEND_LOOK_MS, signal).catch(() => {});
      continue;
    }
    parts.observer.phase('clean-up');
    await cleanUpOutbox(parts.outbox, parts.retention, parts.clock.now()).catch((error: unknown) => {
      parts.log.warn('clean-up failed', { what: asQuarryError(error).message });
    });
    await parts.outbox.bodies?.sweep(Date.now() - WASTE_MS).catch((error: unknown) => {
      parts.log.warn('clean-up of bodies failed', { what: asQuarryError(error).message });
    });
    await cleanUpInventory(parts.outbox, parts.retention, parts.clock.now()).catch((error: unknown) => {
      parts.log.warn('clean-up of the inventory failed', { what: asQuarryError(error).message });
    });
    await parts.clock.sleep(CLEAN_UP_EVERY_MS, signal).catch(() => {});
  }
}

/** Adds up what workers counted at sinks, so that asking for it stays cheap. Late is no harm: sums are right at any time. */
export async function keepMerging(parts: CollectorParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await wait(MERGE_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted || !houseIsOurs(parts)) continue;
    await mergeCounts(parts.outbox.store).catch((error: unknown) => {
      parts.log.warn('adding up counts failed', { what: asQuarryError(error).message });
    });
  }
}

/** What routes want again, whenever it is due. */
export async function keepResending(now: () => CollectorParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { clock, log } = now();
    await clock.sleep(RESEND_LOOK_MS, signal).catch(() => {});
    if (signal.aborted) return;
    if (!houseIsOurs(now())) continue;
    await resendDue(now()).catch((error: unknown) => {
      log.warn('sending again failed', { what: asQuarryError(error).message });
    });
  }
}

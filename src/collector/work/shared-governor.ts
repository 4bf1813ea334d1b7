import type { Clock } from '../../core/clock.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { createGovernor, type Governor } from '../../qualys/governor.ts';
import type { Leases } from '../../store/leases.ts';
import { savedGovernor } from '../held.ts';
import type { Shared } from '../parts.ts';

/**
 * A call under way at a worker that is gone, or was stopped, holds its place at Qualys at least so long after it was sent:
 * nobody has heard how it ended. An answer's Running header may free the place before.
 */
const HELD_MS = 120_000;

/**
 * Governors where several workers share a database. A subscription's limits are known to the worker that pulls it: it
 * takes over what was saved, and saves every change under its lease before the call is sent. A worker that has lost the
 * lease sends nothing, since saving fails; one that never had it knows no limits. Saved times are the database's.
 */
export function sharedGovernors(
  store: Outbox['store'],
  leases: Leases,
  machine: Clock,
  governors: Map<string, Governor>,
): { add(subscription: string): void } & Pick<Shared, 'openGovernor'> {
  const clock: Clock = { ...machine, now: () => machine.now() + leases.clockOffset };
  const inForce = new Map<string, Governor>();
  const of = (subscription: string): Governor => {
    const found = inForce.get(subscription) ?? createGovernor({ clock });
    inForce.set(subscription, found);
    return found;
  };
  return {
    add: (subscription) => {
      if (governors.has(subscription)) return;
      governors.set(subscription, {
        acquire: (options) => of(subscription).acquire(options),
        status: () => of(subscription).status(),
        save: () => of(subscription).save(),
      });
    },
    openGovernor: async (subscription, guard) => {
      inForce.set(subscription, await savedGovernor(store, subscription, { clock, heldMs: HELD_MS }, guard));
    },
  };
}

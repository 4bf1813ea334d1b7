import type { Outbox } from '../../outbox/outbox.ts';
import { guarded, type Leases } from '../../store/leases.ts';

/** What pieces of shared work are called; see `sharing.ts`. */
export const HOUSEKEEPING = 'housekeeping';
export const PULL = 'pull/';
export const pullOf = (subscription: string): string => PULL + subscription;
export const deliverTo = (sink: string): string => `deliver/${sink}/`;

/** What a sink may be given by this worker now. */
export interface Turn {
  /** Its transactions hold the leases. */
  readonly outbox: Outbox;
  readonly subscriptions: readonly string[];
  readonly lost: AbortSignal;
  end(): void;
}

export function takeTurn(outbox: Outbox, leases: Leases, sink: string): Turn {
  const prefix = deliverTo(sink);
  const use = leases.use(leases.holding().filter((resource) => resource.startsWith(prefix)));
  return {
    outbox: { ...outbox, store: guarded(outbox.store, use.guard) },
    subscriptions: use.resources.map((resource) => resource.slice(prefix.length)),
    lost: use.lost,
    end: use.end,
  };
}

import type { Config } from '../../config/config.ts';
import type { Controls, LiveState } from '../controls.ts';
import { localAsks } from '../local-asks.ts';
import type { CollectorParts } from '../parts.ts';
import { type Asks, sharedAsks } from './asks.ts';
import { openSightings } from './sightings.ts';
import { pullOf } from './turn.ts';

/** How a process hears of the others on its database, and they of it. */
export interface Together {
  readonly asks: Asks;
  /** What a stream is at, wherever it is pulled. */
  readonly stateOf: (stream: string) => LiveState | undefined;
  /** Answers what is asked of streams that are pulled here; `reload` reads the configuration again. */
  begin(reload: Reload): void;
  end(): Promise<void>;
}

interface Reload {
  /** Waits for it, and rejects with what is wrong. */
  readonly apply: () => Promise<void>;
  readonly now: () => void;
}

/** Undefined where the database is a file: everything is in this process. `config` is the one in force. */
export function workTogether(parts: CollectorParts, controls: Controls, config: () => Config): Together | undefined {
  if (config().databaseUrl === undefined) return undefined;
  const { outbox, shared, log } = parts;
  const asks = sharedAsks(outbox);
  const sightings = openSightings(outbox, controls, shared?.leases.clockOffset);
  const pulls = (stream: string): boolean => {
    const subscription = config().connections.get(stream.split('/')[0] ?? '')?.subscription;
    return subscription !== undefined && shared?.leases.holds(pullOf(subscription)) === true;
  };
  const over = new AbortController();
  const following = [sightings.follow(over.signal)];
  return {
    asks,
    stateOf: (stream) => (pulls(stream) ? controls.state(stream) : sightings.of(stream)),
    begin: ({ apply, now }) => {
      const local = localAsks(outbox, controls, apply);
      following.push(asks.answer({ pulls, local, reload: now, log }, over.signal));
    },
    end: async () => {
      over.abort();
      await Promise.all(following);
    },
  };
}

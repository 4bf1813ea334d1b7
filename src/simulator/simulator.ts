/** What a simulator is asked for and what it offers. */
import type { Clock } from '../core/clock.ts';
import type { ActivityLog } from './activity-log.ts';
import type { Counters } from './counters.ts';
import type { FaultName, FaultSetting } from './faults.ts';
import type { Level, Limits } from './limits.ts';
import type { SimulatorUser } from './signin.ts';
import type { SimulatorClient } from './tokens.ts';
import type { World, WorldOptions } from './world/world.ts';

export const DEFAULT_USER: SimulatorUser = { username: 'quarry_sim', password: 'Gr4nite-Ledge&19%' };

export interface ServiceCall {
  /** Path without version. */
  readonly endpoint: string;
  readonly params: ReadonlyMap<string, string>;
}

export interface SimulatorOptions extends WorldOptions {
  readonly limits?: Level | Limits;
  /** As text (see `parseFault`) or as settings. */
  readonly faults?: readonly (string | FaultSetting)[];
  readonly clock?: Clock;
  /** 0, the default, takes any free port. The address is always 127.0.0.1. */
  readonly port?: number;
  /** The world stands still until advanced; the default. A running world lives by the clock. */
  readonly frozen?: boolean;
  readonly users?: readonly SimulatorUser[];
  /** How long a bearer token lives, in milliseconds of the limits' clock; 4 h by default. */
  readonly tokenMs?: number;
  /** A bearer token that is always good, as one of an identity provider's would be; none by default. */
  readonly openIdToken?: string;
  /** Who may sign in at `/auth/oidc` and `/auth/oauth`; DEFAULT_CLIENT by default. */
  readonly clients?: readonly SimulatorClient[];
  /** Trial subscription: comments around the root element; true by default. */
  readonly trial?: boolean;
  /** What versions past their end of life do: nobody knows; `answer` by default. */
  readonly endedVersions?: 'answer' | '404';
  /** Wrong tries in a row that lock an account; 5 by default. */
  readonly lockAfter?: number;
  /** Whether X-Concurrency-Limit-Running counts the call itself: the guide says so, recordings say no (default). */
  readonly runningIncludesSelf?: boolean;
  /** How long a call works before its first byte, in milliseconds of the clock; 0 by default. */
  readonly serviceMs?: number | ((call: ServiceCall) => number);
  /** How long a call goes on after its client left in mid-answer; 0 by default. */
  readonly abandonedMs?: number;
  /** Whether a missing X-Requested-With is refused (400, 1903); true by default. */
  readonly demandRequestedWith?: boolean;
}

export interface Simulator {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly world: World;
  /** What happened in the subscription, its clients' calls included. */
  readonly activity: ActivityLog;
  /** What Qualys says the time is; milliseconds since 1970, UTC. */
  now(): number;
  counters(): Counters;
  resetCounters(): void;
  /** Moves virtual time forward. */
  advance(ms: number): void;
  setFault(fault: string | FaultSetting): void;
  clearFaults(name?: FaultName): void;
  faults(): readonly FaultSetting[];
  close(): Promise<void>;
}

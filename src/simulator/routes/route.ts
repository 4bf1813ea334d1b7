/**
 * The form of a route: one file per endpoint, facts and one function. To add a data set, write such a file from
 * Qualys's documentation and list it in `routes/index.ts`; paths, versions, sign-in, limits, faults, compression and
 * back-pressure are the server's.
 */
import type { ActivityLog } from '../activity-log.ts';
import type { ActiveFaults } from '../faults.ts';
import type { ParameterKinds } from '../params.ts';
import type { World } from '../world/world.ts';

export interface Call {
  readonly world: World;
  readonly activity: ActivityLog;
  /** Virtual server time, milliseconds since 1970, UTC; the same for the whole answer. */
  readonly now: number;
  readonly method: string;
  /** Version in the path (`5.0`); empty for /msp. */
  readonly version: string;
  /** Path as asked for. */
  readonly path: string;
  /** Scheme and host the answer names in its DOCTYPE. */
  readonly base: string;
  readonly user: string;
  /** Last value of each parameter. */
  readonly params: ReadonlyMap<string, string>;
  readonly faults: ActiveFaults;
  /** Trial subscriptions get a comment before and after the root element. */
  readonly trial: boolean;
}

/** An answer. `body` is drawn piece by piece while the client reads; empty pieces only give the server a breath. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Iterable<string>;
  /** Whether rate headers belong on it; they stand on 200, 400 and 409 but not on sign-in and account errors. */
  readonly rated: boolean;
}

export interface Route {
  /** Path with `{version}` where it has one: `/api/{version}/fo/asset/host/`. */
  readonly path: string;
  /** Oldest first; the last one is current. None for paths without a version. */
  readonly versions: readonly string[];
  /** Versions past their end of life, answered only where the switch says so. */
  readonly ended: readonly string[];
  /** Calls for which no version has ended. */
  readonly neverEnds?: (params: ReadonlyMap<string, string>) => boolean;
  /** X-Requested-With is demanded on /api, not on /msp. */
  readonly requestedWith: boolean;
  /** Whether a session cookie signs in. */
  readonly cookie: boolean;
  /** Whether a bearer token does not. */
  readonly basicOnly?: boolean;
  /** Outside limits: session calls. */
  readonly unlimited?: boolean;
  /** Known parameters of a version; undefined where nothing is checked. */
  readonly parameters?: (version: string) => ParameterKinds;
  answer(call: Call): Answer;
}

/** Thrown by a body in mid-answer: the server destroys the connection. */
export class CutOff extends Error {}

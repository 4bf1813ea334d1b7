import type { Clock } from '../core/clock.ts';
import type { QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { StreamIdentity } from '../core/words.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Leases, Use } from '../store/leases.ts';
import type { Controls } from './controls.ts';
import type { RunningSink } from './deliver/deliver.ts';
import type { PressureLimits } from './deliver/pressure.ts';
import type { Observer } from './observer.ts';
import type { Slots } from './pull/puller.ts';
import type { PullReport } from './report.ts';
import type { Stream } from './stream.ts';

export interface CollectorParts {
  readonly outbox: Outbox;
  readonly dataDir: string;
  readonly streams: readonly Stream[];
  /** Calls a stream may have running at once now, as its governor knows. */
  readonly slots: (stream: Stream) => Slots;
  readonly sinks: readonly (RunningSink & { readonly takes: (stream: StreamIdentity) => boolean })[];
  readonly limits: PressureLimits;
  /** How long settled batches that are not current any more are kept, milliseconds. */
  readonly retention: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
  /** Where several workers share one database. */
  readonly shared?: Shared | undefined;
}

export interface Shared {
  readonly leases: Leases;
  /** Takes over what is known of a subscription's limits; from now on it is saved under this guard. */
  readonly openGovernor: (subscription: string, guard: Use['guard']) => Promise<void>;
}

export interface RunOptions {
  /** Every stream up to date and delivered once, then done; without it, until stopped. */
  readonly once: boolean;
  /** Goes on until told to finish even when no stream is left: somebody may yet add one. */
  readonly stay?: boolean;
  /** Full readings now. */
  readonly sweep: boolean;
  /** With `once`: how long delivery may take after the last pull, milliseconds. */
  readonly timeout: number;
  /** Begin no more pages. */
  readonly finish: AbortSignal;
  /** Abandon what is under way. */
  readonly now: AbortSignal;
  /** What people ask of the streams; nobody asks without it. */
  readonly controls?: Controls;
  readonly onReport?: (report: PullReport) => void;
  /** Called once, when every loop has begun. */
  readonly onRunning?: (running: Running) => void;
}

/** A collector at work, for who changes its configuration. */
export interface Running {
  /** Streams that have stopped, with why. */
  readonly stopped: ReadonlyMap<string, QuarryError>;
  /** Goes on with these parts; resolves when what left has left and what is new runs. Outbox and data directory stay. */
  change(next: CollectorParts): Promise<void>;
}

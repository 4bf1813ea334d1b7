import type { Happening } from './happening.ts';

/** Where a record may be at any moment; what tests kill in, and what progress shows. */
export type Phase = 'download' | 'stage' | 'commit' | 'send' | 'settle' | 'clean-up';

/** Watches the collector at work. All calls are synchronous and must not throw. */
export interface Observer {
  phase(phase: Phase): void;
  progress(progress: Progress): void;
  happening?(happening: Happening): void;
  called?(call: CallSeen): void;
  wrote?(write: WriteSeen): void;
}

/** A call that was sent to Qualys: its headers came, or it failed before (status 0). */
export interface CallSeen {
  readonly subscription: string;
  /** The endpoint as Qualys counts limits for it. */
  readonly api: string;
  readonly status: number;
  /** From sending to headers, milliseconds. */
  readonly ms: number;
}

/** A sink was given what it may have. */
export interface WriteSeen {
  readonly sink: string;
  /** Events that it took. */
  readonly events: number;
  /** It failed as a whole, and is asked again. */
  readonly failed: boolean;
  /** Milliseconds, reading and shaping not included. */
  readonly ms: number;
}

/** How far a pull is. */
export interface Progress {
  readonly stream: string;
  /** Records read, those of the page under way included. */
  readonly records: number;
  readonly bytes: number;
  /** Pages accepted. */
  readonly pages: number;
  /** Ranges still to read. */
  readonly left: number;
  readonly elapsedMs: number;
  /** The pull is over. */
  readonly ended: boolean;
}

export const silentObserver: Observer = { phase: () => {}, progress: () => {} };

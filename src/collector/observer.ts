/** Where a record may be at any moment; what tests kill in, and what progress shows. */
export type Phase = 'download' | 'stage' | 'commit' | 'send' | 'settle' | 'clean-up';

/** Watches the collector at work. All calls are synchronous and must not throw. */
export interface Observer {
  phase(phase: Phase): void;
  progress(progress: Progress): void;
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

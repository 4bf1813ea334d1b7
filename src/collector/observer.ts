/** Where a record may be at any moment; what tests kill in, and what progress shows. */
export type Phase = 'download' | 'stage' | 'commit' | 'send' | 'settle' | 'clean-up';

/** Watches the collector at work. All calls are synchronous and must not throw. */
export interface Observer {
  phase(phase: Phase): void;
  progress(progress: Progress): void;
}

export interface Progress {
  readonly stream: string;
  readonly records: number;
  readonly bytes: number;
  readonly pages: number;
  /** Ranges still to read. */
  readonly left: number;
  /** A wait, for people: "until 14:05, because …". */
  readonly waiting?: string;
}

export const silentObserver: Observer = { phase: () => {}, progress: () => {} };

import type { QuarryError } from '../core/errors.ts';
import type { LiveStream } from './service.ts';

/** The words a connection can be described with: a closed list. */
export const STATUS_WORDS = ['active', 'running', 'waiting', 'temporary failure', 'stopped', 'paused'] as const;
export type StatusWord = (typeof STATUS_WORDS)[number];

/** What a connection is at, in a word and the reason for it. Times are epoch ms. */
export interface Status {
  readonly word: StatusWord;
  /** Until when it waits, or when it tries again. */
  readonly until?: number;
  /** Since when it is stopped. */
  readonly since?: number;
  readonly why?: string;
  readonly error?: QuarryError;
}

/**
 * The worst of its streams, as far as people have to do something, else what is going on: stopped before temporary
 * failure before waiting for Qualys's limits before running before active. A stream that has to wait for its schedule
 * is active.
 */
export function statusOf(
  streams: readonly Pick<LiveStream, 'state'>[],
  waits: { readonly until: number | undefined; readonly because: string } | undefined,
  paused: boolean,
): Status {
  if (paused) return { word: 'paused' };
  const states = streams.flatMap(({ state }) => (state === undefined ? [] : [state]));
  const stopped = states.find((state) => state.kind === 'stopped');
  if (stopped !== undefined) {
    const { error, since } = stopped;
    return { word: 'stopped', since, why: error.message, error };
  }
  const failed = states.filter((state) => state.kind === 'failed').sort((a, b) => a.until - b.until)[0];
  if (failed !== undefined) {
    const { error, until } = failed;
    return { word: 'temporary failure', until, why: error.message, error };
  }
  if (waits !== undefined && states.some(({ kind }) => kind === 'pulling'))
    return { word: 'waiting', why: waits.because, ...(waits.until === undefined ? {} : { until: waits.until }) };
  const pulling = states.find((state) => state.kind === 'pulling');
  return pulling === undefined ? { word: 'active' } : { word: 'running', why: pulling.because };
}

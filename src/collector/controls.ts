/**
 * What people may ask of streams while the collector runs, and what every stream is at. One for a run; streams are
 * named `connection/dataset`, and one that is not there yet may be asked already.
 */
import type { PullMode } from '../core/checkpoint.ts';
import type { QuarryError } from '../core/errors.ts';

/** A pull of what has changed, a full reading, or to forget keys and cursors and begin again. */
export type Wanted = 'changes' | 'sweep' | 'reset';
const MORE: readonly Wanted[] = ['changes', 'sweep', 'reset'];

/** What a stream is at. Times are epoch ms. */
export type LiveState =
  | { readonly kind: 'pulling'; readonly since: number; readonly mode: PullMode; readonly because: string }
  | { readonly kind: 'waiting'; readonly until: number; readonly mode: PullMode; readonly because: string }
  | { readonly kind: 'failed'; readonly until: number; readonly error: QuarryError }
  | { readonly kind: 'stopped'; readonly since: number; readonly error: QuarryError };

export interface Controls {
  /** Wakes the stream; asked again before it has begun, what takes more goes: a reset before a sweep before changes. */
  ask(stream: string, what: Wanted): void;
  /** Ends the pull under way; its pages stay, and it goes on with the next pull. False where there is none. */
  terminate(stream: string): boolean;
  state(stream: string): LiveState | undefined;
  /** What is asked of it and not taken yet is not wanted any more. */
  forget(stream: string): void;
  /** Called when a stream has taken what was asked of it. */
  onTaken(listener: (stream: string) => void): void;
  /** Called with every change of a state. */
  onState(listener: (stream: string, state: LiveState) => void): void;
  /** The stream's own side. */
  of(stream: string): StreamControls;
}

export interface StreamControls {
  /** What is asked for, once. */
  take(): Wanted | undefined;
  /** Whether something is asked for. */
  pending(): boolean;
  /** Resolves when something is asked for, or with the signal. */
  asked(signal: AbortSignal): Promise<void>;
  /** A signal for the pull that begins. */
  begin(): AbortSignal;
  /** Whether the pull that has ended was terminated. */
  ended(): boolean;
  now(state: LiveState): void;
}

interface Held {
  wanted: Wanted | undefined;
  pull: AbortController | undefined;
  state: LiveState | undefined;
  wake: () => void;
}

export function createControls(): Controls {
  const streams = new Map<string, Held>();
  const listeners: ((stream: string, state: LiveState) => void)[] = [];
  const takers: ((stream: string) => void)[] = [];
  const held = (stream: string): Held => {
    const known = streams.get(stream);
    if (known !== undefined) return known;
    const made: Held = { wanted: undefined, pull: undefined, state: undefined, wake: () => {} };
    streams.set(stream, made);
    return made;
  };
  return {
    ask: (stream, what) => {
      const one = held(stream);
      if (one.wanted === undefined || MORE.indexOf(what) > MORE.indexOf(one.wanted)) one.wanted = what;
      one.wake();
    },
    terminate: (stream) => {
      const { pull } = held(stream);
      pull?.abort(new Error('the pull was terminated by hand'));
      return pull !== undefined;
    },
    state: (stream) => streams.get(stream)?.state,
    forget: (stream) => {
      held(stream).wanted = undefined;
    },
    onTaken: (listener) => void takers.push(listener),
    onState: (listener) => void listeners.push(listener),
    of: (stream) => {
      const one = held(stream);
      return {
        take: () => {
          const { wanted } = one;
          one.wanted = undefined;
          if (wanted !== undefined) for (const taken of takers) taken(stream);
          return wanted;
        },
        pending: () => one.wanted !== undefined,
        asked: (signal) =>
          new Promise((resolve) => {
            if (one.wanted !== undefined || signal.aborted) return resolve();
            one.wake = resolve;
            signal.addEventListener('abort', () => resolve(), { once: true });
          }),
        begin: () => {
          one.pull = new AbortController();
          return one.pull.signal;
        },
        ended: () => {
          const terminated = one.pull?.signal.aborted === true;
          one.pull = undefined;
          return terminated;
        },
        now: (state) => {
          one.state = state;
          for (const listener of listeners) listener(stream, state);
        },
      };
    },
  };
}

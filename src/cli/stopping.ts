import { EXIT } from './exit.ts';

export interface Stopping {
  /** Begin no more pages. */
  readonly finish: AbortSignal;
  /** Abandon what is under way. */
  readonly now: AbortSignal;
  /** The exit code the signal asks for; undefined when none came. */
  code(): number | undefined;
  end(): void;
}

/**
 * The first SIGINT or SIGTERM finishes the page under way, the second (or the grace limit) abandons it. Nothing is kept
 * by halves either way.
 */
export function stopping(graceMs: number, say: (line: string) => void): Stopping {
  const finish = new AbortController();
  const now = new AbortController();
  let code: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (code !== undefined) {
      now.abort(new Error(`stopped by a second ${signal}`));
      return;
    }
    code = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
    say(`${signal}: finishing the page under way (at most ${Math.round(graceMs / 1000)} s; once more to stop now)`);
    finish.abort(new Error(`stopped by ${signal}`));
    timer = setTimeout(() => now.abort(new Error('the grace time is over')), graceMs);
    timer.unref();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    finish: finish.signal,
    now: now.signal,
    code: () => code,
    end: () => {
      clearTimeout(timer);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}

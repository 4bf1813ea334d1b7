import type { Observer, Progress } from '../collector/observer.ts';
import { bytes } from './output.ts';

export interface ProgressLines {
  readonly observer: Observer;
  /** Sets what streams wait for, to be shown; `until 14:05, because …` by stream. */
  end(): void;
}

const REDRAW_MS = 200;
const LINE_EVERY_MS = 30_000;

/**
 * Progress for people: on a terminal one line a stream, redrawn; elsewhere a log line every 30 s. `waits` says what the
 * governor holds back and until when.
 */
export function progressLines(say: (line: string) => void, waits: () => readonly string[]): ProgressLines {
  const streams = new Map<string, Progress & { readonly since: number }>();
  const terminal = process.stderr.isTTY === true && process.env['CI'] === undefined && process.env['TERM'] !== 'dumb';
  let drawn = 0;

  const lines = (): string[] => [
    ...[...streams.values()].map(({ stream, records, pages, left, bytes: size, since }) => {
      const seconds = Math.max(0.001, (performance.now() - since) / 1000);
      const eta = left > 0 && pages > 0 ? `, about ${Math.ceil(((seconds / pages) * left) / 60)} min left` : '';
      return `${stream}  ${records.toLocaleString('en-US')} records, ${Math.round(records / seconds).toLocaleString('en-US')}/s, ${pages} pages, ${left} to go, ${bytes(size)}${eta}`;
    }),
    ...waits(),
  ];
  const clear = (): void => {
    if (drawn > 0) process.stderr.write(`\x1b[${drawn}A\x1b[0J`);
    drawn = 0;
  };
  const timer = setInterval(
    () => {
      const now = lines();
      if (terminal) {
        clear();
        if (now.length > 0) process.stderr.write(`${now.join('\n')}\n`);
        drawn = now.length;
      } else for (const line of now) say(line);
    },
    terminal ? REDRAW_MS : LINE_EVERY_MS,
  );
  timer.unref();
  return {
    observer: {
      phase: () => {},
      progress: (progress) => {
        const since = streams.get(progress.stream)?.since ?? performance.now();
        if (progress.left === 0) streams.delete(progress.stream);
        else streams.set(progress.stream, { ...progress, since });
      },
    },
    end: () => {
      clearInterval(timer);
      if (terminal) clear();
    },
  };
}

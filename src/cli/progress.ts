import type { Observer, Progress } from '../collector/observer.ts';
import { bytes } from './output.ts';

export interface ProgressLines {
  readonly observer: Observer;
  /** Where log lines go, so that they and the redrawn lines do not overwrite each other. */
  readonly stream: { write(text: string): void };
  /** What stands below the streams: budgets, waits. */
  show(more: () => readonly string[]): void;
  /** Off a terminal, lines go to this log. */
  sayTo(say: (line: string) => void): void;
  end(): void;
}

const REDRAW_MS = 250;
const LINE_EVERY_MS = 30_000;
/** Rates and estimates are of the time since a pull began to bring records; before this they say nothing. */
const SETTLED_MS = 3000;

/** Progress for people: on a terminal one line a stream, redrawn in place; elsewhere a log line every 30 s. */
export function progressLines(): ProgressLines {
  const streams = new Map<string, Progress>();
  const terminal = process.stderr.isTTY === true && process.env['CI'] === undefined && process.env['TERM'] !== 'dumb';
  let more = (): readonly string[] => [];
  let say = (_line: string): void => {};
  let drawn = 0;

  const clear = (): void => {
    if (drawn > 0) process.stderr.write(`\x1b[${drawn}A\x1b[0J`);
    drawn = 0;
  };
  const draw = (): void => {
    const width = process.stderr.columns || 120;
    const lines = [...[...streams.values()].map(progressText), ...more()];
    if (lines.length > 0) process.stderr.write(`${lines.map((line) => line.slice(0, width - 1)).join('\n')}\n`);
    drawn = lines.length;
  };
  const timer = setInterval(
    () => {
      if (!terminal) {
        for (const line of [...[...streams.values()].map(progressText), ...more()]) say(line);
        return;
      }
      clear();
      draw();
    },
    terminal ? REDRAW_MS : LINE_EVERY_MS,
  );
  timer.unref();
  return {
    observer: {
      phase: () => {},
      progress: (progress) => {
        if (progress.ended) streams.delete(progress.stream);
        else streams.set(progress.stream, progress);
      },
    },
    stream: {
      write: (text) => {
        clear();
        process.stderr.write(text);
      },
    },
    show: (lines) => {
      more = lines;
    },
    sayTo: (line) => {
      say = line;
    },
    end: () => {
      clearInterval(timer);
      if (terminal) clear();
    },
  };
}

function progressText({ stream, records, pages, left, bytes: size, elapsedMs }: Progress): string {
  const count = (n: number): string => n.toLocaleString('en-US');
  const settled = elapsedMs >= SETTLED_MS;
  const rate = settled ? `, ${count(Math.round((records / elapsedMs) * 1000))}/s` : '';
  const ranges = left === 0 ? '' : `, ${left} to go`;
  const eta = settled && left > 0 && pages > 0 ? `, about ${duration((elapsedMs / pages) * left)} left` : '';
  return `${stream}  ${count(records)} records${rate}, ${pages} page${pages === 1 ? '' : 's'} in${ranges}, ${bytes(size)}${eta}`;
}

const duration = (ms: number): string =>
  ms < 90_000
    ? `${Math.ceil(ms / 1000)} s`
    : ms < 5_400_000
      ? `${Math.round(ms / 60_000)} min`
      : `${(ms / 3_600_000).toFixed(1)} h`;

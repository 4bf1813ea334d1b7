import type { Happening } from '../../collector/happening.ts';
import type { Observer } from '../../collector/observer.ts';
import type { SinkState } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { devoLine, mainThread, type Say } from './lines.ts';
import { freeMemory, MEMORY_MS, memory, memoryLine } from './memory.ts';
import { createOutputsLog, MONITOR_MS } from './outputs.ts';
import { createStreamsLog } from './streams.ts';

/** How often a puller that waits for its setup says so. */
const REMIND_MS = 15_000;
const CONSUMERS_MS = 60_000;

/** Lines of the ordinary log that are said in the words of Devo's collectors here. */
export const SAID_OTHERWISE: ReadonlySet<string> = new Set([
  'pull begins',
  'pull complete',
  'pull failed',
  'start time changed: the stream restarts',
]);

/**
 * The log of Devo's collectors: what the collector does, in their literal lines. A line of theirs that would not be true
 * of Quarry is not there; docs/decisions says which and why.
 */
export interface DevoLog {
  readonly observer: Required<Pick<Observer, 'happening' | 'wrote'>>;
  /** Everything is made; the collector begins. `look`: what waits for the sinks. */
  started(look: () => Promise<readonly SinkState[]>): void;
  end(): void;
}

export function createDevoLog(
  config: Config,
  write: (line: string) => void,
  clock: Pick<Clock, 'now' | 'monotonic'> = systemClock,
): DevoLog {
  const say: Say = (level, place, message) => write(devoLine(clock.now(), level, place, message));
  const streams = createStreamsLog(config, say, clock);
  const outputs = createOutputsLog(config, say, clock);
  const timers: NodeJS.Timeout[] = [];
  const every = (ms: number, work: () => void): void => {
    timers.push(setInterval(work, ms).unref());
  };
  const free = (): void => {
    const before = memory();
    freeMemory();
    say('INFO', mainThread('MainProcess'), memoryLine(before, memory()));
  };
  return {
    observer: {
      happening: (happening: Happening) => {
        outputs.happening(happening);
        streams.happening(happening);
      },
      wrote: (write) => {
        outputs.wrote(write);
        streams.wrote();
      },
    },
    started: (look) => {
      say('INFO', mainThread('MainProcess'), 'Initialized all object from "MainProcess" process');
      say('INFO', mainThread('OutputProcess'), 'Process started');
      say('INFO', mainThread('MainProcess'), 'Started all object from "MainProcess" process');
      say('INFO', mainThread('InputProcess'), 'Process Started');
      free();
      every(REMIND_MS, streams.remind);
      every(CONSUMERS_MS, outputs.consumers);
      every(MEMORY_MS, free);
      every(MONITOR_MS, () => {
        look().then(outputs.monitor, () => {});
      });
    },
    end: () => {
      for (const timer of timers) clearInterval(timer);
      outputs.consumers();
    },
  };
}

import { comparable } from '../collector/kept.ts';
import type { Running } from '../collector/parts.ts';
import type { Wired } from '../collector/wire.ts';
import type { Config } from '../config/config.ts';
import { asQuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

export interface Reloading {
  readonly load: () => Config | Promise<Config>;
  /** What runs now. */
  readonly config: Config;
  readonly wired: Wired;
  readonly running: Running;
  readonly log: Log;
}

export interface Reloads {
  /** Reads the configuration again, or once more when that is under way. */
  now(): void;
  /** The same, for who waits for it: rejects with what is wrong, and the configuration in force goes on. */
  apply(): Promise<void>;
  /** The configuration that runs. */
  inForce(): Config;
  /** Whether the last reading was taken over. */
  worked(): boolean;
  end(): Promise<void>;
}

/** SIGHUP from the first moment on, since it would end the process: one that comes early is handed over later. */
export function hangups(): { to(handler: () => void): void; end(): void } {
  let early = false;
  let handler = (): void => {
    early = true;
  };
  const onSignal = (): void => handler();
  process.on('SIGHUP', onSignal);
  return {
    to: (given) => {
      handler = given;
      if (early) given();
    },
    end: () => {
      process.off('SIGHUP', onSignal);
    },
  };
}

/**
 * SIGHUP: the configuration is read and checked again. A bad one is reported with all its problems and the running one
 * goes on; of a good one, what has changed is applied. Signals that come meanwhile are one more reading afterwards.
 */
export function reloading({ load, config, wired, running, log }: Reloading): Reloads {
  let inForce = config;
  let worked = true;
  let wanted = 0;
  let ended = false;
  let work: Promise<void> = Promise.resolve();
  let turn: Promise<void> = Promise.resolve();
  /** One after the other, whoever asks. */
  const inTurn = (): Promise<void> => {
    const mine = turn.then(once);
    turn = mine.then(
      () => {
        worked = true;
      },
      () => {
        worked = false;
      },
    );
    return mine;
  };

  async function once(): Promise<void> {
    const next = await load();
    // Connections of streams that have stopped sign in anew: the cause may have been mended at Qualys.
    const again = new Set([...running.stopped.keys()].map((stream) => stream.split('/')[0] ?? ''));
    const { parts, connections, streams, sinks, settled } = await wired.rewire(next, again);
    for (const name of atNextStart(inForce, next))
      log.warn('a setting takes effect at the next start', { setting: name });
    await running.change(parts);
    await settled();
    inForce = next;
    const said = { connections, streams, sinks };
    const changes = Object.entries(said).flatMap(([what, difference]) =>
      Object.entries(difference).flatMap(([how, names]: [string, readonly string[]]) =>
        names.length === 0 ? [] : [[`${what}_${how}`, names.join(', ')]],
      ),
    );
    if (changes.length === 0) log.info('the configuration was read again; no stream or sink has changed');
    else log.info('the configuration was read again and applied', Object.fromEntries(changes));
  }
  async function run(): Promise<void> {
    while (wanted > 0 && !ended) {
      wanted = 1;
      try {
        await inTurn();
      } catch (thrown) {
        const error = asQuarryError(thrown);
        log.error('the configuration was not taken over; the one in force goes on', {
          code: error.code,
          what: error.message,
          where: error.where,
          do: error.fix,
        });
      }
      wanted--;
    }
  }
  const onSignal = (): void => {
    wanted = Math.min(2, wanted + 1);
    if (wanted === 1) work = run();
  };
  return {
    now: onSignal,
    apply: inTurn,
    inForce: () => inForce,
    worked: () => worked,
    end: async () => {
      ended = true;
      await turn;
      // What is being taken over is finished, so that nothing is opened behind the collector's back.
      await work;
    },
  };
}

/** Settings that only a start takes over. */
function atNextStart(before: Config, after: Config): string[] {
  const settings = { data_dir: 'dataDir', database_url: 'databaseUrl', bodies: 'bodies', server: 'server' } as const;
  return Object.entries(settings)
    .filter(([, key]) => comparable(before[key]) !== comparable(after[key]))
    .map(([name]) => name);
}

/**
 * Tests of connections, as people run them: begun by one request, followed or asked for by others, and kept until the
 * process ends, the last of each connection and the last so many of all. One runs at a time (QRY6011). A test that passes
 * wakes the streams of its connection: what had failed is tried again at once.
 */
import { randomUUID } from 'node:crypto';
import type { Service } from '../collector/port.ts';
import type { ConnectionConfig } from '../config/config.ts';
import { asQuarryError, QuarryError } from '../core/errors.ts';
import { adviceOn, type CheckView, checkOf } from './advice.ts';

export interface Trial {
  readonly id: string;
  readonly connection: string;
  readonly tenant: string;
  /** Epoch ms. */
  readonly started: number;
  ended: number | undefined;
  readonly checks: CheckView[];
  /** Called with each check, and with undefined at the end. */
  readonly listeners: Set<(check: CheckView | undefined) => void>;
}

export interface Trials {
  begin(connection: ConnectionConfig, how: { readonly reachOnly: boolean; readonly wake: boolean }): Trial;
  get(id: string): Trial | undefined;
  lastOf(connection: string): Trial | undefined;
  /** Ends the one under way. */
  stop(): void;
}

const KEPT = 100;

export function createTrials(service: Service): Trials {
  const trials = new Map<string, Trial>();
  const stopping = new AbortController();

  async function run(trial: Trial, connection: ConnectionConfig, reachOnly: boolean, wake: boolean): Promise<void> {
    const tell = (check: CheckView | undefined): void => {
      if (check !== undefined) trial.checks.push(check);
      for (const listener of trial.listeners) listener(check);
    };
    try {
      for await (const checked of service.check(connection, stopping.signal, reachOnly)) tell(checkOf(checked));
      if (wake && trial.checks.every(({ outcome }) => outcome !== 'failed')) await service.wake(connection.id);
    } catch (thrown) {
      if (!stopping.signal.aborted)
        tell({ check: 'test', outcome: 'failed', ok: false, ...adviceOn(asQuarryError(thrown)) });
    } finally {
      trial.ended = service.clock.now();
      tell(undefined);
    }
  }
  return {
    begin: (connection, { reachOnly, wake }) => {
      const underWay = [...trials.values()].some(({ ended }) => ended === undefined);
      if (underWay || service.checking)
        throw new QuarryError('QRY6011', { what: 'Another connection is being tested.' });
      const { id, tenant } = connection;
      const started = service.clock.now();
      const trial: Trial = {
        ...{ id: randomUUID(), connection: id, tenant, started },
        ...{ ended: undefined, checks: [], listeners: new Set() },
      };
      trials.set(trial.id, trial);
      for (const old of [...trials.keys()].slice(0, Math.max(0, trials.size - KEPT))) trials.delete(old);
      void run(trial, connection, reachOnly, wake);
      return trial;
    },
    get: (id) => trials.get(id),
    lastOf: (connection) => [...trials.values()].findLast((trial) => trial.connection === connection),
    stop: () => stopping.abort(),
  };
}

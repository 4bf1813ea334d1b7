/** What the parent of a kill test and its children tell each other. */
import type { Phase } from '../../../src/collector/observer.ts';

/** Each phase as one byte, as it is announced on the pipe and marked in the file. */
export const PHASE_CODES: Readonly<Record<Phase, number>> = {
  download: 0x64,
  stage: 0x73,
  commit: 0x63,
  send: 0x6e,
  settle: 0x74,
  'clean-up': 0x75,
};
export const PHASES = Object.keys(PHASE_CODES) as Phase[];
export const phaseOf = (code: number): Phase | undefined => PHASES.find((phase) => PHASE_CODES[phase] === code);

/** A mark: the byte of the phase entered last, and when (float64, milliseconds since 1970, the machine's clock). */
export const MARK_BYTES = 9;
/** The pipe on which a child announces phases, one byte each. */
export const ANNOUNCE_FD = 3;

/** Time that goes on over restarts: at `since` (machine time) it is `start`, then it runs at `speed`. */
export interface VirtualTime {
  readonly start: number;
  readonly since: number;
  readonly speed: number;
}

export interface CollectorSettings {
  /** The configuration, as text. */
  readonly config: string;
  readonly clock: VirtualTime;
  /** Limits and every wait go by the clock as well; without it, only the schedule. */
  readonly allByClock?: boolean;
  /** File for the marks. */
  readonly marks: string;
  /** `forever`: until killed. `once`: everything due, delivered. `sweep`: full readings, delivered. */
  readonly run: 'forever' | 'once' | 'sweep';
  /** Milliseconds; 0 where absent, so that there is something to clean up. */
  readonly retention?: number;
  /** One worker of several on a PostgreSQL: its name, and how long its leases last. */
  readonly worker?: { readonly name: string; readonly ttl: number };
}

/** What a collector that came to its end says on standard output, one line of JSON. */
export interface CollectorEnd {
  readonly imbalances: readonly string[];
  readonly stopped: readonly string[];
  /** Sweeps held in this run. */
  readonly held: number;
  readonly failedPulls: readonly string[];
  /** The most memory the process ever had resident, MiB. */
  readonly hwmMb: number;
}

export interface SimulatorReady {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

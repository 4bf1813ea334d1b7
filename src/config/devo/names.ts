/** What a Devo layout calls its parts: the names that its log lines, warnings and state are written with. */
export interface DevoLayout {
  /** `globals.name`. */
  readonly collector: string;
  /** `globals.debug`: log lines of all levels. */
  readonly debug: boolean;
  /** By connection. */
  readonly inputs: ReadonlyMap<string, DevoInput>;
  /** What was read and does nothing, with its place and why. */
  readonly warnings: readonly string[];
}

export interface DevoInput {
  /** The input's key: `qualys`. */
  readonly name: string;
  /** Its `id`: `13241243`. */
  readonly id: string;
  /** Whether its limits were set by the user, which no part of Quarry reads. */
  readonly limited: boolean;
  /** Data set → the service's name in the file. */
  readonly services: ReadonlyMap<string, string>;
}

/** The data sets behind the services of the two collectors, where they are called differently. */
const SERVICES: ReadonlyMap<string, string> = new Map([
  ['vm_scans', 'vm_scan_results'],
  ['fim_alerts', 'fim_events'],
]);

export const datasetOfService = (service: string): string => SERVICES.get(service) ?? service;

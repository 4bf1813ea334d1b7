/** What of the inventory is kept and shown, and how long findings may stay open. Durations are milliseconds. */
export interface InventoryPolicy {
  /** By severity: how long after it was opened, or opened again, a finding is due. */
  readonly sla: Readonly<Partial<Record<1 | 2 | 3 | 4 | 5, number>>>;
  readonly devices: Thresholds;
  readonly users: Thresholds;
  /** Whether RESULTS of findings are kept, and can be asked for. */
  readonly results: boolean;
}

/**
 * When something is not shown any more. Nothing is deleted by these: a longer threshold shows it again.
 */
export interface Thresholds {
  /** Not seen by Qualys for so long (`last_seen`; users: their last login). What has no such time is shown. */
  readonly ignoreNotSeen?: number;
  /**
   * Not returned by Qualys for so long: neither by a pull, nor known to be there by a complete reading. That it was found
   * missing returns nothing.
   */
  readonly deleteNotReturned?: number;
  /** Missing from a complete reading that succeeded, so long ago; without it, at once. */
  readonly deleteNotReturnedBySuccess?: number;
}

export const DEFAULT_POLICY: InventoryPolicy = { sla: {}, devices: {}, users: {}, results: false };

/** A complete reading of a data set of a subscription that succeeded. Of those since a threshold, the first two say all. */
export interface CompleteReading {
  readonly tenant: string;
  readonly subscription: string;
  readonly dataset: string;
  /** The beginning of the reading; milliseconds since the epoch. */
  readonly at: number;
}

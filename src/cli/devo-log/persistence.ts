/** What is kept of a stream, in the form of Devo's collectors. */
export interface DevoPersistence {
  readonly '@persistence_version': 1;
  readonly start_time_str: string | null;
  readonly last_event_time_str: string | null;
  readonly last_ids: readonly string[];
}

/**
 * `last_event_time_str` is how far everything has been read: the watermark, else the start. `last_ids` is always empty:
 * what has been seen is known by the table of keys and not by a list of the last second.
 */
export function devoPersistence(start: string | undefined, watermark: string | undefined): DevoPersistence {
  const shown = (time: string | undefined): string | null =>
    time === undefined || time === '' ? null : `${new Date(time).toISOString().slice(0, 19)}Z`;
  return {
    '@persistence_version': 1,
    start_time_str: shown(start),
    last_event_time_str: shown(watermark ?? start),
    last_ids: [],
  };
}

/**
 * A limit of the user's own on one API: so many calls of a connection in an hour, whatever Qualys would allow.
 *
 * The hour begins with its first call. When its calls are used up, the connection waits until that hour is over, and
 * the next call begins another one. A call counts when it is sent, however it ends; one that never reached Qualys does
 * not. What was used is saved, so that a restart begins no new hour.
 */
export interface OwnLimit {
  /** Whose limit it is: several connections to one subscription count for themselves. */
  readonly connection: string;
  readonly perHour: number;
}

/** By connection: when its hour began (wall-clock milliseconds) and the calls of it. */
export type SavedHours = Readonly<Record<string, readonly [number, number]>>;

interface Hour {
  readonly began: number;
  used: number;
}

export interface OwnHours {
  /** When a call may start as far as this limit goes; now or earlier when it may at once. */
  freeAt(limit: OwnLimit | undefined, now: number): number;
  /** A call begins; what is returned takes it back, for one that was never sent. */
  begin(limit: OwnLimit | undefined, now: number): () => void;
  save(toWall: (at: number) => number): SavedHours;
}

const HOUR_MS = 3_600_000;

/** `toMonotonic` turns a saved wall time into one of the monotonic clock, never later than now. */
export function openOwnHours(saved: SavedHours | undefined, toMonotonic: (wall: number) => number): OwnHours {
  const hours = new Map<string, Hour>();
  for (const [connection, [began, used]] of Object.entries(saved ?? {}))
    hours.set(connection, { began: toMonotonic(began), used });
  const current = (connection: string, now: number): Hour | undefined => {
    const hour = hours.get(connection);
    return hour === undefined || now >= hour.began + HOUR_MS ? undefined : hour;
  };

  return {
    freeAt(limit, now) {
      const hour = limit === undefined ? undefined : current(limit.connection, now);
      return hour === undefined || hour.used < limit!.perHour ? now : hour.began + HOUR_MS;
    },
    begin(limit, now) {
      if (limit === undefined) return () => undefined;
      const hour = current(limit.connection, now) ?? { began: now, used: 0 };
      hours.set(limit.connection, hour);
      hour.used += 1;
      return () => {
        hour.used -= 1;
      };
    },
    save: (toWall) =>
      Object.fromEntries(
        [...hours].map(([connection, { began, used }]) => [connection, [Math.ceil(toWall(began)), used]]),
      ),
  };
}

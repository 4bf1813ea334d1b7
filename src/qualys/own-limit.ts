/**
 * A limit of the user's own on one API: so many calls of a connection in any sixty minutes, whatever Qualys would allow.
 *
 * When as many calls were sent within the last hour, the connection waits until the oldest of them is an hour old. A call
 * counts when it is sent, however it ends; one that never reached Qualys does not. What was sent is saved, so that a
 * restart forgets none of it.
 */
export interface OwnLimit {
  /** Whose limit it is: several connections to one subscription count for themselves. */
  readonly connection: string;
  readonly perHour: number;
}

/** By connection: when the calls of its last hour were sent, wall-clock milliseconds, oldest first. */
export type SavedHours = Readonly<Record<string, readonly number[]>>;

export interface OwnHours {
  /** When a call may start as far as this limit goes; now or earlier when it may at once. */
  freeAt(limit: OwnLimit | undefined, now: number): number;
  /** A call begins; what is returned takes it back, for one that was never sent. */
  begin(limit: OwnLimit | undefined, now: number): () => void;
  save(now: number, toWall: (at: number) => number): SavedHours;
}

const HOUR_MS = 3_600_000;

/** `toMonotonic` turns a saved wall time into one of the monotonic clock, never later than now. */
export function openOwnHours(saved: SavedHours | undefined, toMonotonic: (wall: number) => number): OwnHours {
  /** Oldest first; one object a call, since several may be sent at the same millisecond. */
  const calls = new Map<string, { readonly at: number }[]>();
  for (const [connection, sent] of Object.entries(saved ?? {}))
    calls.set(
      connection,
      sent.map((wall) => ({ at: toMonotonic(wall) })),
    );
  const lastHour = (connection: string, now: number): { readonly at: number }[] => {
    const all = calls.get(connection) ?? [];
    const old = all.findIndex(({ at }) => at + HOUR_MS > now);
    if (old !== 0) all.splice(0, old < 0 ? all.length : old);
    return all;
  };

  return {
    freeAt(limit, now) {
      if (limit === undefined) return now;
      const sent = lastHour(limit.connection, now);
      // A limit that was lowered may find more calls behind it than it allows.
      const before = sent.at(-limit.perHour);
      return sent.length < limit.perHour || before === undefined ? now : before.at + HOUR_MS;
    },
    begin(limit, now) {
      if (limit === undefined) return () => undefined;
      const { connection } = limit;
      const sent = lastHour(connection, now);
      const call = { at: now };
      sent.push(call);
      calls.set(connection, sent);
      return () => {
        const at = sent.indexOf(call);
        if (at >= 0) sent.splice(at, 1);
      };
    },
    save: (now, toWall) =>
      Object.fromEntries(
        [...calls.keys()]
          .map((connection) => [connection, lastHour(connection, now).map(({ at }) => Math.ceil(toWall(at)))] as const)
          .filter(([, sent]) => sent.length > 0),
      ),
  };
}

import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { CATALOGUE, type ErrorCode } from '../../core/catalogue.ts';
import { QuarryError } from '../../core/errors.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import type { Migration } from '../../store/migrate.ts';
import type { Store } from '../../store/store.ts';
import type { Controls, LiveState } from '../controls.ts';

/*
 * What every stream is at, for processes that do not pull it: whoever does writes it down within a second of the change,
 * and a process with a server reads all of it once a second. A picture for people: nothing depends on it. What a worker
 * was at when it died stands there until another has taken its subscription over.
 */

export interface SightingSchema {
  /** `at` is epoch ms by the database's clock, so that a worker that was stopped does not overwrite a newer one. */
  sighting: { stream: string; state: string; at: number };
}

export const sightingMigrations: readonly Migration[] = [
  {
    number: 56,
    name: 'what streams are at',
    admits: 45,
    statements: ({ text }) => [
      `CREATE TABLE sighting (stream ${text} PRIMARY KEY, state ${text} NOT NULL, at bigint NOT NULL)`,
    ],
  },
];

const LOOK_MS = 1000;

export interface Sightings {
  /** As it was a second ago at most; undefined where nobody has pulled it yet. */
  of(stream: string): LiveState | undefined;
  /** Writes down what changes here, and reads what others wrote, until told to stop. */
  follow(signal: AbortSignal): Promise<void>;
}

/** `clockOffset` is what the database's clock is ahead of this machine's, milliseconds. */
export function openSightings(outbox: Outbox, controls: Controls, clockOffset = 0): Sightings {
  const { db } = outbox.store as unknown as Store<SightingSchema>;
  const changed = new Map<string, { readonly state: string; readonly at: number }>();
  const seen = new Map<string, { readonly at: number; readonly state: LiveState }>();
  controls.onState((stream, state) =>
    changed.set(stream, { state: JSON.stringify(state, errorsAsFacts), at: Math.round(Date.now() + clockOffset) }),
  );

  async function look(): Promise<void> {
    const writing = [...changed];
    if (writing.length > 0) {
      await sql`
        INSERT INTO sighting (stream, state, at)
        SELECT * FROM unnest(${writing.map(([stream]) => stream)}::text[], ${writing.map(([, { state }]) => state)}::text[],
          ${writing.map(([, { at }]) => at)}::bigint[])
        ON CONFLICT (stream) DO UPDATE SET state = excluded.state, at = excluded.at WHERE sighting.at <= excluded.at`.execute(
        db,
      );
      for (const [stream, written] of writing) if (changed.get(stream) === written) changed.delete(stream);
    }
    for (const { stream, state, at } of await db.selectFrom('sighting').selectAll().execute())
      if (seen.get(stream)?.at !== at) seen.set(stream, { at, state: stateOf(state) });
  }
  return {
    of: (stream) => seen.get(stream)?.state,
    follow: async (signal) => {
      while (!signal.aborted) {
        await look().catch(() => {});
        await wait(LOOK_MS, undefined, { signal }).catch(() => {});
      }
    },
  };
}

const errorsAsFacts = (_: string, value: unknown): unknown =>
  value instanceof QuarryError ? { code: value.code, what: value.message, where: value.where, fix: value.fix } : value;

function stateOf(text: string): LiveState {
  const state = JSON.parse(text) as LiveState;
  if (!('error' in state)) return state;
  const { code, ...details } = state.error as unknown as { code: ErrorCode; what: string; fix: string };
  // A worker of a newer version may know more codes.
  return { ...state, error: new QuarryError(code in CATALOGUE ? code : 'QRY9001', details) };
}

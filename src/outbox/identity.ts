import { hash } from 'node:crypto';

/** What the key table knows of a key. */
export interface KnownKey {
  readonly fingerprint: string;
  /** The latest of Qualys's change times that this key came with. */
  readonly version: string | null;
  /** How often the content changed since the key was first seen. */
  readonly changes: number;
}

/** The fingerprint of a key that was removed; no hash has this form. */
export const REMOVED = '-';

export interface Version {
  /** The version part of the event's id. */
  readonly version: string;
  /** For the key table. */
  readonly latest: string | null;
  readonly changes: number;
}

/**
 * The version part of an event's id. Qualys's own change time names it, so that another machine or a reset gives the
 * same id. Where there is no such time, or the content changes while it stands still or steps back, the number of the
 * change is in it, so that A → B → A are three events whatever the times are.
 */
export function versionOf(time: string | undefined, known: KnownKey | undefined): Version {
  const changes = known === undefined ? 0 : known.changes + 1;
  const latest = known?.version ?? null;
  if (time === undefined) return { version: `#${changes}`, latest, changes };
  if (latest === null || time > latest) return { version: time, latest: time, changes };
  return { version: `${time}#${changes}`, latest, changes };
}

export type IdMaker = (lead: number, key: string, fingerprint: string, version: string) => string;

/** Deterministic event ids: 128 bits of SHA-256 over tenant, subscription, data set, key, fingerprint and version, in hex. */
export function idMaker(tenant: string, subscription: string, dataset: string): IdMaker {
  const prefix = JSON.stringify([tenant, subscription, dataset]);
  return (lead, key, fingerprint, version) =>
    hash('sha256', `${prefix}\n${lead}\n${key}\n${fingerprint}\n${version}`, 'hex').slice(0, 32);
}

import { hash } from 'node:crypto';

/** What the key table knows of a key. */
export interface KnownKey {
  readonly fingerprint: string;
  readonly version: string | null;
  /** How often the content changed since the version time began; for records without one, since ever. */
  readonly changes: number;
}

/** The fingerprint of a key that was removed; no hash has this form. */
export const REMOVED = '-';

/**
 * The version part of an event's id. Qualys's own change time names it, so that another machine or a reset gives the
 * same id; where the content changes while that time stands still (or there is none), the number of such changes is
 * added, so that A → B → A are three events.
 */
export function versionOf(time: string | undefined, known: KnownKey | undefined): { version: string; changes: number } {
  if (time === undefined) {
    const changes = known === undefined ? 0 : known.changes + 1;
    return { version: `#${changes}`, changes };
  }
  if (known === undefined || known.version !== time) return { version: time, changes: 0 };
  return { version: `${time}#${known.changes + 1}`, changes: known.changes + 1 };
}

export type IdMaker = (lead: number, key: string, fingerprint: string, version: string) => string;

/** Deterministic event ids: 128 bits of SHA-256 over tenant, subscription, data set, key, fingerprint and version, in hex. */
export function idMaker(tenant: string, subscription: string, dataset: string): IdMaker {
  const prefix = JSON.stringify([tenant, subscription, dataset]);
  return (lead, key, fingerprint, version) =>
    hash('sha256', `${prefix}\n${lead}\n${key}\n${fingerprint}\n${version}`, 'hex').slice(0, 32);
}

/**
 * How far tests go. `npm test` runs every test with small counts; QUARRY_FULL=1 (`npm run test:full`, `.ci/run`) with the
 * counts that the promises name, QUARRY_SOAK=1 (`npm run test:soak`) with those of hours. What is asserted is the same.
 */
import { appendFileSync } from 'node:fs';

export type Scale = 'quick' | 'full' | 'soak';

export const scale: Scale =
  process.env['QUARRY_SOAK'] === '1' ? 'soak' : process.env['QUARRY_FULL'] === '1' ? 'full' : 'quick';

export interface Counts<T> {
  readonly quick: T;
  readonly full: T;
  /** As in a full run, where absent. */
  readonly soak?: T;
}

/** The count for this run; `what` names it in the summary of `npm test`, which gives the file QUARRY_SCALED for it. */
export function scaled<T extends number | readonly number[]>(what: string, { quick, full, soak }: Counts<T>): T {
  const note = process.env['QUARRY_SCALED'];
  if (scale === 'quick' && note !== undefined && String(quick) !== String(full))
    appendFileSync(note, `${what} ${String(quick)} of ${String(full)}\n`);
  return scale === 'soak' ? (soak ?? full) : { quick, full }[scale];
}

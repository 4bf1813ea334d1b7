import { sql } from 'kysely';
import type { Store } from '../store/store.ts';
import { TYPE } from './finding/said.ts';
import { CLOSED, WHAT } from './finding/state.ts';
import type { InventorySchema } from './schema.ts';

/** How fast findings of a severity were fixed. */
export interface Remediation {
  readonly tenant: string;
  readonly subscription: string;
  readonly severity: number;
  /** Times a finding was fixed; one that came back and was fixed again counts twice. */
  readonly fixed: number;
  /** Mean time to remediate: from when it was opened, or opened again, until it was fixed. Milliseconds. */
  readonly meanMs: number;
}

const INFORMATION = TYPE.indexOf('Info');

/**
 * Mean time to remediate by severity, of what was fixed at or after `from` and before `to` (milliseconds since the epoch,
 * UTC). Only what Qualys found fixed counts: hosts that were purged or went out of scope say nothing of remediation, nor
 * does information gathered (type Info). The times are Qualys's own, where it says them: see `finding/state.ts`.
 */
export async function remediation(
  { db }: Store<InventorySchema>,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Remediation[]> {
  const since = sql`coalesce((SELECT max(r.at) FROM finding_history r WHERE r.host = e.host AND r.space = e.space AND r.qid = e.qid
    AND r.place = e.place AND r.what = ${WHAT.indexOf('reopened')} AND r.at <= e.at), f.opened)`;
  const { rows } = await sql<Record<keyof Remediation, string>>`
    SELECT sp.tenant AS "tenant", sp.subscription AS "subscription", f.severity AS "severity", count(*) AS "fixed",
      sum(CASE WHEN ${since} < e.at THEN e.at - ${since} ELSE 0 END) AS "meanMs"
    FROM finding_history e
    JOIN finding f ON f.host = e.host AND f.space = e.space AND f.qid = e.qid AND f.place = e.place
    JOIN space sp ON sp.id = e.space
    WHERE e.at >= ${from} AND e.at < ${to} AND e.what = ${WHAT.indexOf('closed')} AND e.reason = ${CLOSED.indexOf('fixed')}
      AND f.type <> ${INFORMATION}
    GROUP BY sp.tenant, sp.subscription, f.severity ORDER BY sp.tenant, sp.subscription, f.severity`.execute(db);
  return rows.map(({ tenant, subscription, severity, fixed, meanMs }) => ({
    ...{ tenant, subscription, severity: Number(severity), fixed: Number(fixed) },
    meanMs: Math.round(Number(meanMs) / Number(fixed)),
  }));
}

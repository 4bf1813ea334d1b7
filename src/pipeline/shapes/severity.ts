/** Qualys's severities 1 to 5 in the words of others. */

const at = (words: readonly string[], severity: number | undefined): string | undefined =>
  severity === undefined ? undefined : words[severity - 1];

const CIM = ['informational', 'low', 'medium', 'high', 'critical'];
const QUALYS = ['Minimal', 'Medium', 'Serious', 'Critical', 'Urgent'];
const OCSF = [1, 2, 3, 4, 5];

export const cimSeverity = (severity: number | undefined): string | undefined => at(CIM, severity);

/** What Qualys itself calls it. */
export const qualysSeverity = (severity: number | undefined): string | undefined => at(QUALYS, severity);

/** OCSF severity_id, 0 where there is none. `chosen`: the ids for 1 to 5, where the usual ones are not wanted. */
export const ocsfSeverity = (severity: number | undefined, chosen: readonly number[] = OCSF): number =>
  severity === undefined ? 0 : (chosen[severity - 1] ?? 0);

/** The rating CVSS gives a score. */
export function cvssRating(score: number | undefined): string | undefined {
  if (score === undefined || score < 0 || score > 10) return undefined;
  if (score >= 9) return 'Critical';
  if (score >= 7) return 'High';
  if (score >= 4) return 'Medium';
  return score > 0 ? 'Low' : 'None';
}

/**
 * Truth of the activity log, of scans and what they found, and of the KnowledgeBase, from the generators.
 *
 * Rows of the activity log and of scan results may be equal in every byte. Their keys end in an occurrence: 1, 2, 3 …
 * among rows that are otherwise equal.
 */
import { createHash } from 'node:crypto';
import { ACTIVITY_COLUMNS, type ActivityLog, activityFields } from './activity-log.ts';
import { knowledgeAt } from './world/knowledge.ts';
import { stamp } from './world/time.ts';
import { hasResults, standingOf, type VmScan, vmScanResults, vmScansAt } from './world/vm-scans.ts';
import type { World } from './world/world.ts';

/** The lines of the data sets wanted. `at` is milliseconds since 1970, UTC. */
export function* classicTruthLines(
  world: World,
  at: number,
  log: ActivityLog,
  wanted: (dataset: string) => boolean,
): Generator<string> {
  if (wanted('user_activity')) yield* activityLines(log, at);
  const [scans, results] = [wanted('vm_scans'), wanted('vm_scan_results')];
  if (scans || results)
    for (const scan of vmScansAt(world, at)) {
      if (scans) yield scanLine(world, scan, at);
      if (results && hasResults(scan, at)) yield* resultLines(world, scan);
    }
  if (wanted('knowledge_base')) yield* knowledgeLines(world, at);
}

function* knowledgeLines(world: World, at: number): Generator<string> {
  for (const { entry } of knowledgeAt(world, at)) {
    const { vulnerability, title, published, modified, revision, cves, patchPublished } = entry();
    yield JSON.stringify({
      dataset: 'knowledge_base',
      key: [String(vulnerability.qid)],
      title,
      severity: vulnerability.severity,
      published: stamp(published),
      last_modified: stamp(modified),
      revision,
      patchable: patchPublished !== undefined,
      cves: cves.map(({ id }) => id),
    });
  }
}

/** Counts equal texts from 1. */
function occurrences(): (text: string) => string {
  const seen = new Map<string, number>();
  return (text) => {
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return String(count);
  };
}

/** 132 bits of the SHA-256 of a row's fields as the inside of a JSON object under the header's names, in base64url. */
export const rowHash = (fields: readonly string[]): string =>
  createHash('sha256')
    .update(fields.map((text, i) => `${JSON.stringify(ACTIVITY_COLUMNS[i])}:${JSON.stringify(text)}`).join(','))
    .digest('base64url')
    .slice(0, 22);

/** Newest first. */
function* activityLines(log: ActivityLog, at: number): Generator<string> {
  const occurrence = occurrences();
  for (const row of log.rows(at)) {
    const fields = activityFields(row);
    const hash = rowHash(fields);
    yield JSON.stringify({
      dataset: 'user_activity',
      key: [fields[0], hash, occurrence(hash)],
      action: row.action,
      module: row.module,
      user: row.user,
      details_length: row.details.length,
    });
  }
}

function scanLine(world: World, scan: VmScan, at: number): string {
  const { state, subState, processed } = standingOf(world, scan, at);
  return JSON.stringify({
    dataset: 'vm_scans',
    key: [scan.ref],
    type: scan.type,
    title: scan.title,
    user: scan.login,
    launched: stamp(scan.launched),
    state,
    sub_state: subState,
    processed,
    target: scan.target,
  });
}

function* resultLines(world: World, scan: VmScan): Generator<string> {
  const occurrence = occurrences();
  for (const { ip, detection: d, text } of vmScanResults(world, scan)) {
    const port = d.port === undefined ? '' : String(d.port);
    const where = [ip, String(d.vulnerability.qid), port, d.protocol ?? '', d.fqdn ?? '', d.instance ?? ''];
    yield JSON.stringify({
      dataset: 'vm_scan_results',
      key: [scan.ref, ...where, occurrence(where.join('\n'))],
      ssl: d.ssl,
      result_length: text.length,
    });
  }
}

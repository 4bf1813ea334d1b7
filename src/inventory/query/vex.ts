/**
 * The inventory as a CycloneDX 1.6 document of the kind VEX: devices are components, and each vulnerability says of
 * which devices it is in which state. Facts: https://cyclonedx.org/docs/1.6/json/ (vulnerabilities, analysis, affects).
 *
 * A vulnerability is a CVE, or a QID that has none. The specification gives one analysis to an entry, so a CVE has an
 * entry for each state it is in. Several findings of one CVE on one device (ports, QIDs) make one statement, the worst
 * of them: no device is both exploitable and resolved by one CVE. States:
 *
 *   open and confirmed          exploitable
 *   open, a potential one       in_triage: Qualys could not tell whether it is there
 *   open, ignored or disabled   exploitable, response will_not_fix: someone decided to live with it, which makes no
 *                               device unaffected; Qualys does not tell whether it was taken for false
 *   found fixed                 resolved
 *
 * What is gone because its device was purged or left the scope was not seen to be fixed: nothing is said of it. Nor of
 * what is information only.
 *
 * Memory: devices come in pages, and the findings of one vulnerability at a time; what is held of all is the
 * vulnerabilities themselves.
 */
import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { TYPE } from '../finding/said.ts';
import { CLOSED } from '../finding/state.ts';
import { type Asked, exportRows, viewOf } from './query.ts';

/** How many statements (a vulnerability on a device) there are of each kind; those of `ignored` are exploitable, too. */
export interface VexSummary {
  readonly devices: number;
  readonly vulnerabilities: number;
  readonly statements: Readonly<Record<Standing, number>>;
}

/** The worst first. */
const STANDINGS = ['exploitable', 'ignored', 'in_triage', 'resolved'] as const;
type Standing = (typeof STANDINGS)[number];

const ANALYSIS: Readonly<Record<Standing, object>> = {
  exploitable: { state: 'exploitable', detail: 'Found by Qualys and open.' },
  in_triage: { state: 'in_triage', detail: 'Found by Qualys as potential, and open.' },
  ignored: {
    state: 'exploitable',
    response: ['will_not_fix'],
    detail: 'Found and open; ignored or disabled in Qualys.',
  },
  resolved: { state: 'resolved', detail: 'Found fixed by Qualys.' },
};

/** Qualys's severities 1 to 5 in the words of CycloneDX. */
const SEVERITIES = ['unknown', 'info', 'low', 'medium', 'high', 'critical'];

/** The document, in pieces of text that make one JSON object. Times are ISO 8601, UTC. */
export async function* vexDocument(asked: Asked): AsyncGenerator<string, VexSummary> {
  const statements = { exploitable: 0, ignored: 0, in_triage: 0, resolved: 0 };
  let devices = 0;
  let vulnerabilities = 0;
  yield `{"$schema":"http://cyclonedx.org/schema/bom-1.6.schema.json","bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:${randomUUID()}","version":1,`;
  const tool = { type: 'application', name: 'quarry' };
  const metadata = { timestamp: new Date(asked.context.now).toISOString(), tools: { components: [tool] } };
  yield `"metadata":${JSON.stringify(metadata)},"components":[`;
  for await (const row of exportRows(asked, 'devices', {
    fields: ['tenant', 'subscription', 'device', 'name', 'fqdn', 'ip'],
  })) {
    const { tenant, subscription, device } = row as Readonly<Record<keyof Owned, string>>;
    const name = [row['name'], row['fqdn'], row['ip']].find((one) => typeof one === 'string') ?? device;
    const component = { type: 'device', 'bom-ref': refOf({ tenant, subscription, device }), name };
    yield `${devices++ === 0 ? '' : ','}\n${JSON.stringify(component)}`;
  }
  yield '],"vulnerabilities":[';
  for (const [id, qids] of await found(asked)) {
    const known = await knownOf(asked, qids);
    for (const [standing, affected] of Map.groupBy(
      (await affectedBy(asked, id)).entries(),
      ([, { standing: one }]) => one,
    )) {
      const refs = affected.map(([ref]) => ref).sort();
      const since = affected.map(([, { at }]) => at).filter((at) => at > 0);
      statements[standing] += refs.length;
      const entry = {
        'bom-ref': `${id}/${standing}`,
        ...{ id, source: sourceOf(id), ...known },
        analysis: { ...ANALYSIS[standing], ...timesOf(since) },
        affects: refs.map((ref) => ({ ref })),
      };
      yield `${vulnerabilities++ === 0 ? '' : ','}\n${JSON.stringify(entry)}`;
    }
  }
  yield ']}\n';
  return { devices, vulnerabilities, statements };
}

interface Owned {
  readonly tenant: string;
  readonly subscription: string;
  readonly device: string;
}

const refOf = ({ tenant, subscription, device }: Owned): string =>
  `device:${[tenant, subscription, device].map(encodeURIComponent).join('/')}`;

const isCve = (id: string): boolean => id.startsWith('CVE-');
const sourceOf = (id: string): object =>
  isCve(id) ? { name: 'NVD', url: `https://nvd.nist.gov/vuln/detail/${encodeURIComponent(id)}` } : { name: 'Qualys' };

/** When the first of these was said and the last changed. */
function timesOf(since: readonly number[]): object {
  if (since.length === 0) return {};
  const at = (ms: number): string => new Date(ms).toISOString();
  const [first, last] = since.reduce(([a, b], one) => [Math.min(a, one), Math.max(b, one)], [since[0]!, since[0]!]);
  return { firstIssued: at(first), lastUpdated: at(last) };
}

function ofTenants({ tenants }: Asked, alias: string): RawBuilder<unknown> {
  if (tenants === undefined) return sql`1 = 1`;
  return tenants.length === 0 ? sql`1 = 0` : sql`${sql.ref(alias)}.tenant IN (${sql.join(tenants)})`;
}

/** Vulnerabilities that were found, by name, with their QIDs. */
async function found(asked: Asked): Promise<readonly (readonly [string, readonly number[]])[]> {
  const { rows } = await sql<{ qid: number; cve: string | null }>`SELECT DISTINCT q.qid AS qid, c.cve AS cve
    FROM (SELECT DISTINCT qid, space FROM finding) q JOIN space sp ON sp.id = q.space LEFT JOIN knowledge_cve c ON c.space = q.space AND c.qid = q.qid
    WHERE ${ofTenants(asked, 'sp')} ORDER BY cve, qid`.execute(asked.store.db);
  const byId = Map.groupBy(rows, ({ qid, cve }) => cve ?? `${QID}${qid}`);
  return [...byId].map(([id, of]) => [id, of.map(({ qid }) => Number(qid))]);
}
const QID = 'QID-';

interface Known {
  readonly qid: number;
  readonly title: string;
  readonly severity: number;
  readonly cvss3_base: string | null;
  readonly cvss3_vector: string | null;
}

/** What the KnowledgeBase says of these QIDs. */
async function knownOf(asked: Asked, qids: readonly number[]): Promise<object> {
  const { rows } = await sql<Known>`SELECT DISTINCT qid, title, severity, cvss3_base, cvss3_vector FROM knowledge k
    WHERE removed = 0 AND ${ofTenants(asked, 'k')} AND qid IN (${sql.join(qids)}) ORDER BY qid, title`.execute(
    asked.store.db,
  );
  const source = { name: 'Qualys' };
  const ratings = rows.flatMap(({ severity, cvss3_base, cvss3_vector: vector }) => {
    const score = Number(cvss3_base ?? '');
    const method = vector?.startsWith('CVSS:3.1') === true ? 'CVSSv31' : 'CVSSv3';
    return [
      { source, severity: SEVERITIES[Number(severity)] ?? 'unknown', method: 'other' },
      ...(score > 0 ? [{ source, score, method, ...(vector === null || vector === '' ? {} : { vector }) }] : []),
    ];
  });
  return {
    references: qids.map((qid) => ({ id: `${QID}${qid}`, source })),
    ...(ratings.length === 0 ? {} : { ratings: unique(ratings) }),
    ...(rows.length === 0 ? {} : { description: [...new Set(rows.map(({ title }) => title))].join('; ') }),
  };
}

const unique = <One>(of: readonly One[]): One[] => [...new Map(of.map((one) => [JSON.stringify(one), one])).values()];

interface Affected {
  readonly standing: Standing;
  /** When it came to stand so; 0 where that is not known. */
  readonly at: number;
}

interface Raw extends Owned {
  readonly closed: number;
  readonly type: number;
  readonly ignored: number;
  readonly disabled: number;
  readonly opened: number;
  readonly reopened: number;
}

/** Devices on which a vulnerability was found, by their reference, and how it stands there. */
async function affectedBy(asked: Asked, id: string): Promise<ReadonlyMap<string, Affected>> {
  const { from, where } = viewOf(asked, 'findings');
  const [rows] = from.split(/\s+(?=LEFT JOIN )/);
  const which = isCve(id)
    ? sql`EXISTS (SELECT 1 FROM knowledge_cve c WHERE c.space = f.space AND c.qid = f.qid AND c.cve = ${id})
        AND f.qid IN (SELECT qid FROM knowledge_cve WHERE cve = ${id})`
    : sql`f.qid = CAST(${Number(id.slice(QID.length))} AS bigint)
        AND NOT EXISTS (SELECT 1 FROM knowledge_cve c WHERE c.space = f.space AND c.qid = f.qid)`;
  const answer =
    await sql<Raw>`SELECT sp.tenant AS tenant, sp.subscription AS subscription, d.device AS device, f.closed AS closed,
      f.type AS type, f.ignored AS ignored, f.disabled AS disabled, f.opened AS opened, f.reopened AS reopened
    FROM ${sql.raw(rows!)} WHERE ${sql.raw(where)} AND ${ofTenants(asked, 'sp')} AND f.type <> ${TYPE.indexOf('Info')}
      AND (f.closed = 0 OR f.closed_reason = ${CLOSED.indexOf('fixed')}) AND ${which}`.execute(asked.store.db);
  const devices = new Map<string, Affected>();
  for (const raw of answer.rows) {
    const ref = refOf(raw);
    const one = {
      standing: standingOf(raw),
      at: Number(raw.closed) || Math.max(Number(raw.opened), Number(raw.reopened)),
    };
    const other = devices.get(ref);
    if (other === undefined || STANDINGS.indexOf(one.standing) < STANDINGS.indexOf(other.standing))
      devices.set(ref, one);
  }
  return devices;
}

function standingOf({ closed, ignored, disabled, type }: Raw): Standing {
  if (Number(closed) > 0) return 'resolved';
  if (Number(ignored) > 0 || Number(disabled) > 0) return 'ignored';
  return Number(type) === TYPE.indexOf('Potential') ? 'in_triage' : 'exploitable';
}

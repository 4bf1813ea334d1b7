/**
 * The inventory as a graph in the form of Microsoft's exposure graph: devices and CVEs are nodes, and an edge
 * `affecting` goes from a CVE to each device it is open on. Columns are those of the tables ExposureGraphNodes and
 * ExposureGraphEdges; `EntityIds` is a list of type and id, as queries over them take it.
 *
 * Rules, as Microsoft's connector to Qualys has them: only devices whose asset Qualys modified in the last 90 days; a
 * finding only where its device is there; a QID with several CVEs gives as many edges, one without gives none and is
 * counted. Several findings of one CVE on one device (ports, QIDs) are one edge, which names them all. Findings that
 * are fixed, ignored, disabled or information only give none.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { dueSql } from '../views/findings.ts';
import { type Asked, exportRows, type Row, viewOf } from './query.ts';

export interface GraphNode {
  readonly kind: 'node';
  readonly NodeId: string;
  readonly NodeLabel: string;
  readonly NodeName: string;
  readonly Categories: readonly string[];
  readonly NodeProperties: { readonly rawData: Readonly<Record<string, unknown>> };
  readonly EntityIds: readonly { readonly type: string; readonly id: string }[];
}

export interface GraphEdge {
  readonly kind: 'edge';
  readonly EdgeId: string;
  readonly EdgeLabel: 'affecting';
  readonly SourceNodeId: string;
  readonly SourceNodeName: string;
  readonly SourceNodeLabel: string;
  readonly SourceNodeCategories: readonly string[];
  readonly TargetNodeId: string;
  readonly TargetNodeName: string;
  readonly TargetNodeLabel: string;
  readonly TargetNodeCategories: readonly string[];
  readonly EdgeProperties: { readonly rawData: Readonly<Record<string, unknown>> };
}

/** What became of everything, told at the end. */
export interface GraphSummary {
  readonly devices: number;
  readonly cves: number;
  readonly edges: number;
  /** Devices that Qualys modified longer ago, and those it does not say it of. */
  readonly devicesTooOld: number;
  readonly devicesWithoutTime: number;
  /** Open findings of the devices whose QID has no CVE. */
  readonly findingsWithoutCve: number;
}

const DAY = 86_400_000;
/** Devices whose findings are read at once. */
const AT_ONCE = 200;

/** Nodes before the edges that name them. Times are ISO 8601, UTC. */
export async function* exposureGraph(
  asked: Asked,
  { days = 90 }: { readonly days?: number } = {},
): AsyncGenerator<GraphNode | GraphEdge, GraphSummary> {
  const since = asked.context.now - days * DAY;
  const summary = { devices: 0, edges: 0, devicesTooOld: 0, devicesWithoutTime: 0, findingsWithoutCve: 0 };
  const cves = new Map<string, GraphNode>();
  let waiting: GraphNode[] = [];
  const names = new Map<string, GraphNode>();
  async function* flush(): AsyncGenerator<GraphNode | GraphEdge> {
    for (const node of waiting) yield node;
    for (const [key, found] of await openFindings(asked, [...names.keys()])) {
      const target = names.get(key)!;
      const byCve = new Map<string, Found[]>();
      for (const one of found) {
        if (one.cve === null) summary.findingsWithoutCve++;
        else byCve.set(one.cve, [...(byCve.get(one.cve) ?? []), one]);
      }
      for (const [cve, findings] of byCve) {
        let source = cves.get(cve);
        if (source === undefined) {
          source = cveNode(cve);
          cves.set(cve, source);
          yield source;
        }
        summary.edges++;
        yield edge(source, target, findings);
      }
    }
    waiting = [];
    names.clear();
  }
  for await (const row of exportRows(asked, 'devices', { fields: DEVICE_FIELDS })) {
    const modified = row['modified'];
    if (typeof modified !== 'string') summary.devicesWithoutTime++;
    else if (Date.parse(modified) < since) summary.devicesTooOld++;
    else {
      const node = deviceNode(row);
      summary.devices++;
      waiting.push(node);
      names.set(keyOf([row['tenant'], row['subscription'], row['device']]), node);
      if (waiting.length === AT_ONCE) yield* flush();
    }
  }
  yield* flush();
  return { ...summary, cves: cves.size };
}

const DEVICE_FIELDS = [
  ...['tenant', 'subscription', 'device', 'name', 'fqdn', 'netbios', 'ip', 'ips', 'macs', 'gateway', 'os', 'host_id'],
  ...['asset_id', 'agent_ids', 'cloud_instance', 'cloud_provider', 'criticality', 'risk_score', 'tags', 'last_seen'],
  'modified',
];

const keyOf = (parts: readonly unknown[]): string => JSON.stringify(parts);

/** The same for the same thing, run after run, in the form of a GUID. */
function guid(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function deviceNode(row: Row): GraphNode {
  const text = (name: string): string => (row[name] === null ? '' : String(row[name]));
  const { tenant: _, subscription: __, device: ___, criticality, ...said } = row;
  const ids: readonly (readonly [string, unknown])[] = [
    ['QualysAssetId', row['asset_id']],
    ['QualysHostId', row['host_id']],
    ...((row['agent_ids'] ?? []) as readonly string[]).map((id) => ['QualysAgentId', id] as const),
    ['CloudInstance', row['cloud_instance']],
    ['DnsName', row['fqdn']],
    ...((row['macs'] ?? []) as readonly string[]).map((mac) => ['MacAddress', mac] as const),
  ];
  return {
    kind: 'node',
    NodeId: guid('device', text('tenant'), text('subscription'), text('device')),
    NodeLabel: 'device',
    NodeName: text('name') || text('fqdn') || text('netbios') || text('ip') || text('device'),
    Categories: ['compute', row['cloud_provider'] === null ? 'device' : 'virtual_machine'],
    NodeProperties: { rawData: { qualysAssetInfo: { ...said, assetCriticalityScore: criticality } } },
    EntityIds: ids.flatMap(([type, id]) => (id === null || id === undefined ? [] : [{ type, id: String(id) }])),
  };
}

const cveNode = (cve: string): GraphNode => ({
  ...{ kind: 'node', NodeId: guid('cve', cve), NodeLabel: 'Cve', NodeName: cve, Categories: ['vulnerability'] },
  ...{ NodeProperties: { rawData: { cve } }, EntityIds: [{ type: 'CveId', id: cve }] },
});

function edge(source: GraphNode, target: GraphNode, findings: readonly Found[]): GraphEdge {
  const rawData = {
    reportInfo: { reportedBy: 'qualys' },
    findings: findings.map(({ qid, place, severity, qds, first_found, last_found, due }) => ({
      ...{ qid: Number(qid), place, severity: Number(severity), qds: Number(qds) || null },
      ...{ firstFound: iso(first_found), lastFound: iso(last_found), due: iso(due) },
    })),
  };
  return {
    ...{ kind: 'edge', EdgeId: guid('affecting', source.NodeId, target.NodeId), EdgeLabel: 'affecting' },
    ...{ SourceNodeId: source.NodeId, SourceNodeName: source.NodeName, SourceNodeLabel: source.NodeLabel },
    SourceNodeCategories: source.Categories,
    ...{ TargetNodeId: target.NodeId, TargetNodeName: target.NodeName, TargetNodeLabel: target.NodeLabel },
    TargetNodeCategories: target.Categories,
    EdgeProperties: { rawData },
  };
}

const iso = (ms: number): string | null => (Number(ms) === 0 ? null : new Date(Number(ms)).toISOString());

interface Found {
  readonly tenant: string;
  readonly subscription: string;
  readonly device: string;
  readonly qid: number;
  readonly place: string;
  readonly severity: number;
  readonly qds: number;
  readonly first_found: number;
  readonly last_found: number;
  readonly due: number;
  readonly cve: string | null;
}

/** Open findings of devices, by device; one for each CVE of its QID. */
async function openFindings(asked: Asked, devices: readonly string[]): Promise<Map<string, Found[]>> {
  if (devices.length === 0) return new Map();
  const { from, where } = viewOf(asked, 'findings');
  const names = devices.map((key) => (JSON.parse(key) as string[])[2]!);
  const { rows } = await sql<Found>`SELECT sp.tenant AS tenant, sp.subscription AS subscription, d.device AS device,
      f.qid AS qid, f.place AS place, f.severity AS severity, f.qds AS qds, f.first_found AS first_found,
      f.last_found AS last_found, ${sql.raw(dueSql(asked.context))} AS due, c.cve AS cve
    FROM ${sql.raw(from)} LEFT JOIN knowledge_cve c ON c.space = f.space AND c.qid = f.qid
    WHERE ${sql.raw(where)} AND f.closed = 0 AND f.type <> 3 AND f.ignored = 0 AND f.disabled = 0
      AND d.device IN (${sql.join(names)})
    ORDER BY d.device, f.space, f.qid, f.place, c.cve`.execute(asked.store.db);
  const found = Map.groupBy(rows, ({ tenant, subscription, device }) => keyOf([tenant, subscription, device]));
  // Another tenant may have a device of the same name.
  const wanted = new Set(devices);
  return new Map([...found].filter(([key]) => wanted.has(key)));
}

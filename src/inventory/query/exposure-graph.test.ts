import { expect, test } from 'vitest';
import { fillInventory } from '../../../test/support/inventory-rows.ts';
import { describeStores } from '../../../test/support/stores.ts';
import { migrate } from '../../store/migrate.ts';
import { DEFAULT_POLICY } from '../policy.ts';
import { type InventorySchema, inventoryMigrations } from '../schema.ts';
import { exposureGraph, type GraphEdge, type GraphNode, type GraphSummary } from './exposure-graph.ts';
import { type Asked, exportRows, type Row } from './query.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 20);

async function drawn(asked: Asked): Promise<{ lines: (GraphNode | GraphEdge)[]; summary: GraphSummary }> {
  const lines: (GraphNode | GraphEdge)[] = [];
  const graph = exposureGraph(asked);
  for (;;) {
    const next = await graph.next();
    if (next.done === true) return { lines, summary: next.value };
    lines.push(next.value);
  }
}

describeStores('the exposure graph', (kind) => {
  test('[M12] [M13] [M14] devices modified in the last 90 days, and an edge from each CVE open on one', async () => {
    const store = await (await kind.place()).openStore<InventorySchema>();
    await migrate(store, inventoryMigrations, 1);
    await fillInventory(store, { devices: 450, perDevice: 20, qids: 60, seed: Date.now() % 2 ** 31, now: NOW });
    const asked: Asked = { store, context: { policy: DEFAULT_POLICY, now: NOW } };
    // What it must be, from the views, row by row.
    const devices = new Map<string, Row>();
    for await (const row of exportRows(asked, 'devices'))
      if (Date.parse(String(row['modified'])) >= NOW - 90 * DAY) devices.set(`${row['tenant']} ${row['device']}`, row);
    const pairs = new Set<string>();
    const several = new Map<string, number>();
    let withoutCve = 0;
    for await (const row of exportRows(asked, 'findings', { filter: 'is_open=true ignored=false disabled=false' })) {
      const device = `${row['tenant']} ${row['device']}`;
      if (!devices.has(device) || row['type'] === 'Info') continue;
      const cves = row['cves'] as readonly string[];
      if (cves.length === 0) withoutCve++;
      for (const cve of cves) {
        pairs.add(`${cve} ${device}`);
        several.set(`${cve} ${device}`, (several.get(`${cve} ${device}`) ?? 0) + 1);
      }
    }

    const { lines, summary } = await drawn(asked);
    const nodes = new Map<string, GraphNode>();
    const drawnPairs: string[] = [];
    for (const line of lines) {
      if (line.kind === 'node') {
        expect(nodes.has(line.NodeId)).toBe(false);
        expect(line.NodeId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        nodes.set(line.NodeId, line);
        continue;
      }
      // Both ends were told before.
      const target = nodes.get(line.TargetNodeId)!;
      expect(nodes.get(line.SourceNodeId)).toMatchObject({ NodeName: line.SourceNodeName, NodeLabel: 'Cve' });
      expect(target).toMatchObject({ NodeName: line.TargetNodeName, NodeLabel: 'device' });
      const host = target.EntityIds.find(({ type }) => type === 'QualysHostId')!.id;
      const tenant = Number(host) < 7225 ? 'acme' : "o'brien";
      const { reportInfo, findings } = line.EdgeProperties.rawData as {
        reportInfo: unknown;
        findings: readonly unknown[];
      };
      expect(reportInfo).toEqual({ reportedBy: 'qualys' });
      const pair = `${line.SourceNodeName} ${tenant} h${host}`;
      expect({ pair, n: findings.length }).toEqual({ pair, n: several.get(pair) });
      drawnPairs.push(pair);
    }
    expect(drawnPairs.sort()).toEqual([...pairs].sort());
    const drawnDevices = [...nodes.values()].filter(({ NodeLabel }) => NodeLabel === 'device');
    expect(drawnDevices).toHaveLength(devices.size);
    expect(summary).toMatchObject({ devices: devices.size, edges: pairs.size, findingsWithoutCve: withoutCve });
    expect(withoutCve).toBeGreaterThan(0);
    expect(summary.devicesTooOld).toBeGreaterThan(0);
    expect(Math.max(...several.values())).toBeGreaterThan(1);

    // The same ids, run after run; a tenant's graph has its own devices alone.
    expect((await drawn(asked)).lines).toEqual(lines);
    const own = await drawn({ ...asked, tenants: ['acme'] });
    expect(own.summary.devices).toBe([...devices.keys()].filter((key) => key.startsWith('acme ')).length);
  });
});

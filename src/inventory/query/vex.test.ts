import { expect, test } from 'vitest';
import { z } from 'zod';
import { fillInventory } from '../../../test/support/inventory-rows.ts';
import { describeStores } from '../../../test/support/stores.ts';
import { migrate } from '../../store/migrate.ts';
import { DEFAULT_POLICY } from '../policy.ts';
import { type InventorySchema, inventoryMigrations } from '../schema.ts';
import { type Asked, exportRows } from './query.ts';
import { type VexSummary, vexDocument } from './vex.ts';

const NOW = Date.UTC(2026, 0, 20);

/**
 * What of the published schema (bom-1.6.schema.json) such a document uses: nothing else is allowed where the schema
 * allows nothing else.
 */
const ref = z.string().min(1);
const source = z.strictObject({ url: z.string().optional(), name: z.string().optional() });
const rating = z.strictObject({
  source: source.optional(),
  score: z.number().optional(),
  severity: z.enum(['critical', 'high', 'medium', 'low', 'info', 'none', 'unknown']).optional(),
  method: z.enum(['CVSSv2', 'CVSSv3', 'CVSSv31', 'CVSSv4', 'OWASP', 'SSVC', 'other']).optional(),
  vector: z.string().optional(),
  justification: z.string().optional(),
});
const analysis = z.strictObject({
  state: z
    .enum(['resolved', 'resolved_with_pedigree', 'exploitable', 'in_triage', 'false_positive', 'not_affected'])
    .optional(),
  response: z.array(z.enum(['can_not_fix', 'will_not_fix', 'update', 'rollback', 'workaround_available'])).optional(),
  detail: z.string().optional(),
  firstIssued: z.iso.datetime().optional(),
  lastUpdated: z.iso.datetime().optional(),
});
const component = z.strictObject({
  type: z.enum(['application', 'operating-system', 'device', 'firmware', 'platform', 'container']),
  'bom-ref': ref.optional(),
  name: z.string(),
});
const BOM = z.strictObject({
  $schema: z.literal('http://cyclonedx.org/schema/bom-1.6.schema.json'),
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.int().min(1),
  metadata: z.strictObject({
    timestamp: z.iso.datetime(),
    tools: z.strictObject({ components: z.array(component) }),
  }),
  components: z.array(component),
  vulnerabilities: z.array(
    z.strictObject({
      'bom-ref': ref.optional(),
      id: z.string(),
      source,
      references: z.array(z.strictObject({ id: z.string(), source })),
      ratings: z.array(rating).optional(),
      description: z.string().optional(),
      analysis,
      affects: z.array(z.strictObject({ ref })),
    }),
  ),
});

async function written(asked: Asked): Promise<{ bom: z.infer<typeof BOM>; summary: VexSummary }> {
  const document = vexDocument(asked);
  for (let text = ''; ; ) {
    const next = await document.next();
    if (next.done === true) return { bom: BOM.parse(JSON.parse(text)), summary: next.value };
    text += next.value;
  }
}

/** The state of one finding; how bad it is comes first, so that the least is the worst. */
function stateOf(row: Readonly<Record<string, unknown>>): string | undefined {
  if (row['type'] === 'Info') return undefined;
  if (row['is_open'] !== true) return row['closed_reason'] === 'fixed' ? '4 resolved' : undefined;
  if (row['ignored'] === true || row['disabled'] === true) return '2 exploitable will_not_fix';
  return row['type'] === 'Potential' ? '3 in_triage' : '1 exploitable';
}

describeStores('the CycloneDX document', (kind) => {
  test('each device once per CVE, or per QID without one, in the worst state its findings are in', async () => {
    const store = await (await kind.place()).openStore<InventorySchema>();
    await migrate(store, inventoryMigrations, 1);
    const seed = Date.now() % 2 ** 31;
    await fillInventory(store, { devices: 60, perDevice: 12, qids: 40, seed, now: NOW, odd: ['a","b', 'Zürich /%'] });
    // Gone with its device, not fixed.
    const { host } = await store.db
      .selectFrom('finding')
      .select('host')
      .where('closed', '>', 0)
      .limit(1)
      .executeTakeFirstOrThrow();
    await store.db
      .updateTable('finding')
      .set({ closed_reason: 2 })
      .where('host', '=', host)
      .where('closed', '>', 0)
      .execute();
    await store.db
      .updateTable('knowledge')
      .set({ cvss3_base: '9.8', cvss3_vector: 'CVSS:3.1/AV:N' })
      .where('qid', '=', 38_000)
      .execute();
    const asked: Asked = { store, context: { policy: DEFAULT_POLICY, now: NOW } };

    const worst = new Map<string, string>();
    for await (const row of exportRows(asked, 'findings')) {
      const state = stateOf(row);
      if (state === undefined) continue;
      const cves = row['cves'] as readonly string[];
      for (const id of cves.length > 0 ? cves : [`QID-${row['qid']}`]) {
        const name = JSON.stringify([id, row['tenant'], row['device']]);
        if (!((worst.get(name) ?? '9') <= state)) worst.set(name, state);
      }
    }

    const { bom, summary } = await written(asked);
    const devices = new Map(bom.components.map((one) => [one['bom-ref']!, one]));
    expect(devices.size).toBe(bom.components.length);
    const said = new Map<string, string>();
    for (const {
      id,
      analysis: { state, response, firstIssued, lastUpdated },
      affects,
    } of bom.vulnerabilities) {
      expect(affects.length).toBeGreaterThan(0);
      expect(Date.parse(firstIssued!)).toBeLessThanOrEqual(Date.parse(lastUpdated!));
      for (const { ref: device } of affects) {
        expect(devices.has(device)).toBe(true);
        const [tenant, , name] = device
          .replace(/^device:/, '')
          .split('/')
          .map(decodeURIComponent);
        const key = JSON.stringify([id, tenant, name]);
        expect(said.has(key)).toBe(false);
        said.set(key, [state, ...(response ?? [])].join(' '));
      }
    }
    expect([...said].sort(), `seed ${seed}`).toEqual([...worst].map(([key, state]) => [key, state.slice(2)]).sort());
    expect(new Set(said.values())).toEqual(
      new Set(['exploitable', 'exploitable will_not_fix', 'in_triage', 'resolved']),
    );
    expect(Object.values(summary.statements).reduce((sum, n) => sum + n, 0)).toBe(said.size);
    expect(summary).toMatchObject({ devices: devices.size, vulnerabilities: bom.vulnerabilities.length });
    const rated = bom.vulnerabilities.find(({ references }) => references.some(({ id }) => id === 'QID-38000'));
    expect(rated?.ratings).toContainEqual({
      source: { name: 'Qualys' },
      score: 9.8,
      method: 'CVSSv31',
      vector: 'CVSS:3.1/AV:N',
    });

    const own = await written({ ...asked, tenants: ['acme'] });
    expect(own.bom.components.every((one) => one['bom-ref']!.startsWith('device:acme/'))).toBe(true);
    const refs = new Set(own.bom.vulnerabilities.flatMap(({ affects }) => affects.map((one) => one.ref)));
    expect([...refs].filter((one) => !one.startsWith('device:acme/'))).toEqual([]);
    expect(refs.size).toBeGreaterThan(10);
  }, 60_000);
});

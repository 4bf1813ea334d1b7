import { columnsOf } from '../../src/inventory/columns.ts';
import type { InventorySchema } from '../../src/inventory/schema.ts';
import { DEVICE_LISTS, DEVICE_NUMBERS, DEVICE_TEXTS } from '../../src/inventory/tables.ts';
import type { Store } from '../../src/store/store.ts';

export interface InventorySize {
  readonly devices: number;
  readonly perDevice: number;
  readonly qids: number;
  readonly seed: number;
  /** Milliseconds since the epoch: when everything is seen from. */
  readonly now: number;
  /** Texts that names, tags and titles are made with, beside plain ones. */
  readonly odd?: readonly string[];
  /** RESULTS of a finding; kept for none without it. */
  readonly results?: (host: number, qid: number) => string;
}

const DAY = 86_400_000;
/** Devices whose findings are written in one transaction. */
const AT_ONCE = 500;

/** The same for one seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

/**
 * Fills a migrated, empty inventory with rows as folding would leave them, written directly: one tenant of ten has the
 * second half of the devices, a twentieth of which are gone. Tables: space, device, device_host, device_tag, finding,
 * knowledge, knowledge_cve, and finding_results with `results`.
 */
export async function fillInventory(store: Store<InventorySchema>, size: InventorySize): Promise<void> {
  const { devices, perDevice, qids, now, odd = [], results } = size;
  const random = randomOf(size.seed);
  const pick = <T>(of: readonly T[]): T => of[random(of.length)]!;
  const some = <T>(of: readonly T[]): T[] => of.filter(() => random(3) === 0);
  const maybe = (value: number): number => (random(8) === 0 ? 0 : value);
  const tags = ['Prod', 'Test', 'prod', 'Internet Facing', 'PCI', ...odd];
  const systems = ['Windows Server 2019', 'Windows 11', 'Ubuntu Linux 22.04', 'Red Hat Enterprise Linux 9', '', ...odd];
  const ago = (days: number): number => now - random(days * DAY);

  const spaces = [
    { id: 1, tenant: 'acme', subscription: 's', version: 1 },
    { id: 2, tenant: "o'brien", subscription: 's', version: 1 },
  ];
  const knowledge = Array.from({ length: qids }, (_, i) => ({
    ...{ qid: 38_000 + i, connection: 'c', seq: i, accepted: now, removed: 0, modified: null, published: null },
    title: `${pick(['OpenSSL', 'Apache', 'Microsoft', 'Java', ...odd])} ${pick(['overflow', 'bypass', 'leak'])} ${i}`,
    ...{ type: 'Vulnerability', severity: 1 + random(5), category: random(4) === 0 ? null : 'General remote services' },
    ...{ patchable: random(2), disabled: 0, pci: random(2), threats: '[]' },
    cves: JSON.stringify(some(['A', 'B']).map((_, n) => `CVE-2025-${10_000 + (i >> 1) + n}`)),
    ...{ cvss2_base: null, cvss2_temporal: null, cvss2_vector: null, cvss3_base: null, cvss3_temporal: null },
    ...{ cvss3_vector: null, solution: null, diagnosis: null, consequence: null },
  }));
  await store.transaction(async (tx) => {
    await tx.insertMany('space', columnsOf(spaces, ['id', 'tenant', 'subscription', 'version']));
    for (const { tenant, subscription } of spaces) {
      const names = Object.keys(knowledge[0]!) as (keyof (typeof knowledge)[0])[];
      await tx.insertMany('knowledge', { ...columnsOf(knowledge, names), tenant, subscription });
    }
    const cves = knowledge.flatMap(({ qid, cves: list }) =>
      (JSON.parse(list) as string[]).map((cve) => ({ qid, cve })),
    );
    for (const { id } of spaces)
      await tx.insertMany('knowledge_cve', { ...columnsOf(cves, ['qid', 'cve']), space: id });
  });

  for (let first = 0; first < devices; first += AT_ONCE) {
    const made = Array.from({ length: Math.min(AT_ONCE, devices - first) }, (_, i) => deviceRow(first + i));
    const found = made.flatMap((device) => Array.from({ length: perDevice }, (_, n) => findingRow(device, n)));
    await store.transaction(async (tx) => {
      await tx.insertMany('device', columnsOf(made, Object.keys(made[0]!) as (keyof (typeof made)[0])[]));
      await tx.insertMany('device_host', columnsOf(made, ['space', 'host', 'device']));
      const tagged = made.flatMap(({ space, device, tags: list }) =>
        (JSON.parse(list) as string[]).map((name) => ({ space, device, name, tag: tags.indexOf(name) + 1 })),
      );
      await tx.insertMany('device_tag', columnsOf(tagged, ['space', 'device', 'name', 'tag']));
      if (found.length > 0)
        await tx.insertMany('finding', columnsOf(found, Object.keys(found[0]!) as (keyof (typeof found)[0])[]));
      if (results === undefined) return;
      const texts = found.map((row) => ({ ...row, results: results(row.host, row.qid) }));
      await tx.insertMany('finding_results', columnsOf(texts, ['space', 'host', 'qid', 'place', 'results']));
    });
  }

  function deviceRow(i: number) {
    const texts = Object.fromEntries(DEVICE_TEXTS.map((name) => [name, ''])) as Record<
      (typeof DEVICE_TEXTS)[number],
      string
    >;
    const lists = Object.fromEntries(DEVICE_LISTS.map((name) => [name, '[]'])) as Record<
      (typeof DEVICE_LISTS)[number],
      string
    >;
    const numbers = Object.fromEntries(DEVICE_NUMBERS.map((name) => [name, 0])) as Record<
      (typeof DEVICE_NUMBERS)[number],
      number
    >;
    const ip = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
    const isGone = random(20) === 0;
    return {
      ...texts,
      ...lists,
      ...numbers,
      ...{ space: i < devices / 2 ? 1 : 2, device: `h${7000 + i}`, host: 7000 + i, asset: maybe(70_000 + i), ip },
      ...{ name: random(9) === 0 ? pick(['', ...odd]) : `${pick(['web', 'DB', 'app'])}-${i}`, os: pick(systems) },
      ...{ fqdn: `h${i}.example.com`, ips: JSON.stringify([ip]), tags: JSON.stringify(some(tags)) },
      ...{ hosts: JSON.stringify([String(7000 + i)]), sources: '["host_list"]', criticality: random(6) },
      ...{ risk_score: maybe(random(1000)), first_seen: ago(400), last_seen: maybe(ago(60)), modified: ago(120) },
      ...{ cloud: '', digest: '', parts: '', ports: random(20), softwares: random(90) },
      ...{ removed: isGone ? 'purged' : '', removed_at: isGone ? now : 0 },
    };
  }

  function findingRow({ space, host }: { space: number; host: number }, n: number) {
    const isFixed = random(4) === 0;
    const opened = ago(300);
    const port = pick([0, 22, 80, 443, 3389]);
    return {
      ...{ space, host, qid: 38_000 + ((n * 7 + host) % qids), place: `${port}/${n}/0//`, connection: 'c', seq: n },
      ...{ accepted: now, port, protocol: port === 0 ? '' : 'tcp', ssl: random(2), fqdn: '', instance: '' },
      ...{ status: isFixed ? 4 : pick([1, 2, 2, 2, 3]), type: pick([1, 1, 1, 2, 3]), severity: 1 + random(5) },
      ...{ qds: maybe(random(101)), ignored: random(30) === 0 ? 1 : 0, disabled: 0, first_found: opened },
      ...{ last_found: ago(30), last_fixed: isFixed ? now : 0, times_found: 1 + random(90), opened, reopened: 0 },
      ...{ reopenings: 0, closed: isFixed ? ago(20) : 0, closed_reason: isFixed ? 1 : 0, removed: 0 },
    };
  }
}

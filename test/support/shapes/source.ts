import { contextAs } from '../../../src/core/format.ts';
import type { KnowledgeEntry } from '../../../src/core/knowledge.ts';
import type { Change, Fields, Flag, RemovalReason } from '../../../src/core/words.ts';
import type { DatasetFile } from '../../../src/datasets/define.ts';
import { datasets } from '../../../src/datasets/registry.gen.ts';
import type { EventSource } from '../../../src/pipeline/shape-raw.ts';
import type { ShapeFacts } from '../../../src/pipeline/shapes/event.ts';

/** An event as a test says it. */
export interface Said {
  readonly record: Fields;
  readonly key: readonly string[];
  readonly time?: string;
  readonly change?: Change;
  readonly reason?: RemovalReason;
  readonly flags?: readonly Flag[];
}

/** Events as the outbox stores them; a member named as the data set's context becomes one. */
export function sourceOf(said: readonly Said[], context: string | undefined): EventSource {
  const parts: Buffer[] = [];
  const places: { start: number; tail: number; end: number; context: Buffer | undefined }[] = [];
  let at = 0;
  said.forEach(({ record, key, time, change = 'new', reason, flags }, i) => {
    const own = Object.fromEntries(Object.entries(record).filter(([name]) => name !== context));
    const around = context === undefined ? undefined : record[context];
    const head = {
      ...(time === undefined ? {} : { time }),
      change,
      ...(reason === undefined ? {} : { reason }),
      ...(flags === undefined ? {} : { flags }),
      key,
    };
    const id = Buffer.from((i + 1).toString(16).padStart(32, '0'));
    const tail = Buffer.from(`${JSON.stringify({ ...head, record: own }).slice(1, -2)}`);
    places.push({
      start: at,
      tail: at + id.length,
      end: at + id.length + tail.length,
      context: around === undefined ? undefined : Buffer.from(JSON.stringify(around)),
    });
    parts.push(id, tail);
    at += id.length + tail.length;
  });
  return {
    count: said.length,
    bytes: Buffer.concat(parts),
    idStart: (i) => places[i]!.start,
    tailStart: (i) => places[i]!.tail,
    tailEnd: (i) => places[i]!.end,
    context: (i) => places[i]!.context,
    number: (i) => i,
  };
}

export const everyDataset: readonly DatasetFile[] = [...datasets.values()];

export const KNOWLEDGE: ReadonlyMap<number, KnowledgeEntry> = new Map(
  [38170, 38169, 82040, 150001].map((qid) => [qid, entry(qid)]),
);

function entry(qid: number): KnowledgeEntry {
  return {
    qid,
    title: `Title of ${qid}`,
    type: 'Vulnerability',
    severity: 3,
    category: 'General remote services',
    modified: '2026-10-01T00:00:00Z',
    published: '2020-01-01T00:00:00Z',
    patchable: true,
    disabled: false,
    pci: true,
    cves: qid === 82040 ? [] : ['CVE-2026-0001', 'CVE-2026-0002'],
    cvss2: { base: 5, temporal: 4.1, vector: 'AV:N/AC:L/Au:N/C:P/I:N/A:N' },
    cvss3: { base: 7.5, temporal: null, vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' },
    solution: 'Install <B>the patch</B>.<P>Restart &amp; test.',
    diagnosis: 'The certificate does not match.',
    consequence: 'An attacker may listen.',
    threats: [{ id: 2, name: 'Exploit_Public' }],
  };
}

export const factsOf = (facts: DatasetFile, more: Partial<ShapeFacts> = {}): ShapeFacts => ({
  tenant: 'acme',
  subscription: 'acme-sub',
  connection: 'eu',
  dataset: facts.name,
  pull: 1_704_880_028_290,
  pulledAt: Date.parse('2026-11-20T10:00:00Z'),
  firstSeq: 41,
  contextAs: contextAs(facts.format),
  destinations: facts.destinations,
  knowledge: KNOWLEDGE,
  options: {},
  ...more,
});

/** The example of a data set as an event, its key read from it by the data set's own facts. */
export function exampleOf(facts: DatasetFile): Said {
  const record = facts.example as Fields;
  const context = contextAs(facts.format);
  const around = context === undefined ? undefined : (record[context] as Fields | undefined);
  const key = facts.key.map(({ from, field }) =>
    String((from === 'context' ? around?.[field] : from === 'occurrence' ? 1 : record[field]) ?? ''),
  );
  return { record, key, time: '2026-11-19T22:14:05Z' };
}

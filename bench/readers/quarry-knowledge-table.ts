/** KnowledgeBase answer → the local table, as in a pull: staged, keyed, in the outbox, folded. The sums are taken of the table. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectFile } from '../../src/collector/bench/collect.ts';
import { inventoryStore } from '../../src/collector/fold/consumer.ts';
import { openOutbox } from '../../src/collector/open-outbox.ts';
import type { OpenSink } from '../../src/core/sink.ts';
import knowledge from '../../src/datasets/knowledge-base.ts';
import { knowledgeOf } from '../../src/inventory/knowledge/lookup.ts';
import { knowledgeSums } from './knowledge-sums.ts';

const AT_ONCE = 1000;

const nowhere: OpenSink = {
  check: async () => {},
  write: async (batches) => batches.map(() => 'delivered' as const),
  close: async () => {},
};
const dataDir = await mkdtemp(join(tmpdir(), 'quarry-bench-knowledge-'));
try {
  await collectFile(knowledge, knowledge.options.parse({}), process.argv[2] ?? '', dataDir, nowhere, {
    inventory: true,
    results: false,
  });
  const usage = process.resourceUsage();
  const sums = knowledgeSums();
  const outbox = await openOutbox({ dataDir }, Date.now());
  const store = inventoryStore(outbox);
  const rows = await store.db.selectFrom('knowledge').select('qid').orderBy('qid').execute();
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    const qids = rows.slice(at, at + AT_ONCE).map(({ qid }) => qid);
    const { entries } = await knowledgeOf(store, 'bench', 'bench', qids);
    for (const qid of qids) sums.add(entries.get(qid));
  }
  await outbox.close();
  sums.report(usage);
} finally {
  await rm(dataDir, { recursive: true });
}

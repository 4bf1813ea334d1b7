import type { KnowledgeEntry } from '../../src/inventory/knowledge/entry.ts';
import { report } from './report.ts';

/** Sums over entries of the KnowledgeBase: what was read must be the same, however it was read. */
export function knowledgeSums(): {
  add(entry: KnowledgeEntry | undefined): void;
  report(usage?: NodeJS.ResourceUsage): void;
} {
  let [entries, qids, cves, names, scores, facts, texts] = [0, 0, 0, 0, 0, 0, 0];
  return {
    add: (entry) => {
      if (entry === undefined) throw new Error('an entry without a QID');
      entries++;
      qids += entry.qid;
      cves += entry.cves.length;
      for (const cve of entry.cves)
        names = (names * 31 + cve.charCodeAt(cve.length - 2) * 128 + cve.charCodeAt(7)) % 1_000_003;
      scores += Math.round(10 * ((entry.cvss2?.base ?? 0) + 2 * (entry.cvss3?.base ?? 0)));
      facts += entry.severity + 10 * Number(entry.patchable) + 100 * Number(entry.pci) + 1000 * entry.threats.length;
      texts += entry.title.length + (entry.solution?.length ?? 0) + (entry.diagnosis?.length ?? 0);
      texts += (entry.consequence?.length ?? 0) + (entry.modified?.length ?? 0) + entry.type.length;
    },
    report: (usage) => report(entries, [entries, qids, cves, names, scores, facts, texts].join(':'), usage),
  };
}

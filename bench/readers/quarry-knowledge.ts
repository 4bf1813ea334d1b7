/** KnowledgeBase answer → entries by Quarry's reader. */
import type { XmlFormat } from '../../src/core/format.ts';
import { entryFrom } from '../../src/inventory/knowledge/entry.ts';
import { readFileInto } from '../../src/qualys/xml/read-file.ts';
import { createXmlReader } from '../../src/qualys/xml/reader.ts';
import { knowledgeSums } from './knowledge-sums.ts';

/** As the data set's own facts say; the schema library that comes with them costs a start-up of its own. */
const format: XmlFormat = {
  kind: 'xml',
  root: 'KNOWLEDGE_BASE_VULN_LIST_OUTPUT',
  record: 'RESPONSE/VULN_LIST/VULN',
  lists: [
    'CVE_LIST/CVE',
    'SOFTWARE_LIST/SOFTWARE',
    'THREAT_INTELLIGENCE/THREAT_INTEL',
    'DISCOVERY/AUTH_TYPE_LIST/AUTH_TYPE',
  ],
  verbatim: [],
  fields: ['QID'],
};

const sums = knowledgeSums();
await readFileInto(
  process.argv[2] ?? '',
  createXmlReader(format, {
    record: (view) => sums.add(entryFrom(view)),
  }),
);
sums.report();

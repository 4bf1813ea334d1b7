import type { Migration } from '../store/migrate.ts';
import { OBJECT_TABLES, objectStatements } from './objects/tables.ts';
import { DEVICE_TABLES, type DeviceTables, deviceStatements, resultsStatements, returnedStatements } from './tables.ts';

/** The tables of the inventory. Times are milliseconds since the epoch, UTC, where they are numbers. */
export interface InventorySchema extends DeviceTables {
  knowledge: KnowledgeTable;
  /** Rises with every change of a subscription's entries, so that whoever keeps copies knows. */
  knowledge_version: { tenant: string; subscription: string; version: number };
  /** QIDs that were looked for and are not there; `asked`: when Qualys was last asked, 0 for never. */
  knowledge_wanted: { tenant: string; subscription: string; qid: number; since: number; asked: number };
  /** The last change of each QID that events of findings show; `accepted`: of the event that made it. See knowledge/changes.ts. */
  knowledge_change: { tenant: string; subscription: string; qid: number; number: number; accepted: number };
}

/** Tables that are made of events alone, and can be made of them again; QIDs that are wanted are no event, and what changed is not forgotten. */
export const inventoryTables: readonly string[] = [
  ...DEVICE_TABLES,
  ...OBJECT_TABLES,
  ...['knowledge', 'knowledge_version'],
];

/** An entry of the KnowledgeBase; texts as Qualys sends them. `cves` and `threats` are JSON lists. */
export interface KnowledgeTable {
  tenant: string;
  subscription: string;
  qid: number;
  /** The event the row is from: which connection's, its number there, when its page was accepted. */
  connection: string;
  seq: number;
  accepted: number;
  /** 1 where Qualys has it no more: the row stays, so that an older event that comes again does not bring it back. */
  removed: number;
  modified: string | null;
  published: string | null;
  title: string;
  type: string;
  severity: number;
  category: string | null;
  patchable: number;
  disabled: number;
  pci: number;
  cves: string;
  cvss2_base: string | null;
  cvss2_temporal: string | null;
  cvss2_vector: string | null;
  cvss3_base: string | null;
  cvss3_temporal: string | null;
  cvss3_vector: string | null;
  solution: string | null;
  diagnosis: string | null;
  consequence: string | null;
  threats: string;
}

const knowledgeTable = (name: string, text: string, clustered: string): string =>
  `CREATE TABLE ${name} (tenant ${text} NOT NULL, subscription ${text} NOT NULL, qid bigint NOT NULL, connection ${text} NOT NULL,
    seq bigint NOT NULL, accepted bigint NOT NULL, removed bigint NOT NULL, modified ${text}, published ${text}, title ${text} NOT NULL,
    type ${text} NOT NULL, severity bigint NOT NULL, category ${text}, patchable bigint NOT NULL, disabled bigint NOT NULL, pci bigint NOT NULL,
    cves ${text} NOT NULL, cvss2_base ${text}, cvss2_temporal ${text}, cvss2_vector ${text}, cvss3_base ${text}, cvss3_temporal ${text},
    cvss3_vector ${text}, solution ${text}, diagnosis ${text}, consequence ${text}, threats ${text} NOT NULL,
    PRIMARY KEY (tenant, subscription, qid)) ${clustered}`;

/** Numbered after those of the outbox: one database, one sequence of numbers. */
export const inventoryMigrations: readonly Migration[] = [
  {
    number: 4,
    name: 'knowledge',
    statements: ({ text, clustered }) => [
      knowledgeTable('knowledge', text, clustered),
      `CREATE TABLE knowledge_version (tenant ${text} NOT NULL, subscription ${text} NOT NULL, version bigint NOT NULL,
        PRIMARY KEY (tenant, subscription))`,
      `CREATE TABLE knowledge_wanted (tenant ${text} NOT NULL, subscription ${text} NOT NULL, qid bigint NOT NULL, since bigint NOT NULL,
        asked bigint NOT NULL, PRIMARY KEY (tenant, subscription, qid)) ${clustered}`,
    ],
  },
  { number: 5, name: 'devices and findings', statements: deviceStatements },
  { number: 6, name: 'objects of the inventory', statements: objectStatements },
  {
    number: 45,
    name: 'changes of the KnowledgeBase',
    statements: ({ text, clustered }) => [
      `CREATE TABLE knowledge_change (tenant ${text} NOT NULL, subscription ${text} NOT NULL, qid bigint NOT NULL, number bigint NOT NULL,
        accepted bigint NOT NULL, PRIMARY KEY (tenant, subscription, qid)) ${clustered}`,
      'CREATE INDEX knowledge_change_number ON knowledge_change (tenant, subscription, number)',
    ],
  },
  {
    // Two kilobytes a row: SQLite gives each row of a clustered table a page of its own beside the shared ones, one and a
    // half times the disk and twice the CPU time of writing. PostgreSQL clusters nothing.
    number: 60,
    name: 'entries of the KnowledgeBase, not clustered',
    admits: 45,
    statements: ({ text, clustered }) =>
      clustered === ''
        ? []
        : [
            knowledgeTable('knowledge_rows', text, ''),
            'INSERT INTO knowledge_rows SELECT * FROM knowledge',
            'DROP TABLE knowledge',
            'ALTER TABLE knowledge_rows RENAME TO knowledge',
          ],
  },
  { number: 61, name: 'RESULTS of findings', admits: 45, statements: resultsStatements },
  {
    number: 62,
    name: 'when what is gone was returned last',
    admits: 45,
    statements: () => returnedStatements(OBJECT_TABLES),
  },
];

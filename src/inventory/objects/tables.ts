import type { Dialect } from '../../store/store.ts';
import { ORIGIN_NUMBERS, ORIGIN_TEXTS } from './object.ts';

interface Definition {
  readonly key: readonly string[];
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  /** Columns with an index beside the key. */
  readonly index?: readonly string[];
}

const list = (names: string): string[] => names.split(' ').filter((name) => name !== '');

/** What migration 6 made: a later change of a kind needs a migration of its own. */
const TABLES: Readonly<Record<string, Definition>> = {
  qualys_user: {
    key: list('login user_id created'),
    texts: list(
      'login user_id external_id first_name last_name email title company status role business_unit asset_groups',
    ),
    numbers: list('created last_login'),
  },
  ticket: {
    key: list('number'),
    texts: list('state status assignee assignee_email ip dns protocol title cves'),
    numbers: list('number invalid host port qid severity created due last_found last_closed'),
    index: list('host'),
  },
  certificate: {
    key: list('id'),
    texts: list('id hash name organization dn serial issuer issuer_category type signature assets grades'),
    numbers: list('self_signed key_size valid_from valid_to last_found'),
  },
  webapp: { key: list('id'), texts: list('name url owner tags'), numbers: list('id risk_score created updated') },
  webapp_finding: {
    key: list('id'),
    texts: list('webapp_name name type url status'),
    numbers: list(
      'id webapp qid potential severity score ignored first_found last_found last_tested fixed times_found',
    ),
    index: list('webapp'),
  },
  posture: {
    key: list('host policy control technology instance'),
    texts: list('instance status previous_status exception'),
    numbers: list(
      'host policy control technology exception_until modified evaluated first_failed last_failed first_passed last_passed',
    ),
  },
  policy: { key: list('policy'), texts: list('title status'), numbers: list('policy modified evaluated') },
  control: {
    key: list('control'),
    texts: list('statement category sub_category'),
    numbers: list('control criticality updated'),
  },
  fim_event: {
    key: list('id'),
    texts: list('id agent device_name action path kind process user_name incident'),
    numbers: list('at processed host severity'),
    index: list('at'),
  },
  fim_incident: {
    key: list('id'),
    texts: list('id name status type approval disposition rule comment'),
    numbers: list('created updated'),
  },
  appliance: {
    key: list('id'),
    texts: list('name uuid status type model serial software ip'),
    numbers: list('id heartbeats_missed last_connected updated'),
  },
  tag: { key: list('id'), texts: list('name rule_type rule'), numbers: list('id parent criticality created modified') },
  asset_group: {
    key: list('id'),
    texts: list('title owner business_impact addresses'),
    numbers: list('id hosts updated'),
  },
  address_range: { key: list('addresses network'), texts: list('addresses network'), numbers: [] },
};

export const OBJECT_TABLES = Object.keys(TABLES);

/** Every column of a table of objects, and whether it is a text. */
export const columnsOfTable = (table: string): ReadonlyMap<string, 'text' | 'number'> => {
  const { texts, numbers } = TABLES[table]!;
  return new Map([
    ...[...texts, ...ORIGIN_TEXTS].map((name) => [name, 'text'] as const),
    ...['space', ...numbers, ...ORIGIN_NUMBERS].map((name) => [name, 'number'] as const),
  ]);
};

/** Migration 6: objects that are one row each. */
export function objectStatements({ text, clustered }: Dialect): string[] {
  return Object.entries(TABLES).flatMap(([table, { key, index = [] }]) => [
    `CREATE TABLE ${table} (${[...columnsOfTable(table)].map(([name, type]) => `${name} ${type === 'text' ? text : 'bigint'} NOT NULL`).join(', ')},
      PRIMARY KEY (${[key[0], 'space', ...key.slice(1)].join(', ')})) ${clustered}`,
    ...index.map((name) => `CREATE INDEX ${table}_${name} ON ${table} (${name}, space)`),
  ]);
}

import {
  type Asked,
  countOf,
  exportRows,
  facetsOf,
  fieldsOf,
  type Row,
  viewOf,
  viewsShown,
} from '../../inventory/query/query.ts';
import { unscanned } from '../../inventory/unscanned.ts';
import type { View } from '../../inventory/views.ts';
import { print, printJson, table } from '../output.ts';
import { type OutputFormat, type Writer, writerOf } from '../writers.ts';
import { cellText, withInventory } from './inventory.ts';

export interface QueryFlags {
  readonly config?: string;
  readonly output?: OutputFormat;
  readonly json?: boolean;
  readonly sort?: string;
  readonly fields?: readonly string[];
  readonly limit?: number;
  readonly count?: boolean;
  readonly facets?: readonly string[];
  readonly all?: boolean;
  readonly unscanned?: boolean;
}

/** Rows written at once. */
const AT_ONCE = 500;
/** A table is for people: so many rows, unless more are asked for. */
const TABLE_ROWS = 100;

export async function query(name: string | undefined, words: readonly string[], flags: QueryFlags): Promise<number> {
  await withInventory(flags.config, async (asked) => {
    if (flags.unscanned === true) return printUnscanned(asked, flags);
    if (name === undefined) return listViews(asked, flags.json === true || flags.output === 'json');
    const view = viewOf(asked, name);
    const filter = { filter: words.join(' '), all: flags.all };
    if (flags.count === true) return print(`${await countOf(asked, view.name, filter)}\n`);
    if (flags.facets !== undefined) return printFacets(asked, view, { ...filter, limit: flags.limit }, flags);
    await printRows(asked, view, filter.filter, flags);
  });
  return 0;
}

/** `json` where --json says so, a table where nothing does. */
const formatOf = ({ output, json }: QueryFlags): OutputFormat => output ?? (json === true ? 'json' : 'table');

async function printRows(asked: Asked, view: View, filter: string, flags: QueryFlags): Promise<void> {
  const { sort, fields, all } = flags;
  const format = formatOf(flags);
  const limit = flags.limit ?? (format === 'table' ? TABLE_ROWS : undefined);
  const shown =
    fields ?? (format === 'table' ? tableColumns(view) : fieldsOf(view, undefined).map((column) => column.name));
  const writer = writerOf<Row>(format, shown, cellText);
  const count = await writeAll(exportRows(asked, view.name, { filter, all, sort, fields: shown, limit }), writer);
  if (view.empty !== undefined && count === 0) process.stderr.write(`${view.empty}\n`);
  if (format !== 'table' || flags.limit !== undefined || count < TABLE_ROWS) return;
  const total = await countOf(asked, view.name, { filter, all });
  if (total > count)
    process.stderr.write(
      `${count.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} rows; --limit or -o ndjson for more\n`,
    );
}

/** Writes rows as they come; returns how many there were. */
export async function writeAll<Record>(rows: AsyncIterable<Record>, writer: Writer<Record>): Promise<number> {
  let count = 0;
  let some: Record[] = [];
  for await (const row of rows) {
    count++;
    some.push(row);
    if (some.length < AT_ONCE) continue;
    await writer.add(some);
    some = [];
  }
  if (some.length > 0) await writer.add(some);
  await writer.end();
  return count;
}

async function printFacets(
  asked: Asked,
  view: View,
  filter: { filter: string; all: boolean | undefined; limit: number | undefined },
  flags: QueryFlags,
): Promise<void> {
  const facets = await facetsOf(asked, view.name, flags.facets!, filter);
  if (formatOf(flags) === 'json') return printJson(facets);
  const rows = Object.entries(facets).flatMap(([column, values]) =>
    values.map(({ value, count }) => ({ column, value, count })),
  );
  const writer = writerOf<(typeof rows)[number]>(formatOf(flags), ['column', 'value', 'count'], (row, column) =>
    String(row[column as 'column'] ?? ''),
  );
  await writer.add(rows);
  await writer.end();
}

async function printUnscanned(asked: Asked, flags: QueryFlags): Promise<void> {
  const columns = ['tenant', 'subscription', 'network', 'from', 'to', 'count'] as const;
  type Run = Readonly<Record<(typeof columns)[number], string | number>>;
  const writer = writerOf<Run>(formatOf(flags), columns, (run, column) => String(run[column as 'from']));
  await writeAll<Run>(unscanned(asked.store), writer);
}

async function listViews(asked: Asked, json: boolean): Promise<void> {
  const views = viewsShown(asked);
  if (json) {
    const facts = views.map(({ name, title, about, sources, columns, empty }) => ({
      ...{ name, title, about, sources, ...(empty === undefined ? {} : { empty }) },
      columns: columns.map((column) => ({
        ...{ name: column.name, type: column.type, sortable: column.sortable, searchable: column.searchable },
        ...(column.names === undefined ? {} : { values: column.names.filter((one) => one !== '') }),
        ...(column.about === undefined ? {} : { about: column.about }),
      })),
    }));
    return printJson(facts);
  }
  const rows = views.map(({ name, about, sources }) => [name, about, sources.join(', ') || '(none)']);
  await print(table(['VIEW', 'WHAT', 'FROM'], rows));
  process.stderr.write('quarry query --json tells the columns; quarry query VIEW --fields a,b shows them.\n');
}

/** What a table has room for; the first columns that say something of the row itself elsewhere. */
function tableColumns({ name, columns }: View): readonly string[] {
  const chosen = TABLES[name];
  if (chosen !== undefined) return chosen;
  return columns.map((column) => column.name).filter((column) => column !== 'tenant' && column !== 'subscription');
}

const FOUND = ['device_name', 'device_ip', 'qid', 'severity'];
const TABLES: Readonly<Record<string, readonly string[]>> = {
  devices: ['name', 'ip', 'os', 'tags', 'criticality', 'risk_score', 'open_findings', 'open_critical', 'last_seen'],
  findings: [...FOUND, 'title', 'status', 'port', 'qds', 'last_found'],
  vulnerabilities: ['qid', 'title', 'severity', 'cves', 'patchable', 'open_devices'],
  exposures: ['cve', ...FOUND, 'status', 'qds', 'last_found'],
  finding_history: ['at', 'what', 'reason', ...FOUND, 'title'],
};

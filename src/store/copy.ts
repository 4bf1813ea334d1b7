/**
 * Copies every table from one database into an empty one of the same schema, and compares.
 *
 * Tables are read in the order of their primary keys, some thousand rows at a time; rows and the place reached (table
 * `copy_progress`, in the target) are written in one transaction. So a copy that was stopped goes on where it was. In the
 * end both sides are read once more, in the same order, and a checksum over every value of every row has to be the same.
 * Neither side may be in use meanwhile: the source is held by its data directory, the target refuses to be anything but
 * empty or a copy begun earlier.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { QuarryError } from '../core/errors.ts';
import { quoted, type Store } from './store.ts';

export interface CopiedTable {
  readonly table: string;
  readonly rows: number;
  readonly checksum: string;
}

type Anything = Record<string, never>;
type Row = Readonly<Record<string, unknown>>;

const ROWS = 2000;
const PROGRESS = 'copy_progress';
/** Who is at work now, and what has been applied to the schema, belong to a database and not to what it holds. */
const LEFT_OUT = new Set([
  'migration',
  'migration_admits',
  'accounts_migration',
  'accounts_migration_admits',
  'worker',
  'lease',
  'ask',
  'sighting',
  'segment_body',
  PROGRESS,
]);

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly key: readonly string[];
}

/**
 * Copies from SQLite to PostgreSQL, both of the same schema. `replaced`: tables in which a new database has rows of its
 * own. Throws QRY4017 where the target holds anything else, QRY4016 where it is not the same in the end.
 */
export async function copyTables<A, B>(
  from: Store<A>,
  to: Store<B>,
  replaced: ReadonlySet<string>,
  onTable: (copied: CopiedTable) => void = () => {},
): Promise<CopiedTable[]> {
  const source = from as unknown as Store<Anything>;
  const target = to as unknown as Store<Anything>;
  const tables = await tablesOf(source);
  await begin(target, tables, replaced);
  for (const table of tables) await copyRows(source, target, table);
  const copied: CopiedTable[] = [];
  for (const table of tables) {
    const [here, there] = [await checksum(source, table), await checksum(target, table)];
    if (here.rows !== there.rows || here.checksum !== there.checksum) {
      const what = `${table.name}: ${here.rows} rows here, ${there.rows} there, ${here.rows === there.rows ? 'with other content' : 'so some are missing'}.`;
      throw new QuarryError('QRY4016', { what });
    }
    copied.push(here);
    onTable(here);
  }
  for (const table of tables) await afterIdentity(target, table);
  return copied;
}

/** The copy is complete: the target is a database like any other. */
export const endCopy = async <B>(to: Store<B>): Promise<void> => {
  await sql.raw(`DROP TABLE IF EXISTS ${PROGRESS}`).execute(to.db);
};

async function tablesOf(source: Store<Anything>): Promise<Table[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`.execute(source.db);
  const tables: Table[] = [];
  for (const { name } of rows) {
    if (LEFT_OUT.has(name)) continue;
    const { rows: columns } = await sql<{ name: string; pk: number }>`
      SELECT name, pk FROM pragma_table_info(${name}) ORDER BY cid`.execute(source.db);
    const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
    if (key.length === 0) throw new QuarryError('QRY9001', { what: `The table ${name} has no primary key.` });
    tables.push({ name, columns: columns.map((one) => one.name), key: key.map((one) => one.name) });
  }
  return tables;
}

async function begin(target: Store<Anything>, tables: readonly Table[], replaced: ReadonlySet<string>): Promise<void> {
  await target.transaction(async ({ db }) => {
    const { rows } = await sql<{ there: boolean }>`SELECT to_regclass(${PROGRESS}) IS NOT NULL AS there`.execute(db);
    if (rows[0]!.there) return;
    for (const { name } of tables) {
      if (replaced.has(name)) {
        await sql`DELETE FROM ${sql.table(name)}`.execute(db);
        continue;
      }
      const any = await sql`SELECT 1 FROM ${sql.table(name)} LIMIT 1`.execute(db);
      if (any.rows.length > 0) throw new QuarryError('QRY4017', { what: `Its table ${name} holds rows already.` });
    }
    await sql.raw(`CREATE TABLE ${PROGRESS} (name text PRIMARY KEY, last text, done boolean NOT NULL)`).execute(db);
  });
}

async function copyRows(source: Store<Anything>, target: Store<Anything>, table: Table): Promise<void> {
  const { rows } = await sql<{ last: string | null; done: boolean }>`
    SELECT last, done FROM ${sql.table(PROGRESS)} WHERE name = ${table.name}`.execute(target.db);
  if (rows[0]?.done === true) return;
  let last = rows[0]?.last === undefined || rows[0].last === null ? undefined : (JSON.parse(rows[0].last) as unknown[]);
  for (let done = false; !done; ) {
    const page = await pageOf(source, table, last);
    done = page.length < ROWS;
    last = page.length === 0 ? last : table.key.map((column) => page.at(-1)![column]);
    const columns = sql.raw(table.columns.map(quoted).join(','));
    await target.transaction(async ({ db }) => {
      if (page.length > 0)
        await sql`INSERT INTO ${sql.table(table.name)} (${columns}) OVERRIDING SYSTEM VALUE
          SELECT ${columns} FROM json_populate_recordset(NULL::${sql.table(table.name)}, ${JSON.stringify(page)}::json)`.execute(
          db,
        );
      await sql`INSERT INTO ${sql.table(PROGRESS)} (name, last, done) VALUES (${table.name}, ${JSON.stringify(last ?? null)}, ${done})
        ON CONFLICT (name) DO UPDATE SET last = excluded.last, done = excluded.done`.execute(db);
    });
  }
}

async function pageOf(store: Store<Anything>, table: Table, after: readonly unknown[] | undefined): Promise<Row[]> {
  const key = table.key.map(quoted).join(',');
  const from =
    after === undefined ? sql`` : sql`WHERE (${sql.raw(key)}) > (${sql.join(after.map((value) => sql`${value}`))})`;
  const columns = sql.raw(table.columns.map(quoted).join(','));
  const query = sql<Row>`SELECT ${columns} FROM ${sql.table(table.name)} ${from} ORDER BY ${sql.raw(key)} LIMIT ${ROWS}`;
  return (await query.execute(store.db)).rows;
}

async function checksum(store: Store<Anything>, table: Table): Promise<CopiedTable> {
  const hash = createHash('sha256');
  let rows = 0;
  for (let last: unknown[] | undefined; ; ) {
    const page = await pageOf(store, table, last);
    for (const row of page) hash.update(`${JSON.stringify(table.columns.map((column) => row[column]))}\n`);
    rows += page.length;
    if (page.length < ROWS) return { table: table.name, rows, checksum: hash.digest('base64url') };
    last = table.key.map((column) => page.at(-1)![column]);
  }
}

/** A column that numbers its rows goes on behind those that were copied. */
async function afterIdentity(target: Store<Anything>, { name, key }: Table): Promise<void> {
  for (const column of key) {
    const { rows } = await sql<{
      seq: string | null;
    }>`SELECT pg_get_serial_sequence(${name}, ${column}) AS seq`.execute(target.db);
    const seq = rows[0]?.seq;
    if (seq === null || seq === undefined) continue;
    await sql`SELECT setval(${seq}, coalesce((SELECT max(${sql.ref(column)}) FROM ${sql.table(name)}), 0) + 1, false)`.execute(
      target.db,
    );
  }
}

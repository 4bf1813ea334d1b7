import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillInventory } from '../../../test/support/inventory-rows.ts';
import { describeStores, type StoreKind } from '../../../test/support/stores.ts';
import { migrate } from '../../store/migrate.ts';
import type { InventoryPolicy } from '../policy.ts';
import { type InventorySchema, inventoryMigrations } from '../schema.ts';
import { viewsOf } from '../views.ts';
import { type Asked, type Cell, countOf, exportRows, facetsOf, queryView, type Row } from './query.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 20, 12);
const POLICY: InventoryPolicy = { sla: { 5: 7 * DAY, 4: 30 * DAY }, devices: {}, users: {}, results: false };
/** What a careless comparison or quoting would stumble over. */
const ODD = [
  '50%_off',
  'a","b',
  'x"',
  '["x',
  'back\\slash',
  "o'brien",
  'Zürich',
  '日本 🙂',
  'line\nfeed',
  'null',
  'a*b',
];

async function filled(kind: StoreKind, seed: number, devices = 40): Promise<Asked> {
  const store = await (await kind.place()).openStore<InventorySchema>();
  await migrate(store, inventoryMigrations, 1);
  await fillInventory(store, { devices, perDevice: 6, qids: 50, seed, now: NOW, odd: ODD });
  return { store, context: { policy: POLICY, now: NOW } };
}

const all = async (asked: Asked, view: string, page: Parameters<typeof exportRows>[2] = {}): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const row of exportRows(asked, view, page)) rows.push(row);
  return rows;
};

/** A condition as the tests understand it, with how it is written: nothing of the product's own reading. */
interface Asking {
  readonly text: string;
  readonly holds: (row: Row) => boolean;
}

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;
const small = (text: string): string => text.replace(/[A-Z]/g, (one) => one.toLowerCase());
const texts = (cell: Cell | undefined): readonly string[] =>
  Array.isArray(cell) ? (cell as string[]) : cell === null || cell === undefined ? [] : [String(cell)];
const ms = (cell: Cell | undefined): number | undefined => (typeof cell === 'string' ? Date.parse(cell) : undefined);

const ORDER: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => a === b,
  ':': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

/** Conditions on findings, of every type of column. */
const atoms = (rows: readonly Row[]): fc.Arbitrary<Asking> => {
  const said = (column: string): fc.Arbitrary<string> =>
    fc.oneof(fc.constantFrom(...new Set(rows.flatMap((row) => texts(row[column])))), fc.constantFrom(...ODD));
  const part = (text: string): fc.Arbitrary<string> =>
    fc.tuple(fc.nat(text.length), fc.nat(text.length)).map(([a, b]) => {
      const found = text.slice(Math.min(a, b), Math.max(a, b));
      return /^\s*$/.test(found) || found.includes('*') || !found.isWellFormed() ? 'we' : found;
    });
  const text = fc.constantFrom('device_name', 'title', 'os', 'protocol', 'category').chain((column) =>
    fc.oneof(
      said(column).map((value) => ({
        text: `${column}=${quoted(value)}`,
        holds: (row: Row) => row[column] === value,
      })),
      said(column).map((value) => ({
        text: `${column}!=${quoted(value)}`,
        holds: (row: Row) => row[column] !== value,
      })),
      said(column)
        .chain(part)
        .map((value) => ({
          text: `${column}:${quoted(value)}`,
          holds: (row: Row) => texts(row[column]).some((one) => small(one).includes(small(value))),
        })),
      said(column)
        .chain(part)
        .map((value) => ({
          text: `${column}:${quoted(`${value}*`)}`,
          holds: (row: Row) => texts(row[column]).some((one) => small(one).startsWith(small(value))),
        })),
    ),
  );
  const number = fc
    .tuple(
      fc.constantFrom('severity', 'qds', 'port', 'criticality', 'age_days', 'reopenings', 'host_id'),
      fc.constantFrom(...Object.keys(ORDER)),
      fc.oneof(fc.integer({ min: -1, max: 100 }), fc.constantFrom(4.5, 443, 7010)),
    )
    .map(([column, operator, value]) => ({
      text: `${column}${operator}${value}`,
      holds: (row: Row) => {
        const cell = row[column];
        return typeof cell === 'number' ? ORDER[operator]!(cell, value) : operator === '!=';
      },
    }));
  const age = fc
    .tuple(fc.constantFrom('opened', 'closed', 'last_found', 'due'), fc.constantFrom('<', '<=', '>', '>='), fc.nat(300))
    .map(([column, operator, days]) => ({
      text: `${column}${operator}${days}d`,
      holds: (row: Row) => {
        const at = ms(row[column]);
        return at !== undefined && ORDER[operator]!(NOW - at, days * DAY);
      },
    }));
  const day = fc
    .tuple(fc.constantFrom('opened', 'closed'), fc.constantFrom(...Object.keys(ORDER)), fc.nat(300))
    .map(([column, operator, days]) => {
      const date = new Date(NOW - days * DAY).toISOString().slice(0, 10);
      return {
        text: `${column}${operator}${date}`,
        holds: (row: Row) => {
          const cell = row[column];
          if (typeof cell !== 'string') return operator === '!=';
          return ORDER[operator]!(Date.parse(cell.slice(0, 10)), Date.parse(date));
        },
      };
    });
  const list = said('tags').chain((value) =>
    fc.constantFrom(
      { text: `tags=${quoted(value)}`, holds: (row: Row) => texts(row['tags']).includes(value) },
      { text: `tag!=${quoted(value)}`, holds: (row: Row) => !texts(row['tags']).includes(value) },
      {
        text: `tag:${quoted(value.replaceAll('*', '"').slice(0, 2))}`,
        holds: (row: Row) =>
          texts(row['tags']).some((one) => small(one) === small(value.replaceAll('*', '"').slice(0, 2))),
      },
      {
        text: `tag:${quoted(`*${value.replaceAll('*', '').slice(-2)}`)}`,
        holds: (row: Row) =>
          texts(row['tags']).some((one) => small(one).endsWith(small(value.replaceAll('*', '').slice(-2)))),
      },
    ),
  );
  const several = fc
    .tuple(fc.constantFrom('=', '!='), fc.uniqueArray(fc.constantFrom('New', 'Active', 'Fixed'), { minLength: 1 }))
    .map(([operator, values]) => ({
      text: `status${operator}(${values.join(', ')})`,
      holds: (row: Row) => values.some((value) => value === row['status']) === (operator === '='),
    }));
  const missing = fc
    .tuple(fc.constantFrom('closed', 'os', 'qds', 'tags', 'category', 'closed_reason', 'due'), fc.boolean())
    .map(([column, isMissing]) => ({
      text: `${column}${isMissing ? '=' : '!='}null`,
      holds: (row: Row) => (texts(row[column]).length === 0) === isMissing,
    }));
  const flag = fc
    .tuple(fc.constantFrom('is_open', 'ignored', 'overdue', 'patchable'), fc.boolean())
    .map(([column, value]) => ({ text: `${column}=${value}`, holds: (row: Row) => row[column] === value }));
  const word = fc.oneof(said('device_name'), said('title')).chain(part);
  const bare = word.map((value) => ({
    text: quoted(value),
    holds: (row: Row) =>
      ['device_name', 'title', 'cves'].some((column) =>
        texts(row[column]).some((one) => small(one).includes(small(value))),
      ),
  }));
  return fc.oneof(text, number, age, day, list, several, missing, flag, bare);
};

/** Conditions of conditions, written with and without “and”. */
const askings = (rows: readonly Row[]): fc.Arbitrary<Asking> =>
  fc.letrec<{ asking: Asking }>((tie) => ({
    asking: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      atoms(rows),
      fc.tuple(tie('asking'), tie('asking'), fc.constantFrom(' and ', ' ', ' AND ')).map(([a, b, and]) => ({
        text: `(${a.text})${and}(${b.text})`,
        holds: (row: Row) => a.holds(row) && b.holds(row),
      })),
      fc.tuple(tie('asking'), tie('asking')).map(([a, b]) => ({
        text: `(${a.text} or ${b.text})`,
        holds: (row: Row) => a.holds(row) || b.holds(row),
      })),
      tie('asking').map((a) => ({ text: `not (${a.text})`, holds: (row: Row) => !a.holds(row) })),
    ),
  })).asking;

const nameOf = (row: Row): string => [row['tenant'], row['host_id'], row['qid'], row['place']].join('|');

describeStores('queries', (kind) => {
  test('[S50] a filter finds what looking at every row finds, its count and its facets too', async () => {
    const seed = Date.now() % 2 ** 31;
    const asked = await filled(kind, seed);
    const rows = await all(asked, 'findings');
    expect(rows.length).toBeGreaterThan(150);
    let some = 0;
    await fc.assert(
      fc.asyncProperty(askings(rows), async ({ text, holds }) => {
        const expected = rows.filter(holds).map(nameOf).sort();
        if (expected.length > 0 && expected.length < rows.length) some++;
        const found = await all(asked, 'findings', { filter: text, fields: ['tenant', 'host_id', 'qid', 'place'] });
        expect(found.map(nameOf).sort()).toEqual(expected);
        expect(await countOf(asked, 'findings', { filter: text })).toBe(expected.length);
      }),
      { seed, numRuns: 150 },
    );
    // Not all of them may be trivial.
    expect(some).toBeGreaterThan(40);
  }, 120_000);

  test('pages by any order hold every row once, in order, while rows come and go', async () => {
    const asked = await filled(kind, 3);
    const whole = await all(asked, 'findings');
    for (const sort of [
      '-severity',
      'qds,-last_found',
      'status',
      '-device_name',
      'title,qid',
      '-age_days',
      'patchable',
    ]) {
      const seen: Row[] = [];
      let cursor: string | undefined;
      do {
        const page = await queryView(asked, 'findings', {
          sort,
          limit: 37,
          ...(cursor === undefined ? {} : { cursor }),
        });
        seen.push(...page.rows);
        cursor = page.next;
      } while (cursor !== undefined);
      expect(new Set(seen.map(nameOf)).size).toBe(whole.length);
      expect(seen).toHaveLength(whole.length);
      expect(seen).toEqual(await all(asked, 'findings', { sort }));
    }
    const numbers = (await all(asked, 'findings', { sort: '-severity' })).map((row) => row['severity'] as number);
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));

    const first = await queryView(asked, 'findings', { sort: '-qds', limit: 50 });
    const gone = new Set(first.rows.slice(10, 30).map((row) => row['host_id'] as number));
    await asked.store.transaction(async ({ db }) => {
      await db
        .deleteFrom('finding')
        .where('host', 'in', [...gone])
        .execute();
    });
    const later = [...first.rows];
    for (let cursor = first.next; cursor !== undefined; ) {
      const page = await queryView(asked, 'findings', { sort: '-qds', limit: 50, cursor });
      later.push(...page.rows);
      cursor = page.next;
    }
    const left = whole.map(nameOf).filter((name) => !gone.has(Number(name.split('|')[1])));
    expect(later.map(nameOf)).toEqual([...new Set(later.map(nameOf))]);
    const seen = new Set(later.map(nameOf));
    expect(left.filter((name) => !seen.has(name))).toEqual([]);
  });

  test('every column of every view can be shown, sorted by and counted', async () => {
    const asked = await filled(kind, 5, 8);
    for (const view of viewsOf(asked.context).values()) {
      const total = await countOf(asked, view.name);
      for (const column of view.columns) {
        if (column.sortable) {
          const { rows } = await queryView(asked, view.name, {
            sort: `-${column.name}`,
            fields: [column.name],
            limit: 3,
          });
          expect({ view: view.name, column: column.name, n: rows.length }).toMatchObject({ n: Math.min(3, total) });
        }
        const facets = (await facetsOf(asked, view.name, [column.name], { limit: 500 }))[column.name]!;
        if (column.type === 'list') continue;
        expect({
          view: view.name,
          column: column.name,
          n: facets.reduce((sum, one) => sum + one.count, 0),
        }).toMatchObject({
          n: total,
        });
      }
    }
  }, 120_000);

  test('a facet is a filter that finds as many rows as it counts', async () => {
    const asked = await filled(kind, 7);
    const facets = await facetsOf(
      asked,
      'findings',
      ['severity', 'status', 'tags', 'os', 'closed', 'overdue', 'category'],
      {
        filter: 'type=Confirmed',
      },
    );
    expect(facets['tags']!.length).toBeGreaterThan(3);
    for (const [name, values] of Object.entries(facets)) {
      for (const { value, count } of values) {
        const said = value === null ? 'null' : quoted(String(value));
        const filter = `type=Confirmed and ${name}=${said}`;
        expect({ filter, count: await countOf(asked, 'findings', { filter }) }).toEqual({ filter, count });
      }
    }
  });

  test('a tenant sees its own rows and no cursor, facet or count tells of others', async () => {
    const everybody = await filled(kind, 9);
    const rows = await all(everybody, 'devices');
    expect(new Set(rows.map((row) => row['tenant']))).toEqual(new Set(['acme', "o'brien"]));
    for (const tenant of ['acme', "o'brien"]) {
      const asked = { ...everybody, tenants: [tenant] };
      const own = rows.filter((row) => row['tenant'] === tenant);
      expect(await all(asked, 'devices')).toEqual(own);
      expect(await countOf(asked, 'devices', { filter: 'tenant=acme or tenant!=acme' })).toBe(own.length);
      expect((await facetsOf(asked, 'findings', ['tenant']))['tenant']!.map(({ value }) => value)).toEqual([tenant]);
    }
    for (const view of viewsOf(everybody.context).keys())
      expect(await countOf({ ...everybody, tenants: [] }, view)).toBe(0);
  });
});

describe('the parts of a page that make no sense', () => {
  describeStores('are refused', (kind) => {
    test('views, columns, orders and cursors', async () => {
      const asked = await filled(kind, 1, 4);
      await expect(queryView(asked, 'devises')).rejects.toThrow('There is no view devises; did you mean "devices"?');
      await expect(queryView(asked, 'devices', { fields: ['nam'] })).rejects.toThrow(/nam is no column/);
      await expect(queryView(asked, 'devices', { sort: 'tags' })).rejects.toThrow(/cannot be sorted by tags/);
      const { next } = await queryView(asked, 'devices', { limit: 1, sort: 'os' });
      await expect(queryView(asked, 'devices', { cursor: next! })).rejects.toThrow(/belongs to another query/);
      await expect(queryView(asked, 'devices', { cursor: 'x' })).rejects.toThrow(/cannot be read/);
      const forged = Buffer.from(JSON.stringify([1, 2])).toString('base64url');
      await expect(queryView(asked, 'devices', { cursor: forged })).rejects.toThrow(/cannot be read/);
    });
  });
});

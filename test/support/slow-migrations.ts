import type { Migration } from '../../src/store/migrate.ts';

/** Twelve migrations that each make two tables and fill the first: a whole number of them is one that has both. */
export function slowMigrations(onBegin: (number: number) => void = () => {}): Migration[] {
  return Array.from({ length: 12 }, (_, i) => ({
    number: i + 1,
    name: `migration ${i + 1}`,
    statements: () => {
      onBegin(i + 1);
      const rows = Array.from({ length: 200 }, (_, row) => `INSERT INTO first_${i + 1} VALUES (${row})`);
      return [`CREATE TABLE first_${i + 1} (n bigint PRIMARY KEY)`, ...rows, `CREATE TABLE second_${i + 1} (n bigint)`];
    },
  }));
}

/** Migrates a SQLite file with many slow migrations, to be killed on the way; prints each number when its transaction begins. */
import { migrate } from '../../src/store/migrate.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { slowMigrations } from './slow-migrations.ts';

const store = await openSqlite(process.argv[2] ?? '');
await migrate(
  store,
  slowMigrations((number) => process.stdout.write(`${number}\n`)),
  1,
);
await store.close();

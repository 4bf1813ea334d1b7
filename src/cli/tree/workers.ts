import { type Command, Option } from 'commander';
import { duration, names } from '../arguments.ts';
import { configOption, type Ends, examples, jsonOption, logFormatOption } from './shared.ts';

/** Commands for more than one machine: workers, and the database they share. */
export function addWorkers(program: Command, ends: Ends): void {
  examples(
    program
      .command('worker')
      .description('take a share of the work of all workers on one PostgreSQL; no server')
      .addOption(configOption())
      .option('--name <name>', 'what it is called among the others; host and process when not given')
      .option('--labels <labels>', 'words to tell workers by, separated by commas', names)
      .addOption(
        new Option('--grace <time>', 'how long a page under way may take when stopping')
          .argParser(duration)
          .default(30_000, '30s'),
      )
      .addOption(logFormatOption()),
    'quarry worker',
    'quarry worker --name worker-2 --labels frankfurt',
  ).action(async (options) => ends(await (await import('../commands/worker.ts')).worker(options)));

  const db = program.command('db').description('the database');
  const code = () => import('../commands/db.ts');
  examples(
    db
      .command('status')
      .description('schema, workers and what each of them holds')
      .addOption(configOption())
      .addOption(jsonOption()),
    'quarry db status',
  ).action(async (options) => ends(await (await code()).dbStatus(options)));
  examples(
    db
      .command('migrate')
      .description('bring the schema up to date; a starting collector does the same')
      .addOption(configOption()),
    'quarry db migrate',
  ).action(async (options) => ends(await (await code()).dbMigrate(options)));
  examples(
    db
      .command('copy')
      .description('copy everything from SQLite to an empty PostgreSQL, and compare; goes on where it was stopped')
      .requiredOption('--to <url>', 'postgres://user@host:5432/database')
      .addOption(configOption())
      .addOption(jsonOption()),
    'quarry db copy --to postgres://quarry@db.example.com/quarry',
  ).action(async (options) => ends(await (await code()).dbCopy(options)));
}

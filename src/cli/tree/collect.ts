import { type Command, Option } from 'commander';
import { duration, listenAddress, names, several, wholeNumber } from '../arguments.ts';
import { configOption, type Ends, examples, jsonOption, logFormatOption } from './shared.ts';

/** Commands that read Qualys, or stand in for it. */
export function addCollect(program: Command, ends: Ends): void {
  examples(
    program
      .command('pull')
      .description('read data sets once to standard output; keeps no state')
      .argument('<dataset...>')
      .addOption(configOption())
      .option('--connection <id>', 'which connection, where there are several')
      .option('--since <time>', 'only what changed since: 2026-01-01T00:00:00Z or 7d')
      .option('--limit <n>', 'stop after so many records', wholeNumber(1))
      .addOption(
        new Option('-o, --output <format>', 'form of the output')
          .choices(['ndjson', 'json', 'csv', 'table'])
          .default('ndjson'),
      )
      .addOption(jsonOption().implies({ output: 'json' }))
      .addOption(logFormatOption()),
    'quarry pull host_list --since 7d --limit 100 -o table',
    'quarry pull host_list_detection --connection acme > detections.ndjson',
  ).action(async (datasets: string[], options) =>
    ends(await (await import('../commands/pull.ts')).pull(datasets, options)),
  );

  examples(
    program
      .command('run')
      .description('the collector: keep every stream up to date and every sink supplied; SIGHUP reads the file again')
      .addOption(configOption())
      .option('--once', 'every enabled stream up to date and delivered, then exit')
      .option('--only <datasets>', 'only these data sets: host_list,host_list_detection', names)
      .option('--sweep', 'full readings now')
      .option('--no-server', 'no HTTP server')
      .option('--no-work', 'pull and deliver nothing: workers on the same PostgreSQL do')
      .addOption(
        new Option('--timeout <time>', 'with --once: how long delivery may take after the last pull')
          .argParser(duration)
          .default(300_000, '5m'),
      )
      .addOption(
        new Option('--grace <time>', 'how long a page under way may take when stopping')
          .argParser(duration)
          .default(30_000, '30s'),
      )
      .addOption(logFormatOption()),
    'quarry run',
    'quarry run -c quarry.yaml --once --only host_list',
    'quarry run --log-format json',
  ).action(async (options) => ends(await (await import('../commands/run.ts')).run(options)));

  examples(
    program
      .command('backfill')
      .description('read times of a log again, a day at a time, behind the live streams; goes on where it was stopped')
      .argument('<dataset>')
      .requiredOption('--from <time>', 'from when on: 2026-01-01T00:00:00Z or 90d')
      .option('--to <time>', 'up to when; now when not given')
      .addOption(configOption())
      .option('--connection <id>', 'which connection, where several read it')
      .addOption(
        new Option('--timeout <time>', 'how long delivery may take after the last piece')
          .argParser(duration)
          .default(300_000, '5m'),
      )
      .addOption(
        new Option('--grace <time>', 'how long a page under way may take when stopping')
          .argParser(duration)
          .default(30_000, '30s'),
      )
      .addOption(logFormatOption()),
    'quarry backfill fim_events --from 2026-01-01 --to 2026-02-01',
    'quarry backfill user_activity --from 90d --connection acme',
  ).action(async (dataset: string, options) =>
    ends(await (await import('../commands/backfill.ts')).backfill(dataset, options)),
  );

  examples(
    program
      .command('demo')
      .description('a simulated subscription, collected to files: what `npm start` runs')
      .option('--hosts <n>', 'hosts in the simulated subscription', wholeNumber(1), 200)
      .option('--once', 'collect everything once, print a summary, exit')
      .option('--data-dir <dir>', 'where the demo keeps its data and writes its files', './quarry-demo')
      .option('--seed <n>', 'another world', wholeNumber(0), 1)
      .option('--truth <file>', 'where the demo writes, when it ends, what really exists; one line a record')
      .addOption(
        new Option('--listen <address>', 'where the page answers')
          .argParser(listenAddress)
          .default(listenAddress('127.0.0.1:8480'), '127.0.0.1:8480'),
      ),
    'quarry demo --hosts 500 --once',
  ).action(async (options) => ends(await (await import('../commands/demo.ts')).demo(options)));

  examples(
    program
      .command('simulate')
      .description('the simulator alone: a Qualys to test against')
      .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0, 65_535), 8481)
      .option('--hosts <n>', 'hosts in the world', wholeNumber(1), 200)
      .option('--seed <n>', 'another world', wholeNumber(0), 1)
      .addOption(
        new Option('--limits <level>', 'API limits')
          .choices(['standard', 'express', 'enterprise', 'premium', 'off'])
          .default('standard'),
      )
      .option('--fault <name[=arg]>', 'misbehave; may be given several times; `--fault list` shows how', several)
      .option('--frozen', 'the world stands still until advanced over HTTP')
      .option('--truth <file>', 'write what exists, one line a record'),
    'quarry simulate --hosts 2000',
    'quarry simulate --port 0 --limits off --fault http-502*2',
  ).action(async (options) => ends(await (await import('../commands/simulate.ts')).simulate(options)));

  examples(
    program
      .command('bench')
      .description('speed on this machine over one saved host detection answer')
      .addArgument(
        program
          .createArgument('<what>', 'read: parse only; ndjson: file to lines; collect: the whole collector')
          .choices(['read', 'ndjson', 'collect']),
      )
      .argument('<file>', 'the answer; a name ending in .gz is unpacked on the way')
      .option('--out <path>', 'where lines or files go')
      .option('--no-inventory', 'without the inventory')
      .option('--results', 'collect: RESULTS of findings are kept in the inventory')
      .addOption(jsonOption()),
    'quarry bench read detections.xml.gz --json',
  ).action(async (what: 'read' | 'ndjson' | 'collect', file: string, options) =>
    ends(await (await import('../commands/bench.ts')).bench(what, file, options)),
  );
}

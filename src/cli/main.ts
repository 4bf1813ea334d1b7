import { Command, CommanderError, Option } from 'commander';
import { asQuarryError, explain, QuarryError } from '../core/errors.ts';
import { duration, listenAddress, names, several, wholeNumber } from './arguments.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { version } from './version.ts';

/** Every command is imported when it runs, so that none pays for the others. Returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = new Command('quarry')
    .description(
      'Takes everything a Qualys subscription knows, completely and once, to wherever a security team works.',
    )
    .version(version(), '-V, --version')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  const config = (): Option => new Option('-c, --config <file>', 'configuration file').env('QUARRY_CONFIG');
  const json = (): Option => new Option('--json', 'machine-readable output');

  program
    .command('validate')
    .description('check the configuration: syntax, schema, references and secrets, network')
    .addOption(config())
    .option('--offline', 'leave the network out')
    .addOption(json())
    .action(async (options) => {
      code = await (await import('./commands/validate.ts')).validate(options);
    });
  program
    .command('datasets')
    .description('the catalogue of data sets')
    .addOption(json())
    .action(async (options) => {
      code = await (await import('./commands/datasets.ts')).listDatasets(options);
    });
  program
    .command('pull')
    .description('read data sets once to standard output; keeps no state')
    .argument('<dataset...>')
    .addOption(config())
    .option('--connection <id>', 'which connection, where there are several')
    .option('--since <time>', 'only what changed since: 2026-01-01T00:00:00Z or 7d')
    .option('--limit <n>', 'stop after so many records', wholeNumber(1))
    .addOption(
      new Option('-o, --output <format>', 'form of the output')
        .choices(['ndjson', 'json', 'csv', 'table'])
        .default('ndjson'),
    )
    .addHelpText('after', '\nExample:\n  quarry pull host_list --since 7d --limit 100 -o table')
    .action(async (datasets: string[], options) => {
      code = await (await import('./commands/pull.ts')).pull(datasets, options);
    });
  program
    .command('run')
    .description('the collector: keep every stream up to date and every sink supplied')
    .addOption(config())
    .option('--once', 'every enabled stream up to date and delivered, then exit')
    .option('--only <datasets>', 'only these data sets: host_list,host_list_detection', names)
    .option('--sweep', 'full readings now')
    .option('--no-server', 'no HTTP server')
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
    .addHelpText('after', '\nExample:\n  quarry run -c quarry.yaml --once --only host_list')
    .action(async (options) => {
      code = await (await import('./commands/run.ts')).run(options);
    });
  const state = program.command('state').description('checkpoints');
  for (const [name, about] of [
    ['list', 'every stream with its watermark and counters'],
    ['show', 'one stream whole'],
    ['reset', 'forget keys and cursors of a stream: everything is read and emitted again, with the same ids'],
  ] as const) {
    const command = state.command(name).description(about).addOption(config()).addOption(json());
    if (name !== 'list') command.argument('<stream>', 'connection/dataset');
    if (name === 'reset') command.option('--yes', 'do not ask');
    command.action(async (...given: unknown[]) => {
      const [stream, options] = name === 'list' ? [undefined, given[0]] : [given[0] as string, given[1]];
      code = await (await import('./commands/state.ts')).state(name, stream, options as { config?: string });
    });
  }
  state
    .command('export')
    .description('checkpoints, counters and keys on standard output, to move an installation')
    .addOption(config())
    .action(async (options) => {
      code = await (await import('./commands/state-transfer.ts')).exportTo(options);
    });
  state
    .command('import')
    .description('take over what `state export` wrote')
    .argument('<file>', 'the file; - for standard input')
    .addOption(config())
    .action(async (file: string, options) => {
      code = await (await import('./commands/state-transfer.ts')).importFrom(file, options);
    });
  const outbox = program.command('outbox').description('delivery');
  for (const [name, about] of [
    ['status', 'every sink: delivered, pending, parked, and why it waits'],
    ['parked', 'events a sink refused for good, with the reason'],
  ] as const) {
    outbox
      .command(name)
      .description(about)
      .addOption(config())
      .addOption(json())
      .action(async (options) => {
        code = await (await import('./commands/outbox.ts')).outbox(name, options);
      });
  }
  program
    .command('sink')
    .description('sinks')
    .command('test')
    .description('do what a real write would do, and leave nothing behind')
    .argument('<name>')
    .addOption(config())
    .action(async (name: string, options) => {
      code = await (await import('./commands/sink.ts')).testSink(name, options);
    });
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
    )
    .action(async (options) => {
      code = await (await import('./commands/demo.ts')).demo(options);
    });
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
    .option('--truth <file>', 'write what exists, one line a record')
    .action(async (options) => {
      code = await (await import('./commands/simulate.ts')).simulate(options);
    });
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
    .addOption(json())
    .action(async (what: 'read' | 'ndjson' | 'collect', file: string, options) => {
      code = await (await import('./commands/bench.ts')).bench(what, file, options);
    });
  program
    .command('version')
    .description('version of Quarry and of what it runs on')
    .addOption(json())
    .action(async (options) => {
      code = await (await import('./commands/about.ts')).about(options);
    });

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const error = fileError(thrown) ?? asQuarryError(thrown);
    process.stderr.write(`${explain(error)}\n`);
    if (error.code === 'QRY9001' && thrown instanceof Error && process.env['QUARRY_DEBUG'] !== undefined)
      process.stderr.write(`${thrown.stack}\n`);
    return exitCodeOf(error);
  }
}

const NOT_USABLE = new Set(['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EPERM', 'EEXIST', 'EROFS']);

/** A file that a command was given and cannot use is no defect; nor is a machine without file descriptors. */
function fileError(thrown: unknown): QuarryError | undefined {
  if (!(thrown instanceof Error) || !('path' in thrown) || !('syscall' in thrown) || !('code' in thrown))
    return undefined;
  const details = { what: thrown.message, where: String(thrown.path), cause: thrown };
  if (thrown.code === 'EMFILE' || thrown.code === 'ENFILE') return new QuarryError('QRY4006', details);
  return NOT_USABLE.has(String(thrown.code)) ? new QuarryError('QRY6005', details) : undefined;
}

// Whatever nobody caught is a defect: said in the words of all errors, then the process ends.
process.on('uncaughtException', (thrown) => {
  process.stderr.write(`${explain(asQuarryError(thrown))}\n`);
  if (process.env['QUARRY_DEBUG'] !== undefined) process.stderr.write(`${thrown.stack}\n`);
  process.exit(EXIT.failed);
});

// A reader that goes away (`quarry pull … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));

import type { Command } from 'commander';
import { addOutbox } from './outbox.ts';
import { configOption, type Ends, examples, jsonOption } from './shared.ts';

/** Commands that look at what was collected, and put right what needs a hand. */
export function addLook(program: Command, ends: Ends): void {
  examples(
    program.command('datasets').description('the catalogue of data sets').addOption(jsonOption()),
    'quarry datasets',
  ).action(async (options) => ends(await (await import('../commands/datasets.ts')).listDatasets(options)));
  addState(program.command('state').description('checkpoints'), ends);

  addOutbox(program.command('outbox').description('delivery'), ends);

  examples(
    program
      .command('sink')
      .description('sinks')
      .command('test')
      .description('do what a real write would do, and leave nothing behind')
      .argument('<sink>', 'its name in the configuration')
      .addOption(configOption())
      .addOption(jsonOption()),
    'quarry sink test archive',
  ).action(async (name: string, options) => ends(await (await import('../commands/sink.ts')).testSink(name, options)));
  examples(
    program.command('version').description('version of Quarry and of what it runs on').addOption(jsonOption()),
    'quarry version',
  ).action(async (options) => ends(await (await import('../commands/about.ts')).about(options)));
}

function addState(state: Command, ends: Ends): void {
  for (const [name, about, example] of [
    ['list', 'every stream with its watermark and counters', 'quarry state list'],
    ['show', 'one stream whole', 'quarry state show acme/host_list'],
    [
      'reset',
      'forget keys and cursors of a stream: everything is read and emitted again, with the same ids',
      'quarry state reset acme/host_list --yes',
    ],
  ] as const) {
    const command = state.command(name).description(about).addOption(configOption()).addOption(jsonOption());
    if (name !== 'list') command.argument('<stream>', 'connection/dataset');
    if (name === 'reset') command.option('--yes', 'do not ask');
    examples(command, example).action(async (...given: unknown[]) => {
      const [stream, options] = name === 'list' ? [undefined, given[0]] : [given[0] as string, given[1]];
      ends(await (await import('../commands/state.ts')).state(name, stream, options as { config?: string }));
    });
  }
  examples(
    state
      .command('export')
      .description('checkpoints, counters and keys on standard output, to move an installation')
      .addOption(configOption()),
    'quarry state export > state.ndjson',
  ).action(async (options) => ends(await (await import('../commands/state-transfer.ts')).exportTo(options)));
  examples(
    state
      .command('import')
      .description('take over what `state export` wrote')
      .argument('<file>', 'the file; - for standard input')
      .addOption(configOption()),
    'quarry state import state.ndjson',
  ).action(async (file: string, options) =>
    ends(await (await import('../commands/state-transfer.ts')).importFrom(file, options)),
  );
}

import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { configOption, type Ends, examples, jsonOption } from './shared.ts';

/** Delivery: looking, and putting right what a sink refused or a consumer lost. All of it works beside a running collector. */
export function addOutbox(outbox: Command, ends: Ends): void {
  examples(
    outbox
      .command('status')
      .description('every sink: delivered, pending, parked, and why it waits')
      .addOption(configOption())
      .addOption(jsonOption()),
    'quarry outbox status',
  ).action(async (options) => ends(await (await import('../commands/outbox.ts')).outbox('status', options)));

  examples(
    outbox
      .command('parked')
      .description('events a sink refused for good, with the reason')
      .option('--sink <name>', 'only of this sink')
      .addOption(configOption())
      .addOption(jsonOption()),
    'quarry outbox parked --sink archive',
  ).action(async (options) => ends(await (await import('../commands/outbox.ts')).outbox('parked', options)));

  for (const [name, about, example] of [
    ['retry', 'send parked events again, once what was wrong is mended', 'quarry outbox retry --sink archive'],
    ['discard', 'give parked events up: they are never sent', 'quarry outbox discard --sink archive --code 400 --yes'],
  ] as const) {
    const command = outbox
      .command(name)
      .description(about)
      .requiredOption('--sink <name>', 'the sink that refused them')
      .option('--batch <n>', 'only of this batch', wholeNumber(1))
      .option('--code <code>', 'only those parked with this code')
      .addOption(configOption())
      .addOption(jsonOption());
    if (name === 'discard') command.option('--yes', 'do not ask');
    examples(command, example).action(async (options) =>
      ends(await (await import('../commands/outbox-change.ts')).parkedAgain(name, options)),
    );
  }

  examples(
    outbox
      .command('replay')
      .description('send a sink again what was collected within a time, as far as it is kept, with the same ids')
      .requiredOption('--sink <name>', 'the sink')
      .requiredOption('--from <time>', 'collected at or after: 2026-01-31 or 2026-01-31T12:00:00Z')
      .option('--to <time>', 'collected before; now when not given')
      .option('--dataset <name>', 'only of this data set')
      .addOption(configOption())
      .addOption(jsonOption()),
    'quarry outbox replay --sink archive --from 2026-01-31',
  ).action(async (options) => ends(await (await import('../commands/outbox-change.ts')).replayTo(options)));
}

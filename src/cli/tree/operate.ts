import type { Command } from 'commander';
import { duration } from '../arguments.ts';
import { configOption, type Ends, examples, jsonOption } from './shared.ts';

/** Commands for who keeps it running. */
export function addOperate(program: Command, ends: Ends): void {
  examples(
    program
      .command('healthcheck')
      .description('ask the collector on this machine whether it is ready; for containers and supervisors')
      .addOption(configOption())
      .option('--url <url>', 'its address; else that of QUARRY_LISTEN, else that of the configuration')
      .option('--timeout <duration>', 'how long to wait', duration, 5000)
      .addOption(jsonOption()),
    'quarry healthcheck',
    'quarry healthcheck --url http://127.0.0.1:8480',
  ).action(async (options) => ends(await (await import('../commands/healthcheck.ts')).healthcheck(options)));

  examples(
    program
      .command('support-bundle')
      .description('write what helps others to help into one file: configuration, state, limits, metrics; no secrets')
      .addOption(configOption())
      .option('--out <file>', 'where it is written; - for standard output')
      .option('--log <file>', 'log of the collector: its last lines are taken along')
      .option('--force', 'replace a file that is there'),
    'quarry support-bundle',
    'quarry support-bundle --log quarry.log --out bundle.json',
  ).action(async (options) => ends(await (await import('../commands/support-bundle.ts')).writeBundle(options)));
}

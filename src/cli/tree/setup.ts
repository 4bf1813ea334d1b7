import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { configOption, type Ends, examples, jsonOption } from './shared.ts';

/** Commands of the first hour: write a configuration, look at it, try it. */
export function addSetup(program: Command, ends: Ends): void {
  examples(
    program
      .command('init')
      .description('write a configuration: asks on a terminal, else takes what the options say')
      .option('--platform <name>', 'platform: US1, EU2 … or the address you sign in at')
      .option('--url <address>', 'address of the console or of the API server, in place of a platform')
      .option('--username <login>', 'the Qualys user; becomes the default of ${QUALYS_USERNAME}')
      .option('--password-file <file>', 'file that holds the password; else it comes from ${QUALYS_PASSWORD}')
      .option('--connection <id>', 'id of the connection')
      .option('--datasets <names>', 'data sets, separated by commas, or all')
      .option('--output-dir <dir>', 'folder the events are written to')
      .option('--from <file>', 'convert the configuration of another collector')
      .option('--out <file>', 'where the configuration is written', 'quarry.yaml')
      .option('--yes', 'ask nothing: defaults for what no option says')
      .option('--force', 'replace a file that is there'),
    'quarry init',
    'quarry init --platform EU1 --datasets host_list,host_list_detection --yes',
    'quarry init --url http://127.0.0.1:8481 --out sandbox.yaml --yes',
  ).action(async (options) => ends(await (await import('../commands/init.ts')).init(options)));

  examples(
    program
      .command('validate')
      .description('check the configuration: syntax, schema, references and secrets, network')
      .addOption(configOption())
      .option('--offline', 'leave the network out')
      .addOption(jsonOption()),
    'quarry validate',
    'quarry validate -c quarry.yaml --offline',
  ).action(async (options) => ends(await (await import('../commands/validate.ts')).validate(options)));

  examples(
    program
      .command('check')
      .description('sign in and try every enabled data set with its cheapest call')
      .argument('[connection]', 'only this one')
      .addOption(configOption())
      .addOption(jsonOption())
      .option('--show-curl', 'print each call as a curl command, secrets as shell variables'),
    'quarry check',
    'quarry check acme --show-curl',
  ).action(async (connection: string | undefined, options) =>
    ends(await (await import('../commands/check.ts')).check(connection, options)),
  );

  examples(
    program
      .command('plan')
      .description('what this configuration will cost: calls and hours at the limits seen or assumed')
      .addOption(configOption())
      .option('--hosts <n>', 'hosts of the subscription, where no pull has counted them yet', wholeNumber(1))
      .addOption(jsonOption()),
    'quarry plan --hosts 50000',
  ).action(async (options) => ends(await (await import('../commands/plan.ts')).plan(options)));

  const config = program.command('config').description('the configuration');
  examples(
    config
      .command('show')
      .description('every value in force and where it comes from; secrets are not shown')
      .addOption(configOption())
      .addOption(jsonOption()),
    'quarry config show',
    'quarry config show --json',
  ).action(async (options) => ends(await (await import('../commands/config-show.ts')).showConfig(options)));

  examples(
    program
      .command('completion')
      .description('completion of commands, options and names for a shell')
      .addArgument(program.createArgument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish'])),
    'quarry completion bash > ~/.local/share/bash-completion/completions/quarry',
    'quarry completion zsh > "${fpath[1]}/_quarry"',
    'quarry completion fish > ~/.config/fish/completions/quarry.fish',
  ).action(async (shell: 'bash' | 'zsh' | 'fish') =>
    ends(await (await import('../commands/completion.ts')).completion(program, shell)),
  );
  program
    .command('__names', { hidden: true })
    .argument('<kind>')
    .action(async (kind: string) => ends(await (await import('../commands/completion.ts')).knownNames(kind)));
}

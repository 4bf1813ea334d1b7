import { type Command, Option } from 'commander';
import { names, wholeNumber } from '../arguments.ts';
import { OUTPUT_FORMATS } from '../writers.ts';
import { configOption, type Ends, examples, jsonOption } from './shared.ts';

/** Commands about the inventory. Those that ask it work beside a running collector. */
export function addInventory(program: Command, ends: Ends): void {
  examples(
    program
      .command('query')
      .description('ask the inventory; without a view, what views there are')
      .argument('[view]', 'devices, findings, vulnerabilities, software, …')
      .argument('[filter...]', 'which rows: severity>=4 and os:windows and last_found<7d')
      .addOption(
        new Option('-o, --output <format>', 'form of the output; table when not given').choices(OUTPUT_FORMATS),
      )
      .option('--sort <columns>', 'the first first, - before those that go downwards: -severity,last_found')
      .option('--fields <columns>', 'columns to show', names)
      .option('--limit <n>', 'rows at the most; a table has 100 when not given', wholeNumber(1))
      .option('--count', 'only how many rows there are')
      .option('--facets <columns>', 'the most frequent values of these columns, with their counts', names)
      .option('--all', 'removed rows too, and those beyond the thresholds of the configuration')
      .option('--unscanned', 'addresses of the subscription that no host was ever seen at; no view needed')
      .addOption(configOption())
      .addOption(jsonOption()),
    'quarry query',
    "quarry query findings 'severity>=4 and is_open=true and os:windows' --sort '-qds'",
    "quarry query devices 'tag:Prod and last_seen>30d' -o csv",
    'quarry query findings --facets severity,status',
    'quarry query --unscanned',
  ).action(async (view: string | undefined, filter: string[], options) =>
    ends(await (await import('../commands/query.ts')).query(view, filter, options)),
  );

  const inventory = program.command('inventory').description('how complete the inventory is; making it again');
  examples(
    inventory
      .command('status')
      .description('each data set against what Qualys says there is, and what has yet to be folded')
      .addOption(configOption())
      .addOption(jsonOption()),
    'quarry inventory status',
  ).action(async (options) => ends(await (await import('../commands/inventory-status.ts')).inventoryStatus(options)));
  examples(
    inventory
      .command('rebuild')
      .description('empty it and make it again from what the outbox retains; the collector must not run')
      .option('--yes', 'do not ask')
      .addOption(configOption()),
    'quarry inventory rebuild --yes',
  ).action(async (options) => ends(await (await import('../commands/inventory-rebuild.ts')).rebuild(options)));

  const out = program.command('export').description('the inventory for other programs');
  examples(
    out
      .command('exposure-graph')
      .description(
        'devices and CVEs as nodes, what affects what as edges: one a line, as Microsoft’s exposure graph has them',
      )
      .option(
        '--days <n>',
        'only devices that Qualys modified in the last so many days; 90 when not given',
        wholeNumber(1),
      )
      .addOption(configOption()),
    'quarry export exposure-graph > graph.ndjson',
  ).action(async (options) => ends(await (await import('../commands/export.ts')).exportGraph(options)));
  examples(
    out
      .command('vex')
      .description('which vulnerabilities stand how on which devices, as one CycloneDX 1.6 document (VEX)')
      .addOption(configOption()),
    'quarry export vex > inventory.vex.json',
  ).action(async (options) => ends(await (await import('../commands/export.ts')).exportVex(options)));
  for (const format of ['csv', 'ndjson'] as const) {
    examples(
      out
        .command(format)
        .description(
          format === 'csv'
            ? 'every row of a view, as CSV; texts are not changed for spreadsheets'
            : 'every row of a view, one JSON object a line',
        )
        .argument('<view>')
        .argument('[filter...]', 'which rows')
        .option('--fields <columns>', 'columns; all when not given', names)
        .option('--sort <columns>', 'order of the rows')
        .option('--all', 'removed rows too, and those beyond the thresholds of the configuration')
        .addOption(configOption()),
      `quarry export ${format} findings 'is_open=true' > findings.${format}`,
    ).action(async (view: string, filter: string[], options) =>
      ends(await (await import('../commands/export.ts')).exportView(format, view, filter, options)),
    );
  }
}

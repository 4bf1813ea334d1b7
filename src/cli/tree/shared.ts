import { type Command, Option } from 'commander';

/** Takes the exit code a command came to. */
export type Ends = (code: number) => void;

export const configOption = (): Option => new Option('-c, --config <file>', 'configuration file').env('QUARRY_CONFIG');
export const jsonOption = (): Option => new Option('--json', 'machine-readable output');
export const logFormatOption = (): Option =>
  new Option('--log-format <format>', 'form of log lines, before QUARRY_LOG_FORMAT').choices(LOG_FORMATS);

const LOG_FORMATS = ['pretty', 'json', 'devo'];

/** Lines to copy, at the end of a command's help. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example:' : 'Examples:';
  return command.addHelpText('after', `\n${title}\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

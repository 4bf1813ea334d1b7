import type { Command, Option } from 'commander';

/** What may stand for an option's value or an argument. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Asked for when Tab is pressed: `quarry __names connections`. */
  | { readonly kind: 'names'; readonly of: NameKind }
  | { readonly kind: 'files' }
  | { readonly kind: 'any' };

export const NAME_KINDS = ['datasets', 'connections', 'sinks', 'streams'] as const;
export type NameKind = (typeof NAME_KINDS)[number];

export interface Switch {
  /** `-c`, `--config`. */
  readonly names: readonly string[];
  readonly about: string;
  /** Absent where it takes no value. */
  readonly value: Values | undefined;
}

/** One command and what may follow it. */
export interface Place {
  /** The words to it: `state list`; empty for `quarry` itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly switches: readonly Switch[];
  readonly argument: Values | undefined;
}

/** Every command of the tree; completion scripts are made from this alone, so that they know what the commands know. */
export function places(program: Command, path: readonly string[] = []): Place[] {
  const commands = program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help');
  const [argument] = program.registeredArguments;
  const here: Place = {
    path: path.join(' '),
    commands: commands.map((command) => ({ name: command.name(), about: command.description() })),
    switches: program.createHelp().visibleOptions(program).map(switchOf),
    argument: argument === undefined ? undefined : valuesOf(argument.name(), argument.argChoices),
  };
  return [here, ...commands.flatMap((command) => places(command, [...path, command.name()]))];
}

function switchOf(option: Option): Switch {
  const names = [option.short, option.long].filter((name) => name !== undefined && name !== null);
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  const value = placeholder === undefined ? undefined : valuesOf(placeholder, option.argChoices, option.long ?? '');
  return { names, about: option.description, value };
}

function valuesOf(placeholder: string, choices: readonly string[] | undefined, long = ''): Values {
  if (choices !== undefined) return { kind: 'words', words: choices };
  const name = placeholder.replaceAll('.', '');
  if (name === 'dataset' || name === 'datasets' || long === '--datasets') return { kind: 'names', of: 'datasets' };
  if (name === 'connection' || long === '--connection') return { kind: 'names', of: 'connections' };
  if (name === 'sink') return { kind: 'names', of: 'sinks' };
  if (name === 'stream') return { kind: 'names', of: 'streams' };
  return ['file', 'path', 'dir'].includes(name) ? { kind: 'files' } : { kind: 'any' };
}

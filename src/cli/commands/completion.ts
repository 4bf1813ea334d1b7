import type { Command } from 'commander';
import { datasets } from '../../collector/port.ts';
import { NAME_KINDS, type NameKind, places } from '../completion.ts';
import { type Shell, script } from '../completion-shells.ts';
import { print } from '../output.ts';
import { configuration } from './configuration.ts';

export async function completion(program: Command, shell: Shell): Promise<number> {
  await print(script(shell, places(program)));
  return 0;
}

/** Names for completion, one a line. What cannot be known now is nothing to complain about while somebody types. */
export async function knownNames(kind: string): Promise<number> {
  if (NAME_KINDS.includes(kind as NameKind)) {
    const names = namesOf(kind as NameKind);
    if (names.length > 0) await print(`${names.join('\n')}\n`);
  }
  return 0;
}

function namesOf(kind: NameKind): readonly string[] {
  if (kind === 'datasets') return [...datasets.keys()];
  try {
    const { connections, sinks } = configuration(undefined);
    if (kind === 'sinks') return [...sinks.keys()];
    if (kind === 'connections') return [...connections.keys()];
    return [...connections.values()].flatMap(({ id, datasets: own }) => [...own.keys()].map((name) => `${id}/${name}`));
  } catch {
    return [];
  }
}

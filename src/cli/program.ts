import { Command } from 'commander';
import { addCollect } from './tree/collect.ts';
import { addInventory } from './tree/inventory.ts';
import { addLook } from './tree/look.ts';
import { addOperate } from './tree/operate.ts';
import { addPeople } from './tree/people.ts';
import { addSetup } from './tree/setup.ts';
import type { Ends } from './tree/shared.ts';
import { addWorkers } from './tree/workers.ts';
import { version } from './version.ts';

/** Every command with its options and examples. A command's code is imported when it runs, so that none pays for the others. */
export function quarryProgram(ends: Ends): Command {
  const program = new Command('quarry')
    .description(
      'Takes everything a Qualys subscription knows, completely and once, to wherever a security team works.',
    )
    .version(version(), '-V, --version')
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('--help says what there is.')
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  addSetup(program, ends);
  addCollect(program, ends);
  addLook(program, ends);
  addInventory(program, ends);
  addPeople(program, ends);
  addOperate(program, ends);
  addWorkers(program, ends);
  program.addHelpText(
    'after',
    '\nThe first hour: quarry init, quarry validate, quarry check, quarry plan, quarry run.',
  );
  return program;
}

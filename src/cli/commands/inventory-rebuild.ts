import { createInterface } from 'node:readline/promises';
import { rebuildInventory } from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { print } from '../output.ts';
import { withOutbox } from './hold.ts';

const WORD = 'rebuild';

/** Empties the inventory and has it made again from what the outbox retains, by the collector as it runs. Throws QRY4004 while one does. */
export async function rebuild(options: { config?: string; yes?: boolean }): Promise<number> {
  if (options.yes !== true) await confirm();
  const waiting = await withOutbox(options.config, (outbox) => rebuildInventory(outbox, Date.now()));
  await print(
    `The inventory is empty; ${waiting.toLocaleString('en-US')} retained events wait to be folded into it. The collector does so as it runs.\n`,
  );
  return 0;
}

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY)
    throw new QuarryError('QRY6001', { what: 'Rebuilding the inventory needs --yes where nobody can be asked.' });
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question(
    `Empty the inventory and make it again from what the outbox retains? What is gone, and history, come back as far as that reaches. Type ${WORD}: `,
  );
  ask.close();
  if (answer.trim() !== WORD)
    throw new QuarryError('QRY6001', { what: `“${answer.trim()}” is not ${WORD}: nothing was changed.` });
}

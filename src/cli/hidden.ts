import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { QuarryError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';

/**
 * A secret from the person at the terminal, not shown while it is typed; without a terminal the whole of standard
 * input, less one line feed at its end. Throws QRY6001 where nothing comes.
 */
export async function askSecret(question: string): Promise<Secret> {
  const answer = process.stdin.isTTY ? await typed(question) : (await text(process.stdin)).replace(/\r?\n$/, '');
  if (answer === '') throw new QuarryError('QRY6001', { what: 'Nothing was given: nothing was changed.' });
  return new Secret(answer);
}

async function typed(question: string): Promise<string> {
  process.stderr.write(`${question}: `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

import { CommanderError } from 'commander';
import { asQuarryError, explain, QuarryError } from '../core/errors.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { quarryProgram } from './program.ts';

/** Runs one command line. Returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = quarryProgram((ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const error = fileError(thrown) ?? asQuarryError(thrown);
    process.stderr.write(`${explain(error)}\n`);
    if (error.code === 'QRY9001' && thrown instanceof Error && process.env['QUARRY_DEBUG'] !== undefined)
      process.stderr.write(`${thrown.stack}\n`);
    return exitCodeOf(error);
  }
}

const NOT_USABLE = new Set(['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EPERM', 'EEXIST', 'EROFS']);

/** A file that a command was given and cannot use is no defect; nor is a machine without file descriptors. */
function fileError(thrown: unknown): QuarryError | undefined {
  if (!(thrown instanceof Error) || !('path' in thrown) || !('syscall' in thrown) || !('code' in thrown))
    return undefined;
  const details = { what: thrown.message, where: String(thrown.path), cause: thrown };
  if (thrown.code === 'EMFILE' || thrown.code === 'ENFILE') return new QuarryError('QRY4006', details);
  return NOT_USABLE.has(String(thrown.code)) ? new QuarryError('QRY6005', details) : undefined;
}

// Whatever nobody caught is a defect: said in the words of all errors, then the process ends.
process.on('uncaughtException', (thrown) => {
  process.stderr.write(`${explain(asQuarryError(thrown))}\n`);
  if (process.env['QUARRY_DEBUG'] !== undefined) process.stderr.write(`${thrown.stack}\n`);
  process.exit(EXIT.failed);
});

// A reader that goes away (`quarry pull … | head`) is no error; a full disk behind `> file` is one, and no defect.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  const details = { what: error.message, where: 'standard output', fix: 'See whether the disk behind it is full.' };
  process.stderr.write(`${explain(new QuarryError('QRY6005', details))}\n`);
  process.exit(EXIT.failed);
});

process.exitCode = await main(process.argv.slice(2));

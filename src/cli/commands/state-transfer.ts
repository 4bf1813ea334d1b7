import { mkdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { exportState, importState } from '../../collector/port.ts';
import { QuarryError } from '../../core/errors.ts';
import { print } from '../output.ts';
import { configuration } from './configuration.ts';
import { withOutbox } from './hold.ts';
import { lookAtOutbox } from './look.ts';

/** Checkpoints, counters and keys of every stream on standard output, one JSON line each. */
export async function exportTo(options: { config?: string }): Promise<number> {
  const box = await lookAtOutbox(options.config);
  try {
    for await (const line of exportState(box.store)) await print(line);
    return 0;
  } finally {
    await box.close();
  }
}

/** Reads what `state export` wrote (`-`: standard input) into an installation that has none of its streams yet. */
export async function importFrom(path: string, options: { config?: string }): Promise<number> {
  mkdirSync(configuration(options.config).dataDir, { recursive: true, mode: 0o700 });
  const file = path === '-' ? undefined : await openForReading(path);
  try {
    // Read from only once something listens: lines that come before are lost to a reader by lines.
    const lines = () => file?.readLines({ autoClose: false }) ?? createInterface({ input: process.stdin });
    const { streams, keys } = await withOutbox(options.config, (outbox) => importState(outbox.store, lines()));
    await print(
      `${streams.toLocaleString('en-US')} streams and ${keys.toLocaleString('en-US')} keys taken over\n` +
        'Records are not among it: what the inventory lacks for that is said by quarry inventory status.\n',
    );
    return 0;
  } finally {
    await file?.close();
  }
}

function openForReading(path: string): Promise<FileHandle> {
  return open(path).catch((error: unknown) => {
    throw new QuarryError('QRY6005', { what: error instanceof Error ? error.message : String(error), where: path });
  });
}

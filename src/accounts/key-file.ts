import { chmod, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { QuarryError } from '../core/errors.ts';
import { reveal, Secret } from '../core/secret.ts';
import { newKey } from './seal.ts';

/** The key file in the data directory: the current key, and behind it, a line each, those of an unfinished rotation. */
export const KEY_FILE = 'secret.key';
const SHORTEST = 16;

export interface Keys {
  /** Current first. */
  readonly texts: readonly Secret[];
  /** Where they came from, for people: `QUARRY_SECRET_KEY`, a path. */
  readonly from: string;
  /** True when the file was made just now, so that it can be announced. */
  readonly made: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The keys that seal secrets: QUARRY_SECRET_KEY, the file at QUARRY_SECRET_KEY_FILE, or `secret.key` in the data
 * directory, made with mode 0600 where nothing is sealed yet. `QUARRY_SECRET_KEY_OLD` is read besides, for a rotation.
 * Throws QRY8012 where a key cannot be read or is too short to be one, and where it is gone while secrets are sealed.
 */
export async function findKeys(dataDir: string, env: Environment, anySealed: boolean, make = true): Promise<Keys> {
  const given = env['QUARRY_SECRET_KEY'];
  if (given !== undefined && given !== '')
    return {
      texts: checked([given, env['QUARRY_SECRET_KEY_OLD'] ?? ''], 'QUARRY_SECRET_KEY'),
      from: 'QUARRY_SECRET_KEY',
      made: false,
    };
  const named = env['QUARRY_SECRET_KEY_FILE'];
  const path = named === undefined || named === '' ? join(dataDir, KEY_FILE) : named;
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new QuarryError('QRY8012', { what: error.message, where: path });
  });
  if (text !== undefined) return { texts: checked(text.split('\n'), path), from: path, made: false };
  if (named !== undefined && named !== '')
    throw new QuarryError('QRY8012', { what: 'There is no such file.', where: path });
  if (anySealed)
    throw new QuarryError('QRY8012', { what: 'The key file is gone, and secrets are sealed with it.', where: path });
  // Who only reads, and finds nothing that is sealed, needs none.
  if (!make) return { texts: [], from: path, made: false };
  const key = newKey();
  await writeKeys(path, [key]);
  return { texts: [key], from: path, made: true };
}

/** Replaces a key file whole; a kill leaves the old one or the new one. */
export async function writeKeys(path: string, keys: readonly Secret[]): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${keys.map(reveal).join('\n')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(temporary, 0o600);
  await rename(temporary, path);
}

function checked(texts: readonly string[], where: string): Secret[] {
  const keys = texts.map((text) => text.trim()).filter((text) => text !== '');
  if (keys.length === 0) throw new QuarryError('QRY8012', { what: 'It holds no key.', where });
  if (keys.some((key) => key.length < SHORTEST))
    throw new QuarryError('QRY8012', { what: `A key has ${SHORTEST} characters at least.`, where });
  return keys.map((key) => new Secret(key));
}

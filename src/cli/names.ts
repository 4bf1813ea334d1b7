import { nearest } from '../config/suggest.ts';
import { QuarryError } from '../core/errors.ts';

/** A name nobody has: the one that was probably meant, and all there are. */
export function noSuch(kind: 'data set' | 'connection' | 'sink', name: string, known: readonly string[]): QuarryError {
  const meant = nearest(name, known);
  const plural = `${kind[0]!.toUpperCase()}${kind.slice(1)}s`;
  return new QuarryError('QRY6003', {
    what: `There is no ${kind} ${name}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    fix: `${plural} are: ${known.join(', ') || '(none)'}.`,
  });
}

/** The value under a name; throws QRY6003 where there is none. */
export function named<T>(kind: 'connection' | 'sink', name: string, all: ReadonlyMap<string, T>): T {
  const found = all.get(name);
  if (found === undefined) throw noSuch(kind, name, [...all.keys()]);
  return found;
}

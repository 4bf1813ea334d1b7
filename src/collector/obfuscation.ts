import type { ObfuscateRule } from '../config/config.ts';
import { hashOf, type Obfuscate, obfuscator } from '../pipeline/obfuscate.ts';

/** What a stream's records go through before anything is made of them. */
export interface Obfuscation {
  /** For a record as it is read, without its context. */
  readonly record: Obfuscate;
  /** For the context alone. */
  readonly context: Obfuscate;
  /** For a record with its context inside. */
  readonly whole: Obfuscate;
  /** Differs where rules or key differ. */
  readonly mark: string;
}

/** Undefined where there are no rules, so that nothing is paid for. `as`: the name the context has inside a record. */
export function obfuscationOf(
  rules: readonly ObfuscateRule[],
  key: string,
  as: string | undefined,
): Obfuscation | undefined {
  if (rules.length === 0) return undefined;
  const inside = (path: string): boolean => as !== undefined && path.startsWith(`${as}.`);
  const ofContext = rules.flatMap(({ path, how }) => (inside(path) ? [{ path: path.slice(as!.length + 1), how }] : []));
  return {
    record: obfuscator(
      rules.filter(({ path }) => !inside(path)),
      key,
    ),
    context: obfuscator(ofContext, key),
    whole: obfuscator(rules, key),
    mark: hashOf(JSON.stringify(rules), key === '' ? 'no key' : key),
  };
}

import { compilePattern } from '../core/pattern.ts';
import type { Path } from './problems.ts';
import type { DatasetOptionsSpec } from './schema.ts';
import { isObject } from './unknown-keys.ts';
import type { Report } from './validate.ts';

/** What a route's conditions lack, and values their `op` has no use for. */
export function checkFilters(value: unknown, path: Path, report: Report): void {
  if (!Array.isArray(value)) return;
  value.forEach((filter: unknown, i) => {
    if (!isObject(filter)) return;
    const { op, value: operand } = filter;
    const say = (message: string): void => report('QRY1006', [...path, i, 'value'], message);
    if (op === 'exists') {
      if ('value' in filter && typeof operand !== 'boolean') say('expected true or false for exists, or nothing');
    } else if (typeof op === 'string' && !('value' in filter)) {
      report('QRY1006', [...path, i], `expected a value for ${op}`);
    } else if (op === 'in') {
      if (!Array.isArray(operand)) say('expected a list for in');
    } else if (Array.isArray(operand)) {
      say(`expected one value for ${String(op)}; a list is for in`);
    } else if (op === 'matches') {
      const wrong = wrongPattern(operand);
      if (wrong !== undefined) say(`expected a regular expression: ${wrong}`);
    }
  });
}

function wrongPattern(value: unknown): string | undefined {
  try {
    compilePattern(String(value));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface RuleContext {
  /** The data sets whose records the rules are applied to. */
  readonly specs: readonly DatasetOptionsSpec[];
  /** Whether there is a key to hash with. */
  readonly keyed: boolean;
  /** Whether parts of a key may be hashed: before the key is read, not on a route. */
  readonly mayHash: boolean;
}

/** Rules that would take away what records are told apart by, or by which they are read. */
export function checkRules(value: unknown, context: RuleContext, path: Path, report: Report): void {
  if (!Array.isArray(value)) return;
  value.forEach((rule: unknown, i) => {
    if (!isObject(rule) || typeof rule['path'] !== 'string') return;
    if (rule['how'] === 'hash' && !context.keyed)
      report('QRY1006', [...path, i, 'how'], 'hash needs obfuscation_key, at the top of the file');
    for (const spec of context.specs) {
      const wrong = wrongRule(rule['path'].split('.'), rule['how'], spec, context.mayHash);
      if (wrong !== undefined) {
        report('QRY1006', [...path, i, 'path'], wrong);
        break;
      }
    }
  });
}

function wrongRule(
  path: readonly string[],
  how: unknown,
  spec: DatasetOptionsSpec,
  mayHash: boolean,
): string | undefined {
  const { name, key = [], order, time = [], format } = spec;
  const first = order === 'id' ? key[0] : undefined;
  const fieldOf = ({ from, field }: (typeof key)[number]): readonly string[] => [
    ...(from === 'context' && format?.inner !== undefined ? [format.inner.as] : []),
    ...field.split('/'),
  ];
  if (mayHash && order === 'time' && time[0] !== undefined && meets(path, time[0].split('/')))
    return `${name} is read by this field, which must stay as it is`;
  for (const part of key) {
    if ((part.from !== 'record' && part.from !== 'context' && part.from !== 'part') || !meets(path, fieldOf(part)))
      continue;
    if (!mayHash) return `part of the key of ${name}, which every event carries; obfuscate it at the data set`;
    if (part === first || part.from === 'part') return `${name} is read by this field, which must stay as it is`;
    if (how !== 'hash') return `part of the key of ${name}, which may be hashed only`;
  }
  return undefined;
}

/** Whether one path leads to the other, or into it. */
const meets = (one: readonly string[], other: readonly string[]): boolean =>
  one.slice(0, other.length).every((step, i) => step === other[i]);

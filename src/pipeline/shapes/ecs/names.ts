import type { Value } from '../../../core/words.ts';
import { isFields } from '../values.ts';

/**
 * A record under field names as Elastic's integrations spell them: LAST_BOOT → last_boot, lastBoot → last_boot, `@id` →
 * id, dots and spaces → _. The text beside attributes is `value`. Blank values are left out; two names that would be one
 * keep apart by a number.
 */
export function fieldNames(value: Value): unknown {
  if (value === null || (typeof value === 'string' && value.trim() === '')) return undefined;
  if (Array.isArray(value)) {
    const kept = (value as readonly Value[]).map(fieldNames).filter((one) => one !== undefined);
    return kept.length === 0 ? undefined : kept;
  }
  if (!isFields(value)) return value;
  const made: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(value)) {
    const kept = fieldNames(one);
    if (kept === undefined) continue;
    const plain = fieldName(name);
    let free = plain;
    for (let i = 2; Object.hasOwn(made, free); i++) free = `${plain}_${i}`;
    made[free] = kept;
  }
  return Object.keys(made).length === 0 ? undefined : made;
}

export function fieldName(name: string): string {
  if (name === '#text') return 'value';
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/([A-Z])([A-Z][a-z])/g, '$1_$2');
  const plain = spaced
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_|_$/g, '');
  return plain === '' || plain === '__proto__' ? 'field' : plain;
}

import type { Ask } from '../core/dataset.ts';
import { params } from './define.ts';

/** A range of ids as FO lists take it: both ends included. */
export function idRange({ range }: Ask): Record<string, string> {
  return params({
    id_min: range === undefined ? undefined : String(range.first),
    id_max: range?.last == null ? undefined : String(range.last),
  });
}

import { isObject } from './unknown-keys.ts';
import type { Report } from './validate.ts';

/**
 * What the schema knows and this version does not do yet. Said as a problem: a filter that is read and not applied
 * would send what should have stayed. An entry goes when the feature comes.
 */
const NOT_YET: readonly { readonly path: string; readonly unless?: unknown }[] = [
  { path: 'sinks.*.when_full', unless: 'pause' },
  { path: 'routes.*.include' },
  { path: 'routes.*.exclude' },
  { path: 'routes.*.fields' },
  { path: 'routes.*.resend', unless: 'never' },
];

export function refuseNotYet(value: unknown, report: Report): void {
  for (const { path, unless } of NOT_YET) {
    for (const found of places(value, path.split('.'))) {
      if (found.value !== unless) report('QRY1021', found.path, 'known, but not supported by this version yet');
    }
  }
}

interface Place {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** Where a path with `*` for any key or index leads. */
function places(value: unknown, [first, ...rest]: readonly string[], path: Place['path'] = []): Place[] {
  if (first === undefined) return [{ path, value }];
  const entries: (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(isObject(value) ? value : {});
  return entries
    .filter(([key]) => first === '*' || key === first)
    .flatMap(([key, child]) => places(child, rest, [...path, key]));
}

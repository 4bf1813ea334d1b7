import { z } from 'zod';
import type { Path } from './problems.ts';

export interface UnknownKey {
  readonly path: Path;
  readonly key: string;
  /** The keys that may stand there. */
  readonly known: readonly string[];
}

/**
 * Keys of `value` that `schema` does not name, at any depth. The schemas of data sets and sinks need not be strict:
 * nothing anywhere is let pass in silence, and every finding knows what could have been meant.
 */
export function unknownKeys(schema: z.core.$ZodType, value: unknown, path: Path = []): UnknownKey[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) {
    const option = chooseOption(inner, value);
    return option === undefined ? [] : unknownKeys(option, value, path);
  }
  if (Array.isArray(value)) {
    if (!(inner instanceof z.ZodArray)) return [];
    return value.flatMap((item, i) => unknownKeys(inner.element, item, [...path, i]));
  }
  if (!isObject(value)) return [];
  const entries = Object.entries(value);
  if (inner instanceof z.ZodRecord) {
    return entries.flatMap(([key, item]) => unknownKeys(inner.valueType, item, [...path, key]));
  }
  if (!(inner instanceof z.ZodObject)) return [];
  const { catchall } = inner.def;
  return entries.flatMap(([key, item]) => {
    const field = Object.hasOwn(inner.shape, key) ? inner.shape[key] : undefined;
    if (field !== undefined) return unknownKeys(field, item, [...path, key]);
    if (catchall !== undefined && !(catchall instanceof z.ZodNever)) return unknownKeys(catchall, item, [...path, key]);
    return [{ path, key, known: Object.keys(inner.shape) }];
  });
}

/** The schema that looks at the input, inside optional, default, transform and the like. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  for (;;) {
    if (inner instanceof z.ZodPipe) {
      // A preprocess stands in front of the schema proper.
      inner = inner.def.in instanceof z.ZodTransform ? inner.def.out : inner.def.in;
    } else if (inner instanceof z.ZodLazy) inner = inner.def.getter();
    else if ('innerType' in inner._zod.def) inner = inner._zod.def.innerType as z.core.$ZodType;
    else return inner;
  }
}

/** The option of a union that an object or list can only belong to. */
function chooseOption(union: z.ZodUnion, value: unknown): z.core.$ZodType | undefined {
  const options = union.def.options.map(unwrap);
  if (Array.isArray(value)) return options.find((option) => option instanceof z.ZodArray);
  if (!isObject(value)) return undefined;
  const objects = options.filter((option) => option instanceof z.ZodObject || option instanceof z.ZodRecord);
  if (!(union instanceof z.ZodDiscriminatedUnion)) return objects.length === 1 ? objects[0] : undefined;
  const { discriminator } = union.def;
  return objects.find((option) => {
    const field = option instanceof z.ZodObject ? option.shape[discriminator] : undefined;
    return field !== undefined && z.safeParse(field, value[discriminator]).success;
  });
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

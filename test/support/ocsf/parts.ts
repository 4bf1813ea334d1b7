import { z } from 'zod';

/** Pieces the objects and classes of OCSF 1.8.0 are written with, from its published attribute lists. */

export const text = z.string().min(1);
/** timestamp_t: epoch milliseconds. */
export const moment = z.number().int();
export const ip = z.union([z.ipv4(), z.ipv6()]);
/** One of a class's own ids; 0 is unknown and 99 other everywhere. */
export const oneOf = (...ids: readonly number[]) => z.union([0, 99, ...ids].map((id) => z.literal(id)));
export const many = <T extends z.ZodType>(one: T) => z.array(one).min(1);

/** Attributes that may be there and are not looked at closer, by name. */
export function others(names: string): Record<string, z.ZodOptional<z.ZodUnknown>> {
  const all = names.split(' ').filter((name) => name !== '');
  return Object.fromEntries(all.map((name) => [name, z.unknown().optional()]));
}

/** An object with these attributes and no others, of which each of the groups needs at least one. */
export function object<T extends z.ZodRawShape>(shape: T, further = '', ...atLeastOne: readonly (readonly string[])[]) {
  return z
    .strictObject({ ...others(further), ...shape })
    .refine((made) => atLeastOne.every((group) => has(made, group)), {
      error: `needs at least one of each: ${atLeastOne.map((group) => group.join(', ')).join(' / ')}`,
    });
}

const has = (made: object, group: readonly string[]): boolean => group.some((name) => Object.hasOwn(made, name));

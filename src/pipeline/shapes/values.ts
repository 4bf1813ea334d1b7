import type { Fields, Value } from '../../core/words.ts';

/** Reading values that may be anything: what is not there, empty or of another kind is undefined, never an error. */

/** A document being made; members that say nothing are dropped by `said`. */
export type Doc = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path of members; of a list on the way its first element. */
export function at(value: Value | undefined, ...path: readonly string[]): Value | undefined {
  let here = value;
  for (const name of path) {
    if (Array.isArray(here)) here = here[0] as Value | undefined;
    if (!isFields(here) || !Object.hasOwn(here, name)) return undefined;
    here = here[name];
  }
  return here;
}

/** Text as Qualys sends it, or what stands beside its attributes. */
export function text(value: Value | undefined): string | undefined {
  const found = isFields(value) ? value['#text'] : value;
  if (typeof found === 'string') return found.trim() === '' ? undefined : found;
  return typeof found === 'number' || typeof found === 'boolean' ? String(found) : undefined;
}

/** The text at a path. */
export const textAt = (value: Value | undefined, ...path: readonly string[]): string | undefined =>
  text(at(value, ...path));

export function number(value: Value | undefined): number | undefined {
  const found = text(value)?.trim();
  if (found === undefined || !/^[-+]?\d{1,30}(\.\d{1,30})?$/.test(found)) return undefined;
  return Number(found);
}

export function integer(value: Value | undefined): number | undefined {
  const found = number(value);
  return found !== undefined && Number.isSafeInteger(found) ? found : undefined;
}

/** Qualys writes 1 and 0, true and false, Yes and No. */
export function truth(value: Value | undefined): boolean | undefined {
  const found = text(value)?.trim().toLowerCase();
  if (found === '1' || found === 'true' || found === 'yes') return true;
  return found === '0' || found === 'false' || found === 'no' ? false : undefined;
}

/** The elements at a path; one that is no list is a list of itself. */
export function list(value: Value | undefined, ...path: readonly string[]): readonly Value[] {
  const found = at(value, ...path);
  if (found === undefined || found === null || found === '') return [];
  return Array.isArray(found) ? (found as readonly Value[]) : [found];
}

/** The texts in a list, each once. */
export const texts = (values: readonly (Value | undefined)[]): string[] => [
  ...new Set(values.map((one) => text(one)?.trim()).filter((one) => one !== undefined)),
];

const TIME =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?(?:\.\d{1,3})?)\d{0,6}(?:\s?(Z|UTC|GMT)|([+-]\d\d):?(\d\d))?)?$/;
/** The largest moment a Date can hold. */
const LAST_MS = 8.64e15;

/**
 * A moment in epoch milliseconds: ISO 8601, with or without a colon in the zone, UTC without one, or epoch milliseconds
 * (0 is never).
 */
export function time(value: Value | undefined): number | undefined {
  const found = text(value)?.trim();
  if (found === undefined) return undefined;
  if (/^\d{9,16}$/.test(found)) return Number(found) <= LAST_MS ? Number(found) : undefined;
  const parts = TIME.exec(found);
  if (parts === null) return undefined;
  const [, date, clock = '00:00:00', , hours, minutes] = parts;
  const moment = Date.parse(`${date}T${clock}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
  return Number.isNaN(moment) ? undefined : moment;
}

/** A moment as ISO 8601 in UTC with milliseconds. */
export function iso(value: Value | undefined): string | undefined {
  const moment = time(value);
  return moment === undefined ? undefined : new Date(moment).toISOString();
}

/** HTML as Qualys writes it in diagnosis and solution, without its tags. */
export function plain(html: string | null | undefined): string | undefined {
  if (html === null || html === undefined) return undefined;
  const bare = html
    .replace(/<(?:br|p|li|P|BR|LI)\b[^<>]*>/g, '\n')
    .replace(/<\/?[A-Za-z][^<>]*>/g, '')
    .replace(/&(lt|gt|quot|nbsp|#39|amp);/g, (whole, name: string) => ENTITIES.get(name) ?? whole)
    .replace(/\n{2,}/g, '\n')
    .trim();
  return bare === '' ? undefined : bare;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['nbsp', ' '],
  ['#39', "'"],
  ['amp', '&'],
]);

/** A document without members that say nothing: undefined, null, empty text, empty list, empty object. */
export function said(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  // The names are ours, so that none is __proto__.
  for (const name of Object.keys(members)) if (saysSomething(members[name])) kept[name] = members[name];
  return kept;
}

function saysSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value !== 'object') return true;
  for (const _ in value) return true;
  return false;
}

/** The same of a member: undefined where nothing is said. */
export function saidOrNone(members: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const made = said(members);
  return Object.keys(made).length === 0 ? undefined : made;
}

/** A value without members that are blank, at any depth; names are kept. */
export function withoutBlanks(value: Value): Value | undefined {
  if (value === null || (typeof value === 'string' && value.trim() === '')) return undefined;
  if (Array.isArray(value)) {
    const kept = (value as readonly Value[]).map(withoutBlanks).filter((one) => one !== undefined);
    return kept.length === 0 ? undefined : kept;
  }
  if (!isFields(value)) return value;
  const kept = Object.entries(value).flatMap(([name, one]) => {
    const full = withoutBlanks(one);
    return full === undefined ? [] : [[name, full] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/**
 * Criteria of a search (reference, 2.1): all must hold; GREATER and LESSER are strict, IN takes a comma list, and
 * "NOT EQUALS", "IS EMPTY" contain a blank. The texts for wrong numbers and booleans are recorded, the others inferred.
 */
import { RestRefusal } from '../rest.ts';
import type { Criterion } from './request.ts';

export type Kind = 'integer' | 'text' | 'date' | 'keyword' | 'boolean';

/** Facts about a field that Criteria may name; `of` gives its value, several where it is a list. */
export interface Field<T> {
  readonly kind: Kind;
  /** Dates in milliseconds since 1970. */
  of(object: T): readonly (string | number | boolean | undefined)[] | string | number | boolean | undefined;
}

export type Fields<T> = Readonly<Record<string, Field<T>>>;

const OPERATORS: Readonly<Record<Kind, readonly string[]>> = {
  integer: ['EQUALS', 'NOT EQUALS', 'GREATER', 'LESSER', 'IN'],
  text: ['CONTAINS', 'EQUALS', 'NOT EQUALS'],
  date: ['EQUALS', 'NOT EQUALS', 'GREATER', 'LESSER'],
  keyword: ['EQUALS', 'NOT EQUALS', 'IN'],
  boolean: ['EQUALS', 'NOT EQUALS'],
};
/** Every kind of field may be asked for its absence. */
const ABSENCE = ['NONE', 'IS EMPTY'];

export type Test<T> = (object: T) => boolean;

/** Throws RestRefusal for a field, operator or value that does not fit. */
export function compile<T>(criterion: Criterion, fields: Fields<T>): Test<T> {
  const { field: name, operator } = criterion;
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field === undefined) {
    throw refused(`Invalid field '${name}'.`, `Fields expected: ${Object.keys(fields).sort().join(', ')}.`);
  }
  const values = (object: T): unknown[] => {
    const found = field.of(object);
    return (Array.isArray(found) ? found : [found]).filter((one) => one !== undefined);
  };
  if (ABSENCE.includes(operator)) return (object) => values(object).length === 0;
  if (!OPERATORS[field.kind].includes(operator)) {
    throw refused(
      `Invalid operator '${operator}' for criteria '${name}'.`,
      `Operators expected: ${OPERATORS[field.kind].join(', ')}.`,
    );
  }
  const texts = operator === 'IN' ? criterion.value.split(',').map((one) => one.trim()) : [criterion.value];
  const wanted = texts.map((text) => readValue(name, field.kind, text));
  const [first] = wanted;
  switch (operator) {
    case 'EQUALS':
    case 'IN':
      return (object) => values(object).some((one) => wanted.includes(folded(one)));
    case 'NOT EQUALS':
      return (object) => !values(object).some((one) => wanted.includes(folded(one)));
    case 'CONTAINS':
      return (object) => values(object).some((one) => String(folded(one)).includes(String(first)));
    case 'GREATER':
      return (object) => values(object).some((one) => Number(one) > Number(first));
    default:
      return (object) => values(object).some((one) => Number(one) < Number(first));
  }
}

/** Text is compared without regard to case, as CONTAINS is known to be. */
function folded(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function readValue(name: string, kind: Kind, text: string): unknown {
  const bad = (resolution: string): RestRefusal =>
    refused(`Invalid value format for criteria '${name}' (${text}).`, resolution);
  switch (kind) {
    case 'integer':
      if (!/^-?\d+$/.test(text)) throw bad('Specify criteria value(s) as Long.');
      return Number(text);
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw bad('Values expected: true, false.');
      return text === 'true';
    case 'date': {
      const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
      if (Number.isNaN(at)) throw bad('Specify criteria value(s) as Date (YYYY-MM-DD[THH:MM:SSZ]).');
      return at;
    }
    default:
      return text.toLowerCase();
  }
}

function refused(text: string, resolution: string): RestRefusal {
  return new RestRefusal(200, `Criteria: ${text}`, 'INVALID_REQUEST', resolution);
}

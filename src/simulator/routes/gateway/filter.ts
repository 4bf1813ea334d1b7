/**
 * The structured filter of the Global Asset Inventory and of CertView v2 (reference, 7 and 9):
 * `{"filters":[{"field","operator","value"}],"operation":"AND"}`. Operators are written with underscores here.
 */
import { readRequestXml } from '../../request-xml.ts';
import { RestRefusal } from '../rest.ts';

export interface FilterTerm {
  readonly field: string;
  readonly operator: string;
  readonly value: string;
}

export interface FilterRequest {
  readonly terms: readonly FilterTerm[];
  readonly operation: 'AND' | 'OR';
}

export type FilterKind = 'number' | 'text' | 'date' | 'enum' | 'boolean';

/** A field a filter may name; `of` gives its value or values, dates in milliseconds since 1970. */
export interface FilterField<T> {
  readonly kind: FilterKind;
  of(object: T): unknown;
}

const ORDER = ['GREATER', 'LESSER', 'GREATER_THAN_EQUAL', 'LESS_THAN_EQUAL'];
const OPERATORS: Readonly<Record<FilterKind, readonly string[]>> = {
  number: ['EQUALS', 'NOT_EQUALS', 'IN', ...ORDER],
  text: ['CONTAINS', 'IN', 'EQUALS', 'NOT_EQUALS'],
  date: ['EQUALS', 'NOT_EQUALS', ...ORDER],
  enum: ['EQUALS', 'NOT_EQUALS', 'IN'],
  boolean: ['EQUALS'],
};

export const NO_FILTER: FilterRequest = { terms: [], operation: 'AND' };

/** Reads a filter body, JSON or XML; an empty one asks for all. Throws RestRefusal (400). */
export function readFilterBody(body: string, contentType: string): FilterRequest {
  if (body.trim() === '') return NO_FILTER;
  if (!contentType.includes('xml')) return readFilter(parseJson(body));
  const root = readRequestXml(body);
  if (root?.name !== 'FilterRequest') throw new RestRefusal(400, 'The filter could not be read');
  const terms = (root.children.find(({ name }) => name === 'filters')?.children ?? []).map(
    ({ attributes, children, text }) => ({
      field: attributes['field'] ?? '',
      operator: attributes['operator'] ?? '',
      value: (children.find(({ name }) => name === 'value')?.text ?? text).trim(),
    }),
  );
  return { terms, operation: operationOf(root.children.find(({ name }) => name === 'operation')?.text) };
}

export function parseJson(body: string): Record<string, unknown> {
  try {
    const value: unknown = body.trim() === '' ? {} : JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Refused below.
  }
  throw new RestRefusal(400, 'JSON parse error: the request body could not be read');
}

/** The filter inside a request that was already read. */
export function readFilter(object: Record<string, unknown>): FilterRequest {
  const list = Array.isArray(object['filters']) ? (object['filters'] as Record<string, unknown>[]) : [];
  const terms = list.map(({ field, operator, value }) => {
    const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
    return { field: String(field ?? ''), operator: String(operator ?? ''), value: text };
  });
  return { terms, operation: operationOf(object['operation']) };
}

function operationOf(value: unknown): 'AND' | 'OR' {
  return String(value ?? 'AND')
    .trim()
    .toUpperCase() === 'OR'
    ? 'OR'
    : 'AND';
}

/** One test for the whole filter. Throws RestRefusal (400) for a field, operator or value that does not fit. */
export function compileFilter<T>(
  { terms, operation }: FilterRequest,
  fields: Readonly<Record<string, FilterField<T>>>,
): (object: T) => boolean {
  const tests = terms.map((term) => compileTerm(term, fields));
  if (tests.length === 0) return () => true;
  return operation === 'AND'
    ? (object) => tests.every((test) => test(object))
    : (object) => tests.some((test) => test(object));
}

function compileTerm<T>(
  { field: name, operator, value }: FilterTerm,
  fields: Readonly<Record<string, FilterField<T>>>,
): (object: T) => boolean {
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field === undefined) throw new RestRefusal(400, `Invalid filter field: ${name}`);
  const values = (object: T): unknown[] => [field.of(object)].flat().filter((one) => one !== undefined && one !== null);
  if (operator === 'IS_EMPTY') return (object) => values(object).length === 0;
  if (operator === 'IS_NOT_EMPTY') return (object) => values(object).length > 0;
  if (!OPERATORS[field.kind].includes(operator))
    throw new RestRefusal(400, `Operator ${operator} is not supported for ${name}`);
  const wanted = (operator === 'IN' ? value.split(',') : [value]).map((one) => readValue(name, field.kind, one.trim()));
  const first = wanted[0] ?? '';
  const some = (test: (one: unknown) => boolean) => (object: T) => values(object).some((one) => test(plain(one)));
  switch (operator) {
    case 'EQUALS':
    case 'IN':
      return some((one) => wanted.some((want) => want === one));
    case 'NOT_EQUALS':
      return (object) => !values(object).some((one) => plain(one) === first);
    case 'CONTAINS':
      return some((one) => String(one).includes(String(first)));
    case 'GREATER':
      return some((one) => Number(one) > Number(first));
    case 'LESSER':
      return some((one) => Number(one) < Number(first));
    case 'GREATER_THAN_EQUAL':
      return some((one) => Number(one) >= Number(first));
    default:
      return some((one) => Number(one) <= Number(first));
  }
}

function plain(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function readValue(name: string, kind: FilterKind, text: string): string | number | boolean {
  const number = kind === 'date' ? readTime(text) : Number(text);
  if (kind === 'number' || kind === 'date') {
    if (number === undefined || text === '' || Number.isNaN(number))
      throw new RestRefusal(400, `Invalid value for ${name}: ${text}`);
    return number;
  }
  if (kind !== 'boolean') return text.toLowerCase();
  if (text !== 'true' && text !== 'false') throw new RestRefusal(400, `Invalid value for ${name}: ${text}`);
  return text === 'true';
}

/** Milliseconds since 1970 of an ISO date, with or without fraction and zone colon, or of epoch milliseconds. */
export function readTime(text: string): number | undefined {
  if (/^\d{11,}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text)) return undefined;
  const zoned = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`;
  const at = Date.parse(zoned.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(at) ? undefined : at;
}

/**
 * Qualys's query language as far as FIM and CertView v1 need it (reference, 8): `field:'value'` (contains, whatever the
 * case), field:`value` (exactly), `field:[a..b]` (both ends included), `field:[a, b]`, `field > n`; AND, OR, NOT and
 * parentheses.
 */
import { RestRefusal } from '../rest.ts';
import { readTime } from './filter.ts';

export type Query =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Query[] }
  | { readonly kind: 'not'; readonly part: Query }
  | { readonly kind: 'all' }
  | Term;

export interface Term {
  readonly kind: 'term';
  readonly field: string;
  readonly test: 'match' | 'exact' | 'any' | 'range' | '>' | '<' | '>=' | '<=';
  /** One value, the two ends of a range, or the choice of `any`. */
  readonly values: readonly string[];
}

const TOKEN =
  /\s*(?:(\()|(\))|(AND|OR|NOT)\b|([\w.]+)\s*(:|>=|<=|>|<)\s*(\[[^\]]*\]|'[^']*'|"[^"]*"|`[^`]*`|[^\s()]+))/giy;

/** Throws RestRefusal (400) for a text that is no query or names a field that is not known. */
export function parseQuery(text: string, known: (field: string) => boolean): Query {
  if (text.trim() === '') return { kind: 'all' };
  const tokens: RegExpExecArray[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const match = TOKEN.exec(text);
    if (match === null) throw bad(text);
    tokens.push(match);
  }
  let at = 0;
  const word = (): string | undefined => tokens[at]?.[3]?.toUpperCase();
  const chain = (kind: 'and' | 'or', next: () => Query): Query => {
    const parts = [next()];
    while (word() === kind.toUpperCase()) {
      at++;
      parts.push(next());
    }
    return parts.length === 1 ? parts[0]! : { kind, parts };
  };
  const or = (): Query => chain('or', and);
  const and = (): Query => chain('and', one);
  const one = (): Query => {
    const token = tokens[at++];
    if (token?.[3]?.toUpperCase() === 'NOT') return { kind: 'not', part: one() };
    if (token?.[1] !== undefined) {
      const inner = or();
      if (tokens[at++]?.[2] === undefined) throw bad(text);
      return inner;
    }
    const field = token?.[4];
    if (token === undefined || field === undefined) throw bad(text);
    if (!known(field)) throw new RestRefusal(400, `Invalid token in filter: ${field}`);
    return termOf(field, token[5]!, token[6]!);
  };
  const query = or();
  if (at < tokens.length) throw bad(text);
  return query;
}

function termOf(field: string, operator: string, text: string): Term {
  const kind = 'term';
  if (operator !== ':') return { kind, field, test: operator as '>', values: [unquoted(text)] };
  if (!text.startsWith('[')) {
    return { kind, field, test: text.startsWith('`') ? 'exact' : 'match', values: [unquoted(text)] };
  }
  const inner = text.slice(1, -1);
  const range = inner.includes('..');
  return { kind, field, test: range ? 'range' : 'any', values: inner.split(range ? '..' : ',').map(unquoted) };
}

function unquoted(text: string): string {
  return text.trim().replace(/^(['"`])(.*)\1$/s, '$2');
}

function bad(text: string): RestRefusal {
  return new RestRefusal(400, `Invalid filter: ${text}`);
}

/** Whether a query holds; `get` gives the values of a field. */
export function holds(query: Query, get: (field: string) => readonly unknown[]): boolean {
  switch (query.kind) {
    case 'all':
      return true;
    case 'and':
      return query.parts.every((part) => holds(part, get));
    case 'or':
      return query.parts.some((part) => holds(part, get));
    case 'not':
      return !holds(query.part, get);
    default:
      return get(query.field).some((value) => holdsFor(query, value));
  }
}

function holdsFor({ test, values }: Term, value: unknown): boolean {
  const [first = '', second = ''] = values;
  const text = String(value);
  switch (test) {
    case 'match':
      return typeof value === 'string' ? text.toLowerCase().includes(first.toLowerCase()) : text === first;
    case 'exact':
      return text === first;
    case 'any':
      return values.includes(text);
    case 'range':
      return size(value) >= size(first) && size(value) <= size(second);
    case '>':
      return size(value) > size(first);
    case '<':
      return size(value) < size(first);
    case '>=':
      return size(value) >= size(first);
    default:
      return size(value) <= size(first);
  }
}

/** Dates count in milliseconds, numbers as they are. */
function size(value: unknown): number {
  if (typeof value === 'number') return value;
  return readTime(String(value)) ?? Number(value);
}

export interface Bounds {
  readonly from: number;
  readonly to: number;
}

const EVER: Bounds = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** Outside of these no record can hold; where they are not known, all of time. */
export function boundsOf(query: Query, field: string): Bounds {
  switch (query.kind) {
    case 'and':
      return query.parts
        .map((part) => boundsOf(part, field))
        .reduce((a, b) => ({ from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) }), EVER);
    case 'or': {
      const all = query.parts.map((part) => boundsOf(part, field));
      return { from: Math.min(...all.map(({ from }) => from)), to: Math.max(...all.map(({ to }) => to)) };
    }
    case 'term':
      return query.field === field ? boundsOfTerm(query) : EVER;
    default:
      return EVER;
  }
}

function boundsOfTerm({ test, values }: Term): Bounds {
  const [first = '', second = ''] = values;
  switch (test) {
    case 'range':
      return { from: size(first), to: size(second) };
    case '>':
    case '>=':
      return { ...EVER, from: size(first) };
    case '<':
    case '<=':
      return { ...EVER, to: size(first) };
    default:
      return EVER;
  }
}

/** Values at a dotted path of a record; arrays on the way count one by one. */
export function valuesAt(record: unknown, path: string): readonly unknown[] {
  let found: unknown[] = [record];
  for (const name of path.split('.')) {
    found = found
      .flat()
      .map((one) => (typeof one === 'object' && one !== null ? (one as Record<string, unknown>)[name] : undefined));
  }
  return found.flat().filter((one) => one !== undefined && one !== null);
}

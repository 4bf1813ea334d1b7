/**
 * The query language, from text to a tree; docs/guide/queries.md is its grammar for people.
 *
 *   query      = [ any ]
 *   any        = all { "or" all }
 *   all        = term { [ "and" ] term }
 *   term       = "not" term | "(" any ")" | comparison | text
 *   comparison = column operator ( value | "(" value { "," value } ")" )
 *   operator   = ":" | "=" | "!=" | "<" | "<=" | ">" | ">="
 *   value      = text in double quotes, or what stands up to a space, a parenthesis (or, in a list, a comma)
 *
 * A text that is no comparison is looked for in the columns that are searchable. Words of the language may be written
 * in capitals. Nothing here knows columns; `bind.ts` does.
 */
import { QuarryError } from '../../core/errors.ts';

export type Operator = ':' | '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A text of the query, and where it stands: the column counts from 1. */
export interface Text {
  readonly text: string;
  readonly quoted: boolean;
  readonly column: number;
}

export type Syntax =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Syntax[] }
  | { readonly kind: 'not'; readonly of: Syntax }
  | { readonly kind: 'word'; readonly word: Text }
  | { readonly kind: 'comparison'; readonly name: Text; readonly operator: Operator; readonly values: readonly Text[] };

/** Bounds of what a database is asked to take; far above what people write. */
const MAX_LENGTH = 20_000;
const MAX_TERMS = 200;
const MAX_DEPTH = 50;

const COMPARISON = /([A-Za-z_][A-Za-z0-9_.]*)\s*(!=|<=|>=|:|=|<|>)\s*/y;
const OPERATOR = /!=|<=|>=|:|=|<|>/y;
const BARE = /[^\s()"]+/y;
const BARE_IN_LIST = /[^\s(),"]+/y;
const KEYWORD = /(and|or|not)(?![^\s()"])/iy;

/** What is wrong with a query, and at which of its columns. Throws nothing; `QRY6020` is for throwing. */
export function queryError(what: string, column: number, fix?: string): QuarryError {
  return new QuarryError('QRY6020', { what, where: `column ${column}`, ...(fix === undefined ? {} : { fix }) });
}

/** The tree of a query; undefined where it asks for everything. Throws QRY6020 with the column of what is wrong. */
export function parseQuery(query: string): Syntax | undefined {
  if (query.length > MAX_LENGTH)
    throw queryError(`The query has more than ${MAX_LENGTH.toLocaleString('en-US')} characters.`, MAX_LENGTH);
  if (query.includes('\0')) throw queryError('The query holds a NUL character.', query.indexOf('\0') + 1);
  let at = 0;
  let terms = 0;

  const match = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(query);
    if (found === null) return undefined;
    at = pattern.lastIndex;
    return found;
  };
  const space = (): void => void match(/\s*/y);
  const ended = (): boolean => {
    space();
    return at >= query.length;
  };
  const keyword = (): string | undefined => {
    space();
    KEYWORD.lastIndex = at;
    return KEYWORD.exec(query)?.[1]?.toLowerCase();
  };

  function any(depth: number): Syntax {
    const of = [all(depth)];
    while (keyword() === 'or') {
      at += 2;
      of.push(all(depth));
    }
    return of.length === 1 ? of[0]! : { kind: 'any', of };
  }

  function all(depth: number): Syntax {
    const of = [term(depth)];
    for (;;) {
      const word = keyword();
      if (word === 'and') at += 3;
      else if (word === 'or' || at >= query.length || query[at] === ')') break;
      of.push(term(depth));
    }
    return of.length === 1 ? of[0]! : { kind: 'all', of };
  }

  function term(depth: number): Syntax {
    if (depth > MAX_DEPTH) throw queryError(`More than ${MAX_DEPTH} levels of parentheses or “not”.`, at + 1);
    if (ended()) throw queryError('The query ends where a condition was expected.', at + 1);
    const word = keyword();
    if (word === 'not') {
      at += 3;
      return { kind: 'not', of: term(depth + 1) };
    }
    if (word !== undefined)
      throw queryError(`A condition was expected, not “${word}”.`, at + 1, `To look for the word, write "${word}".`);
    if (query[at] === '(') return parenthesised(depth);
    if (++terms > MAX_TERMS) throw queryError(`More than ${MAX_TERMS} conditions.`, at + 1);
    const column = at + 1;
    const compared = match(COMPARISON);
    if (compared !== undefined) {
      const name = { text: compared[1]!, quoted: false, column };
      return { kind: 'comparison', name, operator: compared[2] as Operator, values: values() };
    }
    if (match(OPERATOR) !== undefined)
      throw queryError('A column was expected before the operator.', column, 'Write it as severity>=4.');
    return { kind: 'word', word: text(BARE) };
  }

  function parenthesised(depth: number): Syntax {
    const opened = at + 1;
    at++;
    const inner = any(depth + 1);
    if (ended()) throw queryError('The parenthesis is never closed.', opened, 'Add a ) where it ends.');
    at++;
    return inner;
  }

  function values(): Text[] {
    if (query[at] !== '(') return [text(BARE)];
    const opened = at + 1;
    at++;
    const found: Text[] = [];
    for (;;) {
      if (ended()) throw queryError('The list of values is never closed.', opened, 'Add a ) where it ends.');
      found.push(text(BARE_IN_LIST));
      if (ended()) continue;
      if (query[at] === ')') {
        at++;
        return found;
      }
      if (query[at] !== ',') throw queryError('A comma or ) was expected in the list.', at + 1);
      at++;
    }
  }

  function text(bare: RegExp): Text {
    const column = at + 1;
    if (query[at] === '"') return { text: quotedText(), quoted: true, column };
    const found = match(bare);
    if (found === undefined)
      throw queryError('A value was expected.', column, 'Put a value with spaces or parentheses in "quotes".');
    return { text: found[0], quoted: false, column };
  }

  /** `\"` and `\\` stand for themselves; any other backslash is one. */
  function quotedText(): string {
    const opened = at + 1;
    let said = '';
    for (at++; at < query.length; at++) {
      const char = query[at]!;
      if (char === '"') {
        at++;
        return said;
      }
      const next = query[at + 1];
      if (char === '\\' && (next === '"' || next === '\\')) at++;
      said += query[at];
    }
    throw queryError('The quoted text is never closed.', opened, 'Add a " where it ends.');
  }

  if (ended()) return undefined;
  const tree = any(0);
  if (!ended()) throw queryError('There is no parenthesis that this one closes.', at + 1);
  return tree;
}

/** From the tree of a query to conditions on columns of a view: names found, values read by the column's type. */
import { didYouMean, oneOf } from '../../core/suggest.ts';
import type { View, ViewColumn } from '../views/view.ts';
import { type Comparison, type Condition, columnOf, lower, matches, type Pattern } from './condition.ts';
import { type Operator, queryError, type Syntax, type Text } from './syntax.ts';
import { timeSaid } from './times.ts';

/** Throws QRY6020 with the column of what a view does not have, or a type does not take. */
export function bindQuery(syntax: Syntax, view: View, now: number): Condition {
  const bind = (one: Syntax): Condition => {
    switch (one.kind) {
      case 'all':
      case 'any':
        return { kind: one.kind, of: one.of.map(bind) };
      case 'not':
        return { kind: 'not', of: bind(one.of) };
      case 'word':
        return wordIn(view, one.word);
      case 'comparison': {
        const column = columnOf(view, one.name.text.toLowerCase());
        if (column === undefined) throw unknownColumn(view, one.name);
        const found = one.values.map((value) => valueCondition(column, one.operator, value, now));
        const condition = found.length === 1 ? found[0]! : anyOf(found);
        return one.operator === '!=' ? { kind: 'not', of: condition } : condition;
      }
    }
  };
  return bind(syntax);
}

function unknownColumn({ name, columns, notKept }: View, { text, column }: Text): Error {
  const advice = notKept?.[text.toLowerCase()];
  if (advice !== undefined) return queryError(`${text} of ${name} are not kept.`, column, advice);
  const known = columns.map((one) => one.name);
  const meant = didYouMean(text, known);
  return queryError(
    `${text} is no column of ${name}${meant.startsWith('; did') ? meant : '.'}`,
    column,
    `Columns are: ${known.join(', ')}. To look for text with an operator in it, put it in "quotes".`,
  );
}

/** Values that are equal to one of several, as one question. */
function anyOf(found: readonly Condition[]): Condition {
  const equal = found.filter((one) => one.kind === 'in');
  const rest = found.filter((one) => one.kind !== 'in');
  const column = equal[0]?.column;
  const together: Condition[] =
    column === undefined ? [] : [{ kind: 'in', column, values: equal.flatMap(({ values }) => values) }];
  return { kind: 'any', of: [...together, ...rest] };
}

/** A text that stands alone: in any column that is searched. */
function wordIn({ name, columns }: View, word: Text): Condition {
  if (word.text === '') throw queryError('There is nothing to look for.', word.column);
  const searched = columns.filter((column) => column.searchable);
  if (searched.length === 0)
    throw queryError(`${name} has no column that is searched for words.`, word.column, 'Write column:value.');
  const pattern = { ...patternOf(word), isWhole: false };
  return { kind: 'any', of: searched.map((column) => ({ kind: 'like', column, pattern })) };
}

/** What one value asks of a column; `!=` is `=`, which the caller turns round. */
function valueCondition(column: ViewColumn, operator: Operator, value: Text, now: number): Condition {
  const { name, type } = column;
  if (!value.quoted && value.text.toLowerCase() === 'null') {
    if (isOrder(operator)) throw queryError('null is neither more nor less than anything.', value.column);
    return { kind: 'null', column };
  }
  if (value.text === '')
    throw queryError('The value is empty.', value.column, `For rows without one write ${name}=null.`);
  if (type === 'time') return timeCondition(column, operator, value, now);
  if (type === 'number') {
    const number = Number(value.text);
    if (!/^-?\d+(\.\d+)?$/.test(value.text) || Math.abs(number) > Number.MAX_SAFE_INTEGER)
      throw queryError(`${name} is a number, which “${value.text}” is not.`, value.column);
    return isOrder(operator)
      ? { kind: 'compare', column, by: operator, value: number }
      : { kind: 'in', column, values: [number] };
  }
  if (isOrder(operator) && (type !== 'text' || column.names !== undefined))
    throw queryError(`${name} has no order.`, value.column, `Write ${name}:value or ${name}=value.`);
  if (type === 'boolean') {
    if (/^(true|yes|1)$/i.test(value.text)) return { kind: 'in', column, values: [1] };
    if (/^(false|no|0)$/i.test(value.text)) return { kind: 'in', column, values: [0] };
    throw queryError(`${name} is true or false, not “${value.text}”.`, value.column);
  }
  if (column.names !== undefined) return namedCondition(column, column.names, operator, value);
  if (isOrder(operator)) return { kind: 'compare', column, by: operator, value: value.text };
  if (operator === ':') {
    const pattern = patternOf(value);
    return { kind: 'like', column, pattern: type === 'list' ? { ...pattern, isWhole: true } : pattern };
  }
  return { kind: 'in', column, values: [value.text] };
}

/** One of a closed list of texts; what none of them is, is a mistake. */
function namedCondition(column: ViewColumn, names: readonly string[], operator: Operator, value: Text): Condition {
  const pattern = patternOf(value);
  const meant = names.filter(
    (name) => name !== '' && (operator === ':' ? matches(pattern, name) : name === value.text),
  );
  if (meant.length > 0) return { kind: 'in', column, values: meant };
  const known = names.filter((name) => name !== '');
  const other = known.find((name) => lower(name) === lower(value.text));
  throw queryError(
    `${column.name} is never “${value.text}”${other === undefined ? '.' : `; did you mean "${other}"?`}`,
    value.column,
    `It is ${oneOf(known)}.`,
  );
}

function timeCondition(column: ViewColumn, operator: Operator, { text, column: at }: Text, now: number): Condition {
  const said = timeSaid(text, now);
  if (said === undefined)
    throw queryError(
      `${column.name} is a time, which “${text}” is not.`,
      at,
      'Write an age (7d, 12h30m), a time from now (now-30d, now+2w), a day (2026-01-31) or 2026-01-31T12:00:00Z.',
    );
  const than = (by: Comparison, value: number): Condition => ({ kind: 'compare', column, by, value });
  if (said.kind === 'age') {
    if (!isOrder(operator))
      throw queryError(`${text} is an age: more or less than it.`, at, `Write ${column.name}<${text} for newer.`);
    return than(YOUNGER[operator], now - said.ms);
  }
  if (said.kind === 'instant')
    return isOrder(operator) ? than(operator, said.at) : { kind: 'in', column, values: [said.at] };
  if (operator === '<' || operator === '>=') return than(operator, said.from);
  if (operator === '<=') return than('<', said.to);
  if (operator === '>') return than('>=', said.to);
  return { kind: 'all', of: [than('>=', said.from), than('<', said.to)] };
}

/** Less old is later. */
const YOUNGER: Readonly<Record<Comparison, Comparison>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

const isOrder = (operator: Operator): operator is Comparison => /^[<>]/.test(operator);

/** Without a star the text is part of what is looked for; with one it is all of it, whatever is between. */
function patternOf({ text }: Text): Pattern {
  const pieces = text.split('*');
  return { pieces, isWhole: pieces.length > 1 };
}

import type { Dataset, PageAnswer } from '../../core/dataset.ts';
import { QuarryError } from '../../core/errors.ts';
import type { IdRange, Step } from '../../core/range.ts';

/** What a page is read of: a range of ids, or a step. */
export type Target = { readonly range: IdRange } | { readonly step: Step };

/** What remains of a target after an answer; undefined: it is read to its end. Throws QRY2033 where that leads nowhere. */
export function following(facts: Dataset, target: Target, answer: PageAnswer): Target | undefined {
  const { paging, name } = facts;
  if ('range' in target) {
    const range = paging.by === 'id' ? restOf(target.range, paging.next(answer), name) : undefined;
    return range === undefined ? undefined : { range };
  }
  const step = paging.by === 'step' ? paging.next(target.step, answer) : undefined;
  if (step === undefined) return undefined;
  if (step.cursor === target.step.cursor) {
    const what = `The answer after ${step.cursor ?? 'the beginning'} names the same place as the next.`;
    throw new QuarryError('QRY2033', { what, where: name });
  }
  return { step };
}

/** Where the data set says to go on, which must lie behind where the page began. */
function restOf(range: IdRange, first: number | undefined, dataset: string): IdRange | undefined {
  if (first === undefined) return undefined;
  if (!Number.isSafeInteger(first) || first <= range.first) {
    const what = `The page from id ${range.first} names id ${first} as the next.`;
    throw new QuarryError('QRY2033', { what, where: dataset });
  }
  return range.last !== null && first > range.last ? undefined : { first, last: range.last };
}

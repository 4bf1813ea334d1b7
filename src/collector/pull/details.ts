import type { Dataset } from '../../core/dataset.ts';
import { QuarryError } from '../../core/errors.ts';
import { createReader } from '../../qualys/reader.ts';
import type { FetchAnswer } from '../stream.ts';

/**
 * Where a data set's lists are thin and its options want records whole: the list gives ids and paging, and each object's own
 * answer, one call each and in the order of the list, gives the record. An object that is gone by then is left out.
 */
export function withDetails(facts: Dataset, options: unknown, fetch: FetchAnswer): FetchAnswer {
  const detail = facts.detail?.(options);
  if (detail === undefined) return fetch;
  return async (call, makeReader, hooks) => {
    const ids: string[] = [];
    const record = (view: { text(name: string): string | undefined }): void => {
      const id = view.text(detail.id);
      if (id !== undefined) ids.push(id);
    };
    const list = await fetch(call, () => createReader(facts.format, { record }), hooks);
    let { bytes } = list;
    for (const id of ids) {
      try {
        bytes += (await fetch(detail.call(id), makeReader, hooks)).bytes;
      } catch (thrown) {
        if (!(thrown instanceof QuarryError) || thrown.qualys?.code !== 'OBJECT_NOT_FOUND') throw thrown;
      }
    }
    return { ...list, bytes };
  };
}

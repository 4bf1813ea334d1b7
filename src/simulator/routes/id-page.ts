/**
 * Lists paged by id: asset groups, controls, policies, postures. A page holds up to its limit of records; where there
 * are more, a WARNING names the id to go on from.
 */
import { listHead, listTail, truncationWarning } from '../answers.ts';
import { inRanges, type ParameterKinds, readIds } from '../params.ts';
import type { Call } from './route.ts';

export const ID_PARAMETERS: ParameterKinds = {
  echo_request: 'flag',
  ids: 'ids',
  id_min: 'count',
  id_max: 'count',
  // Added by Qualys to its own next-page URLs.
  cloud_agent_activationkey: 'free',
};

export interface IdPage<T> {
  /** `undefined` is a breath. */
  readonly records: Iterable<T | undefined>;
  /** The WARNING, once `records` has been read to its end; empty on the last page. */
  warning(): string;
}

/** `from` gives all records in ascending id, from an id on; `limit` 0 is none. */
export function idPage<T extends { readonly id: number }>(
  call: Call,
  limit: number,
  from: (idMin: number) => Iterable<T | undefined>,
): IdPage<T> {
  const { faults, params } = call;
  const cap = faults.number('page-size-capped', 10);
  const most = cap === undefined ? limit : limit === 0 ? cap : Math.min(limit, cap);
  const max = Number(params.get('id_max') ?? Number.MAX_SAFE_INTEGER);
  const text = params.get('ids');
  const wanted = text === undefined ? undefined : readIds(text);
  let warning = '';

  function* records(): Generator<T | undefined> {
    let count = 0;
    let first: number | undefined;
    for (const record of from(Number(params.get('id_min') ?? 0))) {
      if (record === undefined) {
        yield undefined;
        continue;
      }
      const { id } = record;
      if (id > max) break;
      if (wanted !== undefined && !inRanges(id, wanted)) continue;
      if (most > 0 && count === most) {
        const next = faults.has('next-url-loop') ? first! : id;
        warning = truncationWarning(call, most, { id_min: String(next) });
        return;
      }
      count++;
      first ??= id;
      yield record;
    }
    if (faults.has('warning-not-truncated')) {
      warning =
        '    <WARNING>\n      <TEXT>Some data could not be shown with your permissions.</TEXT>\n    </WARNING>\n';
    }
  }
  return { records: records(), warning: () => warning };
}

/** The WARNING of a page for lists whose DTD has WARNING_LIST as well. */
export function warningOrList(call: Call, page: IdPage<unknown>): string {
  const warning = page.warning();
  if (warning === '' || !call.faults.has('warning-list')) return warning;
  return `    <WARNING_LIST>\n${warning}    </WARNING_LIST>\n`;
}

/** Those records that pass; a breath now and then where many do not. */
export function* where<T>(records: Iterable<T | undefined>, test: (record: T) => boolean): Generator<T | undefined> {
  let passed = 0;
  for (const record of records) {
    if (record === undefined || test(record)) yield record;
    else if (++passed % 1000 === 0) yield undefined;
  }
}

/** The records of a page inside an element that is absent where there are none. */
export function* listElement<T>(
  call: Call,
  indent: string,
  name: string,
  records: Iterable<T | undefined>,
  write: (record: T) => string | Iterable<string>,
): Generator<string> {
  let open = false;
  for (const record of records) {
    if (record === undefined) {
      yield '';
      continue;
    }
    if (!open) yield `${indent}<${name}>\n`;
    open = true;
    const text = write(record);
    if (typeof text === 'string') yield text;
    else yield* text;
  }
  if (open) yield `${indent}</${name}>\n`;
  else if (call.faults.has('childless-list')) yield `${indent}<${name} />\n`;
}

/** `details=None`: ids alone, neighbouring ones as ranges. */
export function* idSetElement(call: Call, records: Iterable<{ readonly id: number } | undefined>): Generator<string> {
  yield* listElement(call, '    ', 'ID_SET', ranges(records), ([first, last]) =>
    first === last ? `      <ID>${first}</ID>\n` : `      <ID_RANGE>${first}-${last}</ID_RANGE>\n`,
  );
}

function* ranges(records: Iterable<{ readonly id: number } | undefined>): Generator<[number, number] | undefined> {
  let range: [number, number] | undefined;
  for (const record of records) {
    if (record === undefined) yield undefined;
    else if (range !== undefined && record.id === range[1] + 1) range[1] = record.id;
    else {
      if (range !== undefined) yield range;
      range = [record.id, record.id];
    }
  }
  if (range !== undefined) yield range;
}

/** A whole answer around its payload. */
export function* framed(call: Call, root: string, dtd: string, payload: Iterable<string>): Generator<string> {
  yield listHead(call, root, dtd);
  yield* payload;
  yield listTail(call, root);
}

import { qualysTime } from '../core/clock.ts';
import type { Ask, Call } from '../core/dataset.ts';
import type { XmlFormat } from '../core/format.ts';
import type { Fields, RecordView } from '../core/words.ts';
import { QPS_MAX_PAGE } from './paging.ts';

/** One condition of a QPS search. Several must all hold; only IN takes several values, in a comma list. */
export interface Criterion {
  readonly field: string;
  readonly operator: 'EQUALS' | 'NOT EQUALS' | 'GREATER' | 'LESSER' | 'IN' | 'CONTAINS';
  readonly value: string;
}

/** A kind of object of the QPS interface. */
export interface QpsObject {
  /** `2.0` of Asset Management, `3.0` of Web Application Scanning. */
  readonly version: string;
  /** `am/hostasset`: module and name in the path. */
  readonly name: string;
}

/** The search for objects in the order of their ids. `preferences` besides the page size: `verbose`. */
export function qpsSearch(
  object: QpsObject,
  ask: Ask,
  criteria: readonly (Criterion | undefined)[],
  preferences: Readonly<Record<string, string>> = {},
): Call {
  const limit = { limitResults: String(Math.min(ask.pageSize, QPS_MAX_PAGE)) };
  return qpsCall(object, 'search', [...idRange(ask), ...criteria], { ...limit, ...preferences });
}

/** How many objects there are: one number. */
export const qpsCount = (object: QpsObject, criteria: readonly (Criterion | undefined)[]): Call =>
  qpsCall(object, 'count', criteria, {});

function qpsCall(
  { version, name }: QpsObject,
  operation: 'search' | 'count',
  given: readonly (Criterion | undefined)[],
  preferences: Readonly<Record<string, string>>,
): Call {
  const criteria = given.filter((one) => one !== undefined);
  const chosen = Object.entries(preferences).map(([tag, value]) => `<${tag}>${escaped(value)}</${tag}>`);
  const conditions = criteria.map(
    ({ field, operator, value }) => `<Criteria field="${field}" operator="${operator}">${escaped(value)}</Criteria>`,
  );
  const sections = [
    ...(chosen.length === 0 ? [] : [`<preferences>${chosen.join('')}</preferences>`]),
    ...(conditions.length === 0 ? [] : [`<filters>${conditions.join('')}</filters>`]),
  ];
  return {
    api: `${operation}/${name}`,
    path: `/qps/rest/${version}/${operation}/${name}`,
    method: 'POST',
    params: {},
    body: { type: 'text/xml', text: `<ServiceRequest>${sections.join('')}</ServiceRequest>` },
  };
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Ids compare strictly. */
function idRange({ range }: Ask): Criterion[] {
  if (range === undefined) return [];
  const above: Criterion = { field: 'id', operator: 'GREATER', value: String(range.first - 1) };
  if (range.last === null) return [above];
  return [above, { field: 'id', operator: 'LESSER', value: String(range.last + 1) }];
}

/** Objects whose `field` is at or after `since`. Times compare strictly and in whole seconds: the second before. */
export function changedSince(field: string, since: string | undefined): Criterion | undefined {
  return since === undefined ? undefined : { field, operator: 'GREATER', value: secondBefore(since) };
}

/** `2026-11-20T10:00:00Z` → `2026-11-20T09:59:59Z`. */
export const secondBefore = (time: string): string => qualysTime(Date.parse(time) - 1000);

/** A criterion for any of several values; none where there are none. */
export const anyOf = (field: string, values: readonly (string | number)[] | undefined): Criterion | undefined =>
  values === undefined || values.length === 0 ? undefined : { field, operator: 'IN', value: values.join(',') };

/** How answers of a search are read. `lists`: paths of what may repeat, below the element. */
export function qpsFormat(element: string, fields: readonly string[], lists: readonly string[]): XmlFormat {
  return { kind: 'xml', root: 'ServiceResponse', record: `data/${element}`, lists, verbatim: [], fields };
}

/**
 * Whether a record has none of `include` (where given) or any of `exclude`, among the names in `tags/list/<element>`.
 * QPS cannot be asked for any of several names: text fields know no IN, and conditions only narrow.
 */
export function withoutTags(
  element: string,
  include: readonly string[] | undefined,
  exclude: readonly string[] | undefined,
): ((view: RecordView) => boolean) | undefined {
  if (include === undefined && exclude === undefined) return undefined;
  let scratch = Buffer.alloc(64 * 1024);
  return (view) => {
    if (scratch.length < view.maxBytes) scratch = Buffer.alloc(view.maxBytes * 2);
    view.write(scratch, 0);
    const names = new Set(tagNames(member(view, scratch, 'tags'), element));
    return include?.some((name) => names.has(name)) === false || exclude?.some((name) => names.has(name)) === true;
  };
}

/** A top-level member of the record just written; undefined where it is not there. */
function member({ members }: RecordView, written: Buffer, wanted: string): unknown {
  for (let i = 0; i < members.count; i++) {
    if (members.name(members.ids[i]!) !== wanted) continue;
    const text = written.toString('utf8', members.starts[i], members.ends[i]);
    return (JSON.parse(`{${text}}`) as Fields)[wanted];
  }
  return undefined;
}

function tagNames(tags: unknown, element: string): unknown[] {
  const list = (tags as { list?: Record<string, unknown> } | undefined)?.list?.[element];
  return Array.isArray(list) ? list.map((tag: { name?: unknown }) => tag.name) : [];
}

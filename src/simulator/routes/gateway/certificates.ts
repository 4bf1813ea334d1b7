/**
 * CertView (reference, 9): `/certview/v2/certificates` (also v2.1, v2.2), `/certview/v1/certificates` with a QQL filter,
 * `/certview/v2/instances`. A bare array; pages from 0 until an empty one, 200 rows at most; v1 ends at 10,000.
 */
import { type Certificate, certificates } from '../../world/certificate.ts';
import { json, jsonAnswer, type RestCall, RestRefusal, type RestRoute } from '../rest.ts';
import type { Answer } from '../route.ts';
import { certificateRecord, type Includes, instanceRecords } from './certificate-record.ts';
import { compileFilter, type FilterField, NO_FILTER, parseJson, readFilter, readTime } from './filter.ts';
import { holds, parseQuery, valuesAt } from './qql.ts';

const MAX_PAGE = 200;
const V1_WINDOW = 10_000;

const FIELDS: Readonly<Record<string, FilterField<Certificate>>> = {
  'certificate.id': { kind: 'number', of: ({ id }) => id },
  'certificate.certhash': { kind: 'text', of: ({ certhash }) => certhash },
  'certificate.name': { kind: 'text', of: ({ name }) => name },
  'certificate.type': { kind: 'enum', of: ({ type }) => type },
  'certificate.selfSigned': { kind: 'boolean', of: ({ selfSigned }) => selfSigned },
  'certificate.keySize': { kind: 'number', of: ({ keySize }) => keySize },
  'certificate.validFromDate': { kind: 'date', of: ({ validFrom }) => validFrom },
  'certificate.validToDate': { kind: 'date', of: ({ validTo }) => validTo },
  'certificate.createdDate': { kind: 'date', of: ({ created }) => created },
  'certificate.updateDate': { kind: 'date', of: ({ lastFound }) => lastFound },
  'certificate.lastFound': { kind: 'date', of: ({ lastFound }) => lastFound },
  'asset.id': { kind: 'number', of: ({ uses }) => uses.map(({ host }) => host.assetId) },
  'asset.name': { kind: 'text', of: ({ uses }) => uses.map(({ host }) => host.hostname) },
};

export const certificateRoutes: readonly RestRoute[] = [
  ...['v2', 'v2.1', 'v2.2'].map((version) => route(`/certview/${version}/certificates`, second)),
  route('/certview/v1/certificates', first),
  route('/certview/v2/instances', instances),
];

function route(path: string, answer: RestRoute['answer']): RestRoute {
  return { family: 'gateway', methods: ['POST'], path, answer };
}

interface Page {
  readonly skip: number;
  readonly size: number;
}

function readPage(asked: Record<string, unknown>): Page {
  const number = (name: string, fallback: number): number => {
    const value = Number(asked[name] ?? fallback);
    if (!Number.isInteger(value) || value < 0) throw new RestRefusal(400, `Invalid value for ${name}`);
    return value;
  };
  const size = number('pageSize', 10);
  if (size < 1 || size > MAX_PAGE) throw new RestRefusal(400, `pageSize must be between 1 and ${MAX_PAGE}`);
  return { skip: number('pageNumber', 0) * size, size };
}

/** Objects as they are found, with breaths, down to the page asked for. */
function* pageOf<T>(
  found: Iterable<T | undefined>,
  { skip, size }: Page,
  write: (one: T) => unknown,
  { faults }: RestCall,
): Generator<string> {
  let passed = 0;
  const texts: string[] = [];
  for (const one of found) {
    if (one === undefined) yield '';
    else if (passed++ >= skip && texts.push(json(write(one))) === size) break;
  }
  const bare = faults.has('list-single-object') && texts.length === 1;
  yield bare ? texts.join('') : `[${texts.join(',')}]`;
}

function* where<T>(found: Iterable<T | undefined>, test: (one: T) => boolean): Generator<T | undefined> {
  for (const one of found) if (one === undefined || test(one)) yield one;
}

function second(call: RestCall): Answer {
  const asked = parseJson(call.body);
  const test = compileFilter(filterOf(asked['filter']), FIELDS);
  const includes = includesOf(asked);
  const found = where(certificates(call.world, call.now), test);
  return jsonAnswer(pageOf(found, readPage(asked), (one) => certificateRecord(call, one, includes), call));
}

function instances(call: RestCall): Answer {
  const asked = parseJson(call.body);
  const test = compileFilter(filterOf(asked['filterRequest']), FIELDS);
  function* found(): Generator<object | undefined> {
    for (const one of certificates(call.world, call.now)) {
      if (one === undefined) yield undefined;
      else if (test(one)) yield* instanceRecords(call, one);
    }
  }
  return jsonAnswer(pageOf(found(), readPage(asked), (one) => one, call));
}

/** v1: QQL over the record itself, sorted by one field of it. */
function first(call: RestCall): Answer {
  const asked = parseJson(call.body);
  const page = readPage(asked);
  const query = parseQuery(String(asked['filter'] ?? ''), () => true);
  const sort = sortOf(asked['sort']);
  function* sorted(): Generator<object | undefined> {
    const records: object[] = [];
    for (const one of certificates(call.world, call.now)) {
      if (one === undefined) {
        yield undefined;
        continue;
      }
      const record = certificateRecord(call, one, includesOf({}));
      const get = (field: string): readonly unknown[] => valuesAt(record, field.replace(/^certificate\./, ''));
      if (holds(query, get)) records.push(record);
    }
    if (sort !== undefined) {
      const key = (record: object): number =>
        readTime(String(valuesAt(record, sort.field)[0] ?? '')) ?? Number(valuesAt(record, sort.field)[0] ?? 0);
      records.sort((a, b) => (key(a) - key(b)) * (sort.descending ? -1 : 1));
    }
    yield* records.slice(0, V1_WINDOW);
  }
  return jsonAnswer(pageOf(sorted(), page, (one) => one, call));
}

function filterOf(value: unknown): ReturnType<typeof readFilter> {
  return typeof value === 'object' && value !== null ? readFilter(value as Record<string, unknown>) : NO_FILTER;
}

function includesOf({ includes }: Record<string, unknown>): Includes {
  const named = new Set([includes].flat().map(String));
  return {
    interfaces: named.has('ASSET_INTERFACES'),
    tags: named.has('ASSET_TAGS'),
    extensive: named.has('EXTENSIVE_CERTIFICATE_INFO'),
  };
}

function sortOf(value: unknown): { field: string; descending: boolean } | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  try {
    const [entry] = JSON.parse(String(value)) as Record<string, string>[];
    const [[field, order] = []] = Object.entries(entry ?? {});
    if (field !== undefined) return { field, descending: order === 'desc' };
  } catch {
    // Refused below.
  }
  throw new RestRefusal(400, `Invalid sort: ${String(value)}`);
}

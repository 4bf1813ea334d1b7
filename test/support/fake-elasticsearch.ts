/**
 * A strict FAKE of Elasticsearch's `_bulk`, written from Elastic's reference pages "Bulk API", "Index API" (external
 * versions), "Data streams" and "Create index" (names), and from the messages the server is known to give. It has not
 * been compared with the real thing.
 */
import type { Behaviour } from '../contracts/sink.ts';
import type { Payload } from './batches.ts';
import { type FakeHttp, type FakeReply, type FakeRequest, fakeHttp, verdict } from './fake-http.ts';

export type Document = Readonly<Record<string, unknown>>;

interface Stored {
  /** Undefined: deleted; the version is remembered. */
  readonly source: Document | undefined;
  readonly version: bigint;
}

interface Index {
  readonly documents: Map<string, Stored>;
  readonly older: Map<string, Stored>[];
}

export interface FakeElasticsearch extends FakeHttp {
  /** What is in an index, by id. */
  documents(index: string): ReadonlyMap<string, Document>;
  readonly indices: () => readonly string[];
  /** Every document in its order of arrival, of all indices, without `@timestamp`. */
  received(): readonly Payload[];
  /** A data stream begins a new backing index. */
  rollover(index: string): void;
  /** Names that are aliases. */
  readonly aliases: Set<string>;
  privileged: boolean;
  /** What it asks for: `Basic …`, `ApiKey …`, `Bearer …`; undefined: nothing. */
  authorization: string | undefined;
}

interface Meta {
  readonly _index?: string;
  readonly _id?: string;
  readonly version_type?: string;
  readonly require_alias?: boolean;
  readonly if_seq_no?: number;
}

const KNOWN = new Set(['_index', '_id', 'version', 'version_type', 'require_alias', 'if_seq_no', 'if_primary_term']);
const LARGEST = 2n ** 63n - 1n;
/** The names that Elasticsearch's built-in templates make data streams of. */
const DATA_STREAM = /^(logs|metrics|synthetics)-[^-]+-[^-]+$/;

const failure = (status: number, type: string, reason: string, cause?: string): FakeReply => {
  const caused = cause === undefined ? {} : { caused_by: { type: 'illegal_argument_exception', reason: cause } };
  const error = { root_cause: [{ type, reason }], type, reason, ...caused };
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error, status }) };
};
const illegal = (reason: string): FakeReply => failure(400, 'illegal_argument_exception', reason);

export async function fakeElasticsearch(random: () => number = Math.random): Promise<FakeElasticsearch> {
  const indices = new Map<string, Index>();
  const arrived: Payload[] = [];
  const aliases = new Set<string>();

  function handle(request: FakeRequest, how: Behaviour): FakeReply {
    const { url, method, headers, body } = request;
    if (fake.authorization !== undefined && headers.authorization !== fake.authorization)
      return failure(401, 'security_exception', 'missing authentication credentials for REST request [/_bulk]');
    if (url.pathname === '/_security/user/_has_privileges')
      return { status: 200, body: JSON.stringify({ username: 'u', has_all_requested: fake.privileged }) };
    if (url.pathname !== '/_bulk' || (method !== 'POST' && method !== 'PUT'))
      return { status: 405, body: JSON.stringify({ error: `Incorrect HTTP method for uri [${url.pathname}]` }) };
    const type = headers['content-type']?.split(';')[0];
    if (type !== 'application/x-ndjson' && type !== 'application/json')
      return { status: 406, body: JSON.stringify({ error: `Content-Type header [${type}] is not supported` }) };
    return bulk(body.toString('utf8'), how);
  }

  function bulk(text: string, how: Behaviour): FakeReply {
    if (text === '') return failure(400, 'parse_exception', 'request body is required');
    if (!text.endsWith('\n')) return illegal('The bulk request must be terminated by a newline [\\n]');
    const lines = text.slice(0, -1).split('\n');
    const items: object[] = [];
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      const action = object(line);
      const [op = '', value, ...more] = Object.entries(action ?? {}).flat() as [string, unknown];
      if (action === undefined || more.length > 0 || !['create', 'index', 'delete'].includes(op))
        return illegal(
          `Malformed action/metadata line [${i + 1}], expected field [create], [delete], [index] or [update]`,
        );
      const unknown = Object.keys(value as Meta).find((name) => !KNOWN.has(name));
      if (unknown !== undefined)
        return illegal(`Action/metadata line [${i + 1}] contains an unknown parameter [${unknown}]`);
      if (op !== 'delete' && lines[++i] === undefined)
        return illegal('Malformed content, found extra data after parsing');
      // A JavaScript number would round it.
      const version = /"version":(\d+)/.exec(line)?.[1];
      const source = op === 'delete' ? undefined : lines[i];
      const result = apply(op, value as Meta, version === undefined ? undefined : BigInt(version), source, how);
      items.push({ [op]: { _index: (value as Meta)._index, _id: (value as Meta)._id, ...result } });
    }
    const errors = items.some((item) => 'error' in Object.values(item)[0]!);
    return { status: 200, body: JSON.stringify({ took: 1, errors, items }) };
  }

  function apply(
    op: string,
    meta: Meta,
    version: bigint | undefined,
    text: string | undefined,
    how: Behaviour,
  ): object {
    const { _index: name = '', _id: id = '' } = meta;
    const fail = (status: number, type: string, reason: string, cause?: string) => ({
      status,
      error: {
        type,
        reason,
        ...(cause !== undefined && { caused_by: { type: 'json_parse_exception', reason: cause } }),
      },
    });
    if (/[A-Z\\/*?"<>| ,#:]|^[-_+]|^\.{0,2}$/.test(name) || Buffer.byteLength(name) > 255)
      return fail(400, 'invalid_index_name_exception', `Invalid index name [${name}]`);
    if (Buffer.byteLength(id) > 512 || id === '')
      return fail(400, 'illegal_argument_exception', `id [${id}] is too long, must be no longer than 512 bytes`);
    if (meta.require_alias === true && !aliases.has(name))
      return fail(
        404,
        'index_not_found_exception',
        `no such index [${name}] and [require_alias] request flag is [true]`,
      );
    const stream = DATA_STREAM.test(name);
    if (stream && op !== 'create')
      return fail(
        400,
        'illegal_argument_exception',
        'only write ops with an op_type of create are allowed in data streams',
      );
    if (meta.if_seq_no !== undefined && !indices.get(name)?.documents.has(id))
      return fail(
        409,
        'version_conflict_engine_exception',
        `[${id}]: version conflict, required seqNo [0], but no document was found`,
      );
    if (version !== undefined && (meta.version_type !== 'external' || version > LARGEST || op === 'create'))
      return fail(
        400,
        'action_request_validation_exception',
        'internal versioning can not be used for optimistic concurrency',
      );
    const source = text === undefined ? undefined : object(text);
    if (op !== 'delete' && source === undefined)
      return fail(400, 'document_parsing_exception', '[1:1] failed to parse', 'Unexpected character');
    if (stream && typeof source?.['@timestamp'] !== 'string')
      return fail(400, 'document_parsing_exception', 'data stream timestamp field [@timestamp] is missing');
    const found = verdict(String(source?.['text'] ?? ''), how, random);
    if (found === 'busy')
      return fail(429, 'es_rejected_execution_exception', 'rejected execution of coordinating operation');
    if (found === 'bad')
      return fail(
        400,
        'document_parsing_exception',
        "failed to parse field [text] of type [long] in document with id '1'",
        'For input string: "bad"',
      );
    return store(op, name, id, version, source, fail);
  }

  type Fail = (status: number, type: string, reason: string) => object;
  function store(
    op: string,
    name: string,
    id: string,
    version: bigint | undefined,
    source: Document | undefined,
    fail: Fail,
  ) {
    const index = indices.get(name) ?? { documents: new Map<string, Stored>(), older: [] };
    indices.set(name, index);
    const before = index.documents.get(id);
    const there = before?.source !== undefined;
    if (op === 'create' && there)
      return fail(
        409,
        'version_conflict_engine_exception',
        `[${id}]: version conflict, document already exists (current version [1])`,
      );
    if (version !== undefined && before !== undefined && before.version >= version)
      return fail(
        409,
        'version_conflict_engine_exception',
        `[${id}]: version conflict, current version [${before.version}] is higher or equal to the one provided [${version}]`,
      );
    index.documents.set(id, { source, version: version ?? (before?.version ?? 0n) + 1n });
    if (source !== undefined) {
      const { '@timestamp': _, ...payload } = source;
      arrived.push(payload as unknown as Payload);
    }
    if (op === 'delete') return { status: there ? 200 : 404, result: there ? 'deleted' : 'not_found' };
    return { status: there ? 200 : 201, result: there ? 'updated' : 'created' };
  }

  const http = await fakeHttp((request, how) => handle(request, how), random);
  const fake: FakeElasticsearch = {
    ...http,
    authorization: undefined,
    privileged: true,
    aliases,
    indices: () => [...indices.keys()].sort(),
    documents: (name) =>
      new Map(
        [...(indices.get(name)?.documents ?? [])].flatMap(([id, { source }]) =>
          source === undefined ? [] : ([[id, source]] as const),
        ),
      ),
    received: () => arrived,
    rollover: (name) => {
      const index = indices.get(name)!;
      indices.set(name, { documents: new Map(), older: [...index.older, index.documents] });
    },
  };
  return fake;
}

function object(text: string): Document | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : undefined;
  } catch {
    return undefined;
  }
}

import type { Outcome } from '../../core/sink.ts';
import { later, type Reply, shortened } from '../http/client.ts';
import type { Answer } from '../http/deliver.ts';

/** One item of a `_bulk` reply. */
export interface BulkItem {
  readonly op: string;
  readonly id: string;
  readonly status: number;
  readonly type: string;
  readonly reason: string;
}

interface ErrorBody {
  readonly type?: unknown;
  readonly reason?: unknown;
  readonly caused_by?: ErrorBody;
}

/** What a reply to `_bulk` says of the operations sent. Throws nothing: a reply that cannot be read is one that is lost. */
export function answerOf(reply: Reply, sent: readonly { readonly op: string; readonly id: string }[]): Answer {
  if (reply.status === 200) {
    const items = itemsOf(reply);
    // [fault 67] Another number or another order: nothing is known of any of them.
    const same =
      items?.length === sent.length && items.every(({ op, id }, i) => op === sent[i]!.op && id === sent[i]!.id);
    if (items === undefined || !same)
      return { outcomes: { retry: 'the reply is not for the documents that were sent' } };
    return { outcomes: items.map(outcomeOf) };
  }
  const said = reasonOf(reply);
  if (reply.status === 413) return { refused: `too large: ${said}`, code: '413' };
  // Elasticsearch's own 400 is about the body; one without its error is about the way there.
  if (reply.status === 400 && errorOf(reply) !== undefined) return { refused: said, code: '400' };
  return { closed: later(reply, said) };
}

/** The items of a reply, in their order; undefined when it is none. */
export function itemsOf({ text }: Reply): BulkItem[] | undefined {
  const body = parsed(text);
  if (!Array.isArray(body?.['items'])) return undefined;
  return (body['items'] as unknown[]).map((item) => {
    const [op = '', value] = Object.entries(item ?? {})[0] ?? [];
    const { _id, status, error } = (value ?? {}) as { _id?: unknown; status?: unknown; error?: ErrorBody | string };
    const { type, reason } = typeof error === 'string' ? { type: '', reason: error } : words(error);
    return { op, id: String(_id ?? ''), status: Number(status ?? 0), type, reason };
  });
}

/** 429 and 5xx come again; what a setting or an administrator can mend waits; what is wrong in the document is rejected. */
export function outcomeOf(item: BulkItem): Outcome {
  const { op, status, type } = item;
  if (status >= 200 && status < 300) return 'delivered';
  // Made before, or a newer one is there; deleted before, or never there.
  if (status === 409 && (type === 'version_conflict_engine_exception' || type === '')) return 'delivered';
  if (status === 404 && op === 'delete' && type === '') return 'delivered';
  if (status === 413) return { rejected: meaningOf(item), code: '413' };
  if (status === 400 && !isSetting(item)) return { rejected: meaningOf(item), code: '400' };
  return { retry: meaningOf(item) };
}

/** Refusals that are about the index and not about the document. */
function isSetting(item: BulkItem): boolean {
  const { type, reason } = item;
  if (/^(invalid_index_name|index_closed|index_not_found|cluster_block|validation)_exception$/.test(type)) return true;
  return isDataStream(item) || /pipeline with id .* does not exist|no write index/.test(reason);
}

/** A data stream takes new documents only. */
export const isDataStream = ({ reason }: BulkItem): boolean =>
  reason.includes('only write ops with an op_type of create are allowed in data streams');

export function meaningOf(item: BulkItem): string {
  const { status, type, reason } = item;
  const advice = isDataStream(item) ? ' (mode current needs an index that is no data stream: set `index`)' : '';
  return shortened(`${status} ${type}: ${reason}`) + advice;
}

/** What a reply says that is no item list: Elasticsearch's error, else the text. */
export function reasonOf(reply: Reply): string {
  const error = errorOf(reply);
  if (error === undefined) return shortened(reply.text);
  const { type, reason } = words(error);
  return shortened(`${type}: ${reason}`);
}

function errorOf({ text }: Reply): ErrorBody | undefined {
  const error = parsed(text)?.['error'];
  if (typeof error === 'string') return { type: 'error', reason: error };
  return typeof error === 'object' && error !== null ? (error as ErrorBody) : undefined;
}

/** The reason with those below it: the outer one of a mapping error does not say which value was wrong. */
function words(error: ErrorBody | undefined): { type: string; reason: string } {
  if (error === undefined) return { type: '', reason: '' };
  const reasons: string[] = [];
  for (let one: ErrorBody | undefined = error; one != null && reasons.length < 4; one = one.caused_by)
    if (typeof one.reason === 'string' && !reasons.includes(one.reason)) reasons.push(one.reason);
  return { type: String(error.type ?? ''), reason: reasons.join(': ') };
}

export function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

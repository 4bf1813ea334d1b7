import type { Fields, Value } from '../core/words.ts';

/** What an error document in JSON says. */
export interface JsonSaid {
  readonly code: string | undefined;
  readonly text: string | undefined;
}

const CODES = ['responseCode', 'errorCode', 'code'];
const TEXTS = ['responseMessage', 'errorMessage', 'error_description', 'message', 'detail', 'title'];

/**
 * Qualys's own words in a JSON document, or undefined where it holds none. Source: QPS in JSON and CSAM (responseCode
 * other than SUCCESS), the gateway's sign-in (authentication_exceptions), Spring (`{timestamp,status,error,message}`),
 * OAuth (RFC 6749 §5.2), `errorCode` and `message` seen in clients. With `mayBeData` only what no data has counts: a
 * record may well have a `message`.
 */
export function saidInJson(document: Fields, mayBeData: boolean): JsonSaid | undefined {
  const inner = objectAt(document, 'ServiceResponse') ?? document;
  const response = textAt(inner, 'responseCode');
  if (response !== undefined) {
    if (response.toUpperCase() === 'SUCCESS') return undefined;
    const details = objectAt(inner, 'responseErrorDetails') ?? {};
    return { code: response, text: textAt(details, 'errorMessage') ?? textAt(inner, 'responseMessage') };
  }
  const exceptions = document['authentication_exceptions'];
  if (exceptions !== undefined) {
    const names = (Array.isArray(exceptions) ? exceptions : [exceptions]).map(String);
    return { code: undefined, text: `authentication_exceptions: ${names.join(', ')}` };
  }
  const status = Number(document['status']);
  const certain = textAt(document, 'errorCode') !== undefined || (status >= 400 && 'error' in document);
  if (mayBeData && !certain) return undefined;
  return wordsOf(document);
}

function wordsOf(document: Fields): JsonSaid | undefined {
  const error = objectAt(document, 'error') ?? objectAt(document, 'fault') ?? firstOf(document['errors']);
  const nested = error === undefined ? undefined : wordsOf(error);
  const code = first(document, CODES) ?? nested?.code;
  const text = first(document, TEXTS) ?? nested?.text ?? textAt(document, 'error') ?? textAt(document, 'faultstring');
  return code === undefined && text === undefined ? undefined : { code, text };
}

const first = (fields: Fields, names: readonly string[]): string | undefined =>
  names.map((name) => textAt(fields, name)).find((text) => text !== undefined);

function textAt(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function objectAt(fields: Fields, name: string): Fields | undefined {
  const value = fields[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function firstOf(value: Value | undefined): Fields | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : undefined;
  return typeof one === 'object' && one !== null && !Array.isArray(one) ? (one as Fields) : undefined;
}

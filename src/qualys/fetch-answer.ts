import type { Call } from '../core/dataset.ts';
import { QuarryError } from '../core/errors.ts';
import type { AnswerEnd, AnswerReader } from '../core/format.ts';
import type { Fields } from '../core/words.ts';
import type { Answer } from './answer.ts';
import { child, saidIn, text } from './answer-errors.ts';
import type { Client, OpenOptions } from './client.ts';
import { answerMeans, asJson, asXml, readErrorAnswer } from './error-body.ts';
import { nextParams } from './next-page.ts';

export interface FetchHooks extends OpenOptions {
  readonly signal?: AbortSignal;
  /** The root element of a good answer; `json` or `csv` for those (`rootOf` of its format). */
  readonly expectRoot: string;
  /** Awaited after each chunk: back-pressure. */
  readonly onChunk?: () => Promise<void> | undefined;
}

/** One answer, read whole. */
export interface FetchedAnswer {
  readonly end: AnswerEnd;
  /** Qualys's clock, epoch milliseconds: the answer's own DATETIME, else the Date header. */
  readonly serverTime: number | undefined;
  readonly serverTimeFrom: 'answer' | 'header' | undefined;
  readonly warning?: AnswerWarning;
  /** The parameters of the next page, where there is one. */
  readonly nextParams?: Record<string, string>;
  readonly status: number;
  /** Decompressed. */
  readonly bytes: number;
  readonly version: string | undefined;
}

export interface AnswerWarning {
  readonly code: string | undefined;
  readonly text: string | undefined;
  readonly url: string | undefined;
}

/** Enough of an answer's beginning to tell what it is, should it not be what was asked for. */
const HEAD = 64 * 1024;

/**
 * Sends a call and reads its answer to the end: bytes into a reader, one chunk at a time. Resolves only when the HTTP
 * framing was clean and the reader saw the answer's end; whatever else comes (an error document with any status, a web
 * page, nothing) rejects with the QuarryError it means. `makeReader` is called for a 200 only: a 204 where JSON was due is
 * the gateway's way to say that there is nothing (CSAM), and resolves without records.
 */
export async function fetchAnswer(
  client: Client,
  call: Call,
  makeReader: () => AnswerReader,
  hooks: FetchHooks,
): Promise<FetchedAnswer> {
  const { signal, expectRoot } = hooks;
  const answer = await client.open(call, signal, hooks);
  const { status, version } = answer;
  if (status === 204 && expectRoot === 'json') {
    await answer.discard();
    const none: AnswerEnd = { root: expectRoot, envelope: {}, outer: 0, records: 0, bytes: 0 };
    return { ...whatItSays({}, answer, call), end: none, status, bytes: 0, version };
  }
  if (status !== 200) throw await readErrorAnswer(answer, call.api);
  const reader = makeReader();
  const head: Buffer[] = [];
  let bytes = 0;
  let end: AnswerEnd | undefined;
  let unread: { thrown: unknown } | undefined;
  for await (const chunk of answer.body) {
    if (bytes < HEAD) head.push(Buffer.from(chunk));
    bytes += chunk.length;
    unread = failing(() => reader.write(chunk));
    if (unread !== undefined) break;
    const pause = hooks.onChunk?.();
    if (pause !== undefined) await pause;
  }
  unread ??= failing(() => {
    end = reader.end();
  });
  if (end === undefined) throw unreadable(unread?.thrown, answer, Buffer.concat(head), expectRoot, call.api);
  if (!sameName(end.root, expectRoot) || saidIn(end.root, end.envelope) !== undefined) {
    throw answerMeans(answer, { end, text: '' }, call.api);
  }
  return { ...whatItSays(end.envelope, answer, call), end, status, bytes, version };
}

function failing(step: () => void): { thrown: unknown } | undefined {
  try {
    step();
    return undefined;
  } catch (thrown) {
    return { thrown };
  }
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/**
 * A body the reader could not read. What does not even begin as the document that was asked for is another answer, not
 * a page with a fault in it: then its words decide.
 */
function unreadable(thrown: unknown, answer: Answer, head: Buffer, expectRoot: string, where: string): unknown {
  if (!(thrown instanceof QuarryError) || !/^QRY300[1234]$/.test(thrown.code)) return thrown;
  const text = head.toString('utf8');
  if (/^[\ufeff\s]*[{[]/.test(text)) return otherJson(thrown, answer, text, expectRoot, where);
  const root = rootOf(head);
  // What begins as no document of its kind is no XML, JSON or CSV: a CSV begins with anything but a tag.
  if (expectRoot === 'csv' && root === undefined && !/^[\ufeff\s]*(<|$)/.test(text)) return thrown;
  if (root === '' || (root !== undefined && sameName(root, expectRoot))) return thrown;
  if (root !== undefined && thrown.code === 'QRY3002' && /_RETURN$/i.test(root)) return thrown;
  const whole = asXml(head);
  if (whole === undefined && root !== undefined && root.toLowerCase() !== 'html') {
    const what = `Another document came: its root element is ${root}, not ${expectRoot}.`;
    return new QuarryError('QRY2034', { what, where, qualys: { status: answer.status }, cause: thrown });
  }
  return answerMeans(answer, { end: whole, text }, where);
}

/** JSON that the reader could not read: an error document, another document, or a page with a fault in it. */
function otherJson(thrown: QuarryError, answer: Answer, text: string, expectRoot: string, where: string): QuarryError {
  const value = asJson(text);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const isError = isObject && saidIn('json', value as Fields) !== undefined;
  if (isError || (value !== undefined && expectRoot !== 'json'))
    return answerMeans(answer, { end: undefined, text }, where);
  return thrown;
}

/** The root element's name in the first bytes; '' where they end before it, undefined where this is no XML. */
function rootOf(head: Buffer): string | undefined {
  const whole = head.toString('latin1').replace(/^(?:\xef\xbb\xbf)?\s*/, '');
  const rest = whole.replace(/^(?:<\?[\s\S]*?\?>\s*|<!--[\s\S]*?-->\s*|<!DOCTYPE\s(?!html)[^>[]*>\s*)+/i, '');
  if (rest === '') return whole === '' ? undefined : '';
  const name = /^<([A-Za-z_][\w.:-]*)/.exec(rest)?.[1];
  if (name !== undefined) return name;
  return /^<[?!]/.test(rest) && !/^<!doctype\s+html/i.test(rest) ? '' : undefined;
}

/** Qualys writes UTC; a time without its zone, which Node would read as local, is UTC, too. */
function utc(time: string): number {
  return Date.parse(/^\d{4}-\d\d-\d\dT[\d:.]+$/.test(time) ? `${time}Z` : time);
}

function whatItSays(envelope: Fields, answer: Answer, call: Call) {
  const response = child(envelope, 'RESPONSE') ?? {};
  const said = utc((text(response, 'DATETIME') ?? '').trim());
  const serverTime = Number.isNaN(said) ? answer.serverTime : said;
  const from = Number.isNaN(said) ? (answer.serverTime === undefined ? undefined : 'header') : 'answer';
  const warning = warningOf(response);
  // 1980 means that there is more; so does any warning with a URL.
  const next = warning?.url === undefined ? undefined : nextParams(warning.url, call.params);
  if (warning?.code === '1980' && next === undefined) {
    throw new QuarryError('QRY3001', {
      what: 'The answer says that it is not all (1980), but not how to go on.',
      where: call.api,
    });
  }
  return {
    serverTime,
    serverTimeFrom: from as FetchedAnswer['serverTimeFrom'],
    ...(warning !== undefined && { warning }),
    ...(next !== undefined && { nextParams: next }),
  };
}

/** RESPONSE/WARNING, in compliance answers also RESPONSE/WARNING_LIST/WARNING; of several the one that names a next page. */
function warningOf(response: Fields): AnswerWarning | undefined {
  const all = [warningIn(response), warningIn(child(response, 'WARNING_LIST') ?? {})].filter(
    (one) => one !== undefined,
  );
  return all.find(({ url }) => url !== undefined) ?? all[0];
}

function warningIn(response: Fields): AnswerWarning | undefined {
  const name = Object.keys(response).find((one) => sameName(one, 'WARNING'));
  const value = name === undefined ? undefined : response[name];
  if (value === undefined || value === null) return undefined;
  const all = (Array.isArray(value) ? value : [value]).map((one): AnswerWarning => {
    if (typeof one !== 'object' || one === null) return { code: undefined, text: String(one), url: undefined };
    const fields = one as Fields;
    return { code: text(fields, 'CODE'), text: text(fields, 'TEXT'), url: text(fields, 'URL') };
  });
  return all.find((one) => one.url !== undefined) ?? all[0];
}

import { QuarryError } from '../core/errors.ts';
import type { AnswerEnd, XmlFormat } from '../core/format.ts';
import type { Fields } from '../core/words.ts';
import type { Answer } from './answer.ts';
import { answerError, saidIn } from './answer-errors.ts';
import { createXmlReader } from './xml/reader.ts';

/** Error documents have a few hundred bytes; more than this is not read. */
const MOST = 1024 * 1024;

/** A format no document has, so that everything goes into the envelope. */
const NO_RECORDS: XmlFormat = { kind: 'xml', root: '', record: '', lists: [], verbatim: [], fields: [] };

/** A body read whole: as XML where it is that, and as text. JSON is text here. */
export interface ShortBody {
  readonly end: AnswerEnd | undefined;
  readonly text: string;
}

export interface ReadBody extends ShortBody {
  readonly bytes: Buffer;
}

/** Reads a body that should be short; of a longer one the first MiB. */
export async function readShortBody(answer: Answer): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > MOST) break;
    }
  } catch (thrown) {
    // The status and headers stand, whatever befell the body: a refusal that broke off is a refusal.
    if (!(thrown instanceof QuarryError) || answer.status < 300) throw thrown;
  }
  const body = Buffer.concat(chunks).subarray(0, MOST);
  return { end: asXml(body), text: body.toString('utf8'), bytes: body };
}

/** An answer whose body was read already, as it came. */
export function replayed(answer: Answer, { bytes }: ReadBody): Answer {
  async function* once(): AsyncGenerator<Buffer> {
    yield bytes;
  }
  return { ...answer, body: once(), discard: async () => undefined };
}

/** Reads an answer that is no data and says what it means. */
export async function readErrorAnswer(answer: Answer, where: string): Promise<QuarryError> {
  return answerMeans(answer, await readShortBody(answer), where);
}

/** What an answer that is no data means; tells the governor and the sign-in what a refusal's body said. */
export function answerMeans(answer: Answer, { end, text }: ShortBody, where: string): QuarryError {
  const { status, headers, redact } = answer;
  const json = end === undefined ? asJsonObject(text) : undefined;
  const document = end ?? (json === undefined ? undefined : { root: 'json', envelope: json });
  const said = document === undefined ? undefined : saidIn(document.root, document.envelope, status < 300);
  // JSON without words of its own is shown as it is.
  const known = document !== undefined && (end !== undefined || said !== undefined);
  const body = known ? { root: document.root, envelope: document.envelope } : { text };
  const error = answerError({ status, headers, where, redact, ...body });
  if (status === 409 || status === 429) {
    // Only the classic API's codes, which are numbers, tell one 409 from another.
    const code = end !== undefined && /^\d+$/.test(said?.code ?? '') ? said?.code : undefined;
    answer.refused({ code, waitMs: error.waitMs });
  }
  if (error.code === 'QRY2010' || error.code === 'QRY2011') answer.doubt();
  return error;
}

/** undefined for what is no JSON. */
export function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asJsonObject(text: string): Fields | undefined {
  const value = asJson(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** undefined for what is not a whole XML document, HTML included even where it is well-formed. */
export function asXml(body: Buffer): AnswerEnd | undefined {
  if (body.length === 0) return undefined;
  try {
    const reader = createXmlReader(NO_RECORDS, { record: () => undefined });
    reader.write(body);
    const end = reader.end();
    return end.root.toLowerCase() === 'html' ? undefined : end;
  } catch (thrown) {
    if (thrown instanceof QuarryError) return undefined;
    throw thrown;
  }
}

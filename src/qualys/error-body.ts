import { QuarryError } from '../core/errors.ts';
import type { AnswerEnd, XmlFormat } from '../core/format.ts';
import type { Answer } from './answer.ts';
import { answerError, saidIn } from './answer-errors.ts';
import { createXmlReader } from './xml/reader.ts';

/** Error documents have a few hundred bytes; more than this is not read. */
const MOST = 1024 * 1024;

/** A format no document has, so that everything goes into the envelope. */
const NO_RECORDS: XmlFormat = { kind: 'xml', root: '', record: '', lists: [], verbatim: [], fields: [] };

/** A body read whole: as XML where it is that, and as text. */
export interface ShortBody {
  readonly end: AnswerEnd | undefined;
  readonly text: string;
}

/** Reads a body that should be short; of a longer one the first MiB. */
export async function readShortBody(answer: Answer): Promise<ShortBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST) break;
    }
  } catch (thrown) {
    // The status and headers stand, whatever befell the body: a refusal that broke off is a refusal.
    if (!(thrown instanceof QuarryError) || answer.status === 200) throw thrown;
  }
  const body = Buffer.concat(chunks).subarray(0, MOST);
  return { end: asXml(body), text: body.toString('utf8') };
}

/** Reads an answer that is no data and says what it means. */
export async function readErrorAnswer(answer: Answer, where: string): Promise<QuarryError> {
  return answerMeans(answer, await readShortBody(answer), where);
}

/** What an answer that is no data means; tells the governor what a refusal's body said. */
export function answerMeans(answer: Answer, { end, text }: ShortBody, where: string): QuarryError {
  const { status, headers, redact } = answer;
  const body = end === undefined ? { text } : { root: end.root, envelope: end.envelope };
  const error = answerError({ status, headers, where, redact, ...body });
  if (status === 409 || status === 429) {
    const code = end === undefined ? undefined : saidIn(end.root, end.envelope)?.code;
    answer.refused({ code, waitMs: error.waitMs });
  }
  return error;
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

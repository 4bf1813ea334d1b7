import type { ErrorCode } from '../core/catalogue.ts';
import { QuarryError } from '../core/errors.ts';
import type { Fields, Value } from '../core/words.ts';
import { saidInJson } from './json-errors.ts';
import { type Headers, readLimits } from './limit-headers.ts';
import type { Redact } from './redact.ts';

/** An answer that is no data, as far as it was read. */
export interface BadAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The endpoint. */
  readonly where: string;
  /** The root element where the body was XML, and what stands below it; `json` and the object where it was one. */
  readonly root?: string | undefined;
  readonly envelope?: Fields | undefined;
  /** The beginning of a body that was neither; '' for an empty one. */
  readonly text?: string | undefined;
  /** Whoever answers may echo the request's credentials. */
  readonly redact?: Redact;
}

/** What Qualys says in its own error documents. */
export interface QualysSaid {
  readonly code: string | undefined;
  readonly text: string | undefined;
  readonly waitMs: number | undefined;
}

/**
 * Codes of the classic API. Source: API guide, appendix D (19xx, 20xx), recorded answers (1903, 1905, 2000, 2001,
 * 7001), error tables of other clients (the rest).
 */
const BY_CODE: Readonly<Record<string, ErrorCode>> = {
  '999': 'QRY2003', // internal error; on v1 also "not authorized", see below
  '1901': 'QRY2030', // unrecognized parameter
  '1903': 'QRY2030', // missing parameter (or header)
  '1904': 'QRY2030', // exclusive parameters
  '1905': 'QRY2030', // invalid value
  '1907': 'QRY2030', // combination not supported
  '1908': 'QRY2030', // wrong method
  '1920': 'QRY2021', // blocked by business objects; older form of 1960 and 1965
  '1922': 'QRY2030', // one of these parameters is needed
  '1959': 'QRY2022', // retryable according to other clients
  '1960': 'QRY2021',
  '1965': 'QRY2020',
  '1966': 'QRY2022', // as 1959
  '1981': 'QRY2035', // being processed
  '1999': 'QRY2003', // maintenance
  '2000': 'QRY2010', // bad login or password, no API access, or the wrong platform
  '2001': 'QRY2011', // account expired; comes with status 200
  '2002': 'QRY2011', // inactive
  '2003': 'QRY2011', // registration not completed; comes with 409
  '2011': 'QRY2011', // SecurID account
  '2012': 'QRY2012', // licence
  '5000': 'QRY2030', // v1: invalid value
  '7001': 'QRY2036', // report cannot be fetched
  // QPS answers name their codes.
  INVALID_CREDENTIALS: 'QRY2010',
  UNAUTHORIZED: 'QRY2012',
  INSUFFICIENT_PERMISSION: 'QRY2012',
  EVALUATION_EXPIRED: 'QRY2011',
  INVALID_REQUEST: 'QRY2030',
  OBJECT_NOT_FOUND: 'QRY2030',
  LIMIT_EXCEEDED: 'QRY2020',
};

function byStatus(status: number): ErrorCode {
  if (status === 202) return 'QRY2035';
  if (status < 300) return 'QRY2034';
  if (status < 400) return 'QRY2032';
  const known: Readonly<Record<number, ErrorCode>> = {
    401: 'QRY2010',
    403: 'QRY2012',
    404: 'QRY2031',
    407: 'QRY2050',
    408: 'QRY2002',
    409: 'QRY2022',
    410: 'QRY2031',
    416: 'QRY2037',
    425: 'QRY2003',
    429: 'QRY2020',
  };
  return known[status] ?? (status >= 500 ? 'QRY2003' : 'QRY2030');
}

/**
 * What a bad answer means. The body decides before the status: Qualys sends errors with 200 (2001, 7001, everything
 * on v1) and permanent refusals with 409 (2003). `qualys` of the error holds its words unchanged.
 */
export function answerError(answer: BadAnswer): QuarryError {
  const { status, headers, where, root, redact = (text) => text } = answer;
  const said = root === undefined ? undefined : saidIn(root, answer.envelope ?? {}, status < 300);
  if (said !== undefined) {
    const code = codeOf(said, status);
    const text = said.text === undefined ? undefined : redact(said.text);
    const waitMs = isLimit(code) ? waitOf(headers, said.waitMs) : undefined;
    const name = said.code === undefined ? `HTTP ${status}` : `Error ${said.code}`;
    return new QuarryError(code, {
      what: text === undefined ? name : `${name}: ${text}`,
      where,
      qualys: {
        status,
        ...(said.code !== undefined && { code: said.code }),
        ...(text !== undefined && { text }),
      },
      ...(waitMs !== undefined && { waitMs }),
    });
  }
  if (root !== undefined) {
    const code = status === 200 ? 'QRY2034' : byStatus(status);
    return new QuarryError(code, { what: `A document ${root} came (HTTP ${status}).`, where, qualys: { status } });
  }
  const text = answer.text ?? '';
  const code = textCode(status, text);
  const waitMs = isLimit(code) ? waitOf(headers, undefined) : undefined;
  const gist = redact(plain(text));
  const what = gist === '' ? `An empty answer came (HTTP ${status}).` : `HTTP ${status}: ${gist}`;
  return new QuarryError(code, {
    what,
    where,
    qualys: { status, ...(gist !== '' && { text: gist }) },
    ...(waitMs !== undefined && { waitMs }),
  });
}

function codeOf(said: QualysSaid, status: number): ErrorCode {
  if (said.code === undefined) return byStatus(status);
  if (said.code === '999' && /not authori[sz]ed|permission|not allowed/i.test(said.text ?? '')) return 'QRY2012';
  // With 401 it is the token that is refused, else the permission.
  if (status === 401 && said.code === 'UNAUTHORIZED') return 'QRY2010';
  const known = BY_CODE[said.code];
  if (known !== undefined) return known;
  if (/^19\d\d$/.test(said.code) && status < 500 && status !== 409) return 'QRY2030';
  // FAILED and its like with a good status: something went wrong, and nobody says what.
  return status < 300 && /^[A-Z_]+$/.test(said.code) ? 'QRY2003' : byStatus(status);
}

/** HTML and other text: a web page of Qualys's edge, of maintenance, or of something in between. */
function textCode(status: number, text: string): ErrorCode {
  if (/scheduled maintenance|under maintenance|temporarily unavailable/i.test(text)) return 'QRY2003';
  // A firewall before Qualys refuses with a page and 403; Qualys itself says in XML that something is not allowed.
  return status === 403 && /<html/i.test(text) ? 'QRY2034' : byStatus(status);
}

const isLimit = (code: ErrorCode) => code === 'QRY2020' || code === 'QRY2021' || code === 'QRY2022';

const DAY_MS = 86_400_000;

/** The wait Qualys names, in headers before body, clamped to (0, window], or to a day where no window is named. */
function waitOf(headers: Headers, said: number | undefined): number | undefined {
  const limits = readLimits(headers);
  const most = limits.windowMs ?? DAY_MS;
  const named = limits.toWaitMs !== undefined && limits.toWaitMs > 0 ? limits.toWaitMs : said;
  return named === undefined || named <= 0 ? undefined : Math.min(named, most);
}

/**
 * Qualys's own words in a document, or undefined where it holds none: SIMPLE_RETURN; GENERIC_RETURN, whose RETURN also
 * comes nested in API; an ERROR element below any root (v1); ServiceResponse of QPS without success; JSON as in
 * `json-errors.ts`. `mayBeData`: the status was good.
 */
export function saidIn(root: string, envelope: Fields, mayBeData = true): QualysSaid | undefined {
  const name = root.toUpperCase();
  if (name === 'JSON') {
    const found = saidInJson(envelope, mayBeData);
    return found === undefined ? undefined : said(found.code, found.text, undefined);
  }
  if (name === 'SIMPLE_RETURN') {
    const response = child(envelope, 'RESPONSE') ?? envelope;
    const seconds = Number(item(response, 'SECONDS_TO_WAIT') ?? Number.NaN);
    return said(text(response, 'CODE'), text(response, 'TEXT'), Number.isFinite(seconds) ? seconds * 1000 : undefined);
  }
  if (name === 'GENERIC_RETURN') {
    const inner = child(envelope, 'API');
    const back = child(envelope, 'RETURN') ?? (inner === undefined ? undefined : child(inner, 'RETURN'));
    const words = text(envelope, 'RETURN') ?? (inner === undefined ? undefined : text(inner, 'RETURN'));
    const number = back === undefined ? undefined : text(back, '@number');
    return said(number, words ?? (back === undefined ? undefined : text(back, 'MESSAGE')), undefined);
  }
  if (name === 'SERVICERESPONSE') {
    const code = text(envelope, 'responseCode');
    if (code === undefined || code === 'SUCCESS') return undefined;
    const details = child(envelope, 'responseErrorDetails');
    return said(code, details === undefined ? undefined : text(details, 'errorMessage'), undefined);
  }
  if (name === 'ERROR') return said(text(envelope, '@number'), text(envelope, '#text'), undefined);
  const error = find(envelope, 'ERROR');
  if (error === undefined) return undefined;
  return said(text(child(envelope, 'ERROR') ?? {}, '@number'), text(envelope, 'ERROR'), undefined);
}

function said(code: string | undefined, words: string | undefined, waitMs: number | undefined): QualysSaid {
  return { code: code === '' ? undefined : code, text: words, waitMs };
}

/** A member by name, any case (a guide sample is in lower case), the first of a list. */
export function find(fields: Fields, name: string): Value | undefined {
  const key = name in fields ? name : Object.keys(fields).find((one) => one.toUpperCase() === name.toUpperCase());
  const value = key === undefined ? undefined : fields[key];
  return Array.isArray(value) ? (value[0] as Value | undefined) : value;
}

export function child(fields: Fields, name: string): Fields | undefined {
  const value = find(fields, name);
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

/** The text of a member, with or without attributes. */
export function text(fields: Fields, name: string): string | undefined {
  const value = find(fields, name);
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const inner = (value as Fields)['#text'];
  return typeof inner === 'string' ? inner : undefined;
}

function item(response: Fields, key: string): string | undefined {
  const items = child(response, 'ITEM_LIST');
  const list =
    items === undefined ? undefined : items[Object.keys(items).find((one) => one.toUpperCase() === 'ITEM') ?? ''];
  const all: readonly Value[] = list === undefined ? [] : Array.isArray(list) ? (list as readonly Value[]) : [list];
  for (const one of all) {
    if (typeof one !== 'object' || one === null) continue;
    if (text(one as Fields, 'KEY') === key) return text(one as Fields, 'VALUE');
  }
  return undefined;
}

const GIST = 300;

/** The words of a page without its markup, on one line. */
function plain(html: string): string {
  const words = html
    .replace(/<(script|style|head)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, ' ')
    .replace(/<!--[\s\S]*?(?:-->|$)/g, ' ')
    .replace(/<[^>]*(?:>|$)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return words.length > GIST ? `${words.slice(0, GIST)}…` : words;
}

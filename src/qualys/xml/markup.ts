import { CDATA_CLASS, NAME_CLASS, NON_SPACE, SPACE_CLASS, STOP } from './bytes.ts';
import { takeRun } from './elements.ts';
import { excerpt, failure, overLimit } from './failure.ts';
import { isName } from './names.ts';
import { BEGINNING, CDATA, COMMENT, CONTENT, DECLARATION, DOCTYPE, INSTRUCTION, type Scan } from './state.ts';

/**
 * Everything that is neither text nor an element's tag: the document's beginning, comments, processing instructions,
 * CDATA sections, the document type. Each function reads from `scan.position`, keeps there what it has done, and
 * returns false when bytes are missing; nothing is read twice, however the bytes are cut.
 */
export function continueMarkup(scan: Scan, last: boolean): boolean {
  switch (scan.mode) {
    case BEGINNING:
      return beginning(scan, last);
    case DECLARATION:
      return declaration(scan);
    case CDATA:
      return cdata(scan);
    case COMMENT:
      return comment(scan);
    case INSTRUCTION:
      return instruction(scan);
    default:
      return doctype(scan);
  }
}

function content(scan: Scan, at: number): true {
  scan.mode = CONTENT;
  scan.position = scan.runStart = at;
  scan.runClasses = 0;
  return true;
}

function enter(scan: Scan, mode: number, at: number): true {
  scan.mode = mode;
  scan.position = scan.runStart = at;
  scan.runClasses = 0;
  return true;
}

const COMMENT_OPEN = Buffer.from('<!--');
const CDATA_OPEN = Buffer.from('<![CDATA[');
const DOCTYPE_OPEN = Buffer.from('<!DOCTYPE');
const ENTITY_OPEN = Buffer.from('<!ENTITY');

/** Whether `<![CDATA[` stands at `at`. */
export function startsCdata(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0x3c &&
    bytes[at + 1] === 0x21 &&
    bytes[at + 2] === 0x5b &&
    bytes[at + 3] === 0x43 &&
    bytes[at + 4] === 0x44 &&
    bytes[at + 5] === 0x41 &&
    bytes[at + 6] === 0x54 &&
    bytes[at + 7] === 0x41 &&
    bytes[at + 8] === 0x5b
  );
}

/** What begins with `<!`, `<?` or nonsense at `at`: enters its mode, or false when bytes are missing. */
export function enterMarkup(scan: Scan, at: number): boolean {
  const { buffer, length } = scan;
  if (at + 1 >= length) return false;
  const byte = buffer[at + 1];
  if (byte === 0x3f) {
    let end = at + 2;
    while (NAME_CLASS[buffer[end]!] !== 0) end++;
    if (end - at > scan.limits.nameBytes) throw overLimit(scan, 'A name is too long', scan.limits.nameBytes, at);
    if (end >= length) return false;
    const target = Buffer.from(buffer.buffer, buffer.byteOffset + at + 2, end - at - 2).toString('utf8');
    if (!isName(target) || (SPACE_CLASS[buffer[end]!] === 0 && buffer[end] !== 0x3f))
      throw failure(scan, 'QRY3001', 'A processing instruction has no proper name', at);
    if (target.toLowerCase() === 'xml')
      throw failure(scan, 'QRY3001', 'An XML declaration stands elsewhere than at the very beginning', at);
    // `?` must be followed by `>` when nothing stands between.
    if (buffer[end] === 0x3f) {
      if (end + 1 >= length) return false;
      if (buffer[end + 1] !== 0x3e) throw failure(scan, 'QRY3001', 'A processing instruction has no proper name', at);
    }
    return enter(scan, INSTRUCTION, end);
  }
  // By far the most frequent, so looked at first: the rest of `<![CDATA[`.
  if (scan.depth > 0 && at + 9 <= length && startsCdata(buffer, at)) return enter(scan, CDATA, at + 9);
  if (byte !== 0x21) throw failure(scan, 'QRY3001', '< begins no markup', at);
  const opens = (token: Buffer): 'yes' | 'no' | 'more' => {
    for (let i = 2; i < token.length; i++) {
      if (at + i >= length) return 'more';
      if (buffer[at + i] !== token[i]) return 'no';
    }
    return 'yes';
  };
  let missing = false;
  for (const token of [COMMENT_OPEN, CDATA_OPEN, DOCTYPE_OPEN, ENTITY_OPEN]) {
    const found = opens(token);
    if (found === 'more') missing = true;
    if (found !== 'yes') continue;
    if (token === COMMENT_OPEN) return enter(scan, COMMENT, at + 4);
    if (token === ENTITY_OPEN) throw failure(scan, 'QRY3004', 'An entity is declared', at);
    if (token === CDATA_OPEN) {
      if (scan.depth === 0) throw failure(scan, 'QRY3001', 'A CDATA section stands outside the root element', at);
      return enter(scan, CDATA, at + 9);
    }
    if (scan.doctypeSeen) throw failure(scan, 'QRY3004', 'A second document type is declared', at);
    if (scan.rootSeen) throw failure(scan, 'QRY3004', 'A document type is declared after the root began', at);
    scan.doctypeSeen = true;
    return enter(scan, DOCTYPE, at + 9);
  }
  if (missing) return false;
  throw failure(scan, 'QRY3001', '<! begins no markup', at);
}

/** Ends at `]]>`; the run goes from `runStart` to there. */
function cdata(scan: Scan): boolean {
  const { buffer, length } = scan;
  let at = scan.position;
  let classes = scan.runClasses;
  for (;;) {
    let byteClass = CDATA_CLASS[buffer[at]!]!;
    while (byteClass < STOP) {
      classes |= byteClass;
      byteClass = CDATA_CLASS[buffer[++at]!]!;
    }
    if (at + 2 >= length) break;
    if (buffer[at + 1] === 0x5d && buffer[at + 2] === 0x3e) {
      if (at > scan.runStart) takeRun(scan, scan.runStart, at, classes);
      return content(scan, at + 3);
    }
    classes |= NON_SPACE;
    at++;
  }
  // Brackets at the very end may belong to `]]>`.
  scan.position = at;
  scan.runClasses = classes;
  if (at - scan.runStart > scan.limits.textBytes)
    throw overLimit(scan, 'A text is too long', scan.limits.textBytes, scan.runStart);
  return false;
}

function comment(scan: Scan): boolean {
  const { buffer, length } = scan;
  let at = scan.position;
  for (; at < length; at++) {
    if (buffer[at] !== 0x2d) continue;
    if (at + 1 < length && buffer[at + 1] !== 0x2d) continue;
    if (at + 2 >= length) break;
    if (buffer[at + 2] !== 0x3e) throw failure(scan, 'QRY3001', 'A comment holds --', at);
    return content(scan, at + 3);
  }
  scan.position = scan.runStart = at;
  return false;
}

function instruction(scan: Scan): boolean {
  const { buffer, length } = scan;
  let at = scan.position;
  for (; at < length; at++) {
    if (buffer[at] !== 0x3f) continue;
    if (at + 1 >= length) break;
    if (buffer[at + 1] === 0x3e) return content(scan, at + 2);
  }
  scan.position = scan.runStart = at;
  return false;
}

/** A document type's bytes at most: Qualys's have about 150. */
const DOCTYPE_BYTES = 8192;

/** `<!DOCTYPE name SYSTEM "…">`, read for its end alone: nothing it names is ever fetched. */
function doctype(scan: Scan): boolean {
  const { buffer, length } = scan;
  let quote = scan.tagQuote;
  for (let at = scan.position; at < length; at++) {
    const byte = buffer[at]!;
    if (at - scan.runStart > DOCTYPE_BYTES) throw overLimit(scan, 'A document type is too long', DOCTYPE_BYTES, at);
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x22 || byte === 0x27) quote = byte;
    else if (byte === 0x5b) throw failure(scan, 'QRY3004', 'The document type has an internal subset', at);
    else if (byte === 0x3e) {
      const text = Buffer.from(buffer.buffer, buffer.byteOffset + scan.runStart, at - scan.runStart).toString('latin1');
      const name = /^[ \t\r\n]+([^ \t\r\n>]+)/.exec(text)?.[1];
      if (name === undefined) throw failure(scan, 'QRY3001', 'The document type names no element', at);
      if (name.toLowerCase() === 'html') throw notXml(scan, 'a web page');
      scan.tagQuote = 0;
      return content(scan, at + 1);
    }
  }
  scan.position = length;
  scan.tagQuote = quote;
  return false;
}

/** The answer is not XML at all; `kind` says what it looks like. */
export function notXml(scan: Scan, kind: string) {
  const first = excerpt(scan.buffer, 0, Math.min(scan.length, 80));
  return failure(scan, 'QRY3001', `The answer is not XML but ${kind}; it begins with «${first}»`, 0);
}

const BEGINNING_BYTES = 8;

function beginning(scan: Scan, last: boolean): boolean {
  const { buffer, length } = scan;
  if (length === 0 || (length < BEGINNING_BYTES && !last)) return false;
  const [a, b] = [buffer[0]!, length > 1 ? buffer[1]! : 1];
  if ((a === 0xfe && b === 0xff) || (a === 0xff && b === 0xfe) || a === 0 || b === 0) throw notXml(scan, 'UTF-16');
  if (a === 0x1f && b === 0x8b) throw notXml(scan, 'gzip data');
  const at = length > 2 && a === 0xef && b === 0xbb && buffer[2] === 0xbf ? 3 : 0;
  const opening = Buffer.from(buffer.buffer, buffer.byteOffset + at, Math.min(6, length - at)).toString('latin1');
  if (/^<\?xml[ \t\r\n]/.test(opening)) return enter(scan, DECLARATION, at + 5);
  const first = /[^ \t\r\n]/.exec(opening)?.[0];
  if (first === '{' || first === '[') throw notXml(scan, 'JSON');
  if (first !== undefined && first !== '<')
    throw notXml(scan, /[\x20-\x7e]/.test(first) ? 'plain text' : 'binary data');
  return content(scan, at);
}

const DECLARATION_BYTES = 1024;
const DECLARED =
  /^\s+version\s*=\s*(["'])1\.\d+\1(?:\s+encoding\s*=\s*(["'])([A-Za-z][A-Za-z0-9._-]*)\2)?(?:\s+standalone\s*=\s*(["'])(?:yes|no)\4)?\s*$/;

function declaration(scan: Scan): boolean {
  const { buffer, length, position } = scan;
  const seen = Buffer.from(buffer.buffer, buffer.byteOffset + position, length - position).subarray(
    0,
    DECLARATION_BYTES,
  );
  const end = seen.indexOf('?>');
  if (end < 0) {
    if (seen.length === DECLARATION_BYTES) throw failure(scan, 'QRY3001', 'The XML declaration does not end', position);
    return false;
  }
  const declared = DECLARED.exec(seen.toString('latin1', 0, end));
  if (declared === null) throw failure(scan, 'QRY3001', 'The XML declaration is malformed', position);
  const encoding = declared[3] ?? 'UTF-8';
  if (!/^(utf-?8|us-ascii|ascii)$/i.test(encoding))
    throw failure(scan, 'QRY3001', `The answer is encoded as ${encoding}; Quarry reads UTF-8`, position);
  return content(scan, position + end + 2);
}

/**
 * Classes of bytes, OR-ed together while text is scanned, so that a run knows afterwards what it holds. Values of the
 * class tables from STOP up end a scanning loop; the sentinel behind the buffered bytes (`]`) ends every loop.
 */
export const NON_ASCII = 1;
/** JSON escapes it: quote, backslash, TAB, LF. */
export const ESCAPE = 2;
/** A control character other than TAB, LF, CR; kept and flagged. */
export const CONTROL = 4;
/** A carriage return: XML reads CR LF and CR as LF. */
export const RETURN = 8;
/** Holds entity or character references. */
export const REFERENCE = 16;
export const NON_SPACE = 32;
/** White space in an attribute value that is read as a space. */
export const FOLDED = 64;
export const STOP = 128;
/** Bytes that are not UTF-8, or a reference to a lone surrogate: U+FFFD stands in their place. */
export const INVALID = 256;
/** The text must be worked on before it can be used: everything else is copied from the source. */
export const WORK = RETURN | REFERENCE | FOLDED | INVALID;

export const SENTINEL = 0x5d;

const NAME_START = /[A-Za-z_:\u0080-\u00ff]/;
const NAME = /[A-Za-z0-9_:.\-\u0080-\u00ff]/;

function table(of: (byte: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => of(byte));
}

function text(byte: number): number {
  if (byte === 0x20) return 0;
  if (byte === 0x09 || byte === 0x0a) return ESCAPE;
  if (byte === 0x0d) return RETURN;
  if (byte < 0x20) return CONTROL | NON_SPACE;
  if (byte >= 0x80) return NON_ASCII | NON_SPACE;
  return byte === 0x22 || byte === 0x5c ? ESCAPE | NON_SPACE : NON_SPACE;
}

const stopping = (stops: string) =>
  table((byte) => (byte === SENTINEL || stops.includes(String.fromCharCode(byte)) ? STOP : text(byte)));

/** Character data: ends at markup and references. */
export const TEXT_CLASS = stopping('<&');
/** CDATA sections: end at `]`. */
export const CDATA_CLASS = stopping('');
/** Attribute values: end at quotes, markup and references; white space folds to spaces. */
export const VALUE_CLASS = table((byte) => {
  if (byte === SENTINEL || '<&"\''.includes(String.fromCharCode(byte))) return STOP;
  return byte === 0x09 || byte === 0x0a || byte === 0x0d ? FOLDED : text(byte);
});
/** 1 for bytes of names, 3 where one may begin a name. Bytes above ASCII are checked when a name is first seen. */
export const NAME_CLASS = table((byte) => {
  const letter = String.fromCharCode(byte);
  return NAME_START.test(letter) ? 3 : NAME.test(letter) ? 1 : 0;
});
/** 1 for XML white space. */
export const SPACE_CLASS = table((byte) => (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d ? 1 : 0));

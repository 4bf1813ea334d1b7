/** What a record's bytes hold, OR-ed together while they are scanned. */
/** Anything JSON.stringify would write in another way: white space, `\/`, signs, fractions. */
export const LOOSE = 1;
/** An escape by number: perhaps half of a surrogate pair. */
export const NUMBERED = 2;
/** A control character bare inside a string, which JSON forbids. */
export const CONTROL = 4;
/** A number that a double may not hold exactly: many digits, or an exponent. */
export const LARGE = 8;
export const NON_ASCII = 0x80;

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const OPEN_BRACKET = 0x5b;
/** From `{` to `}`, and from `[` to `]`. */
export const TO_CLOSE = 2;

/** Kinds of bytes outside strings. */
export const SPACE = 1;
export const STRING = 2;
export const OPEN = 3;
export const CLOSE = 4;
export const COMMA = 5;
export const COLON = 6;
export const DIGIT = 7;
export const SIGN = 8;
export const LETTER = 9;

export const TOKEN = Uint8Array.from({ length: 256 }, (_, byte) => {
  const kinds = ['\t\n\r ', '"', '{[', '}]', ',', ':', '0123456789', '+-.E', 'aeflnrstu'];
  return kinds.findIndex((kind) => kind.includes(String.fromCharCode(byte))) + 1;
});

/** 1 for bytes of strings that stand for themselves. */
export const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 0 : 1,
);

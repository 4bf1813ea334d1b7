/**
 * A look into the bytes of JSON without white space, which is what the outbox writes, without making objects of what
 * nobody wants. Whoever looks gives anything unusual to JSON.parse: no function here throws or reads beyond the bytes.
 */
export interface JsonBytes {
  /** The closing quote of the string whose first character is at `from`. */
  stringEnd(from: number): number;
  /** Behind the value that begins at `at`. */
  valueEnd(at: number): number;
  /**
   * Calls `visit` for each member of the object at `at`: its name's characters lie in nameAt..nameTo, its value begins at
   * valueAt; `visit` says where the value ends. Returns the place behind the object, -1 where it is no object of that kind.
   */
  members(at: number, visit: (nameAt: number, nameTo: number, valueAt: number) => number): number;
  /** Up to 15 digits as a number; -1 for anything else. */
  digits(from: number, to: number): number;
  isAt(what: Uint8Array, at: number): boolean;
  parse(from: number, to: number): unknown;
}

const [QUOTE, BACKSLASH, COMMA, COLON, OPEN, CLOSE, LIST, END, ZERO] = [...Buffer.from('"\\,:{}[]0')] as [
  ...[number, number, number, number, number, number, number, number, number],
];
const MOST_DIGITS = 15;

export function jsonBytes(bytes: Buffer): JsonBytes {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length;
  const lastWord = size - 4;

  function stringEnd(from: number): number {
    for (let i = from; i < size; i++) {
      // Four bytes at once while none is a quote or a backslash: a high bit shows such a byte, or one beyond ASCII.
      for (; i <= lastWord; i += 4) {
        const word = words.getInt32(i, true);
        if (((((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101)) & 0x80808080) !== 0) break;
      }
      // The first of the four that is one of them.
      const byte = bytes[i];
      if (byte === QUOTE) return i;
      if (byte === BACKSLASH) i++;
    }
    return size;
  }

  function valueEnd(at: number): number {
    const first = bytes[at];
    if (first === QUOTE) return stringEnd(at + 1) + 1;
    let i = at;
    if (first !== OPEN && first !== LIST) {
      while (i < size && bytes[i] !== COMMA && bytes[i] !== CLOSE && bytes[i] !== END) i++;
      return i;
    }
    for (let depth = 0; i < size; i++) {
      const byte = bytes[i];
      if (byte === QUOTE) i = stringEnd(i + 1);
      else if (byte === OPEN || byte === LIST) depth++;
      else if ((byte === CLOSE || byte === END) && --depth === 0) return i + 1;
    }
    return size;
  }

  return {
    stringEnd,
    valueEnd,
    members: (at, visit) => {
      if (bytes[at] !== OPEN) return -1;
      if (bytes[at + 1] === CLOSE) return at + 2;
      for (let i = at + 1; bytes[i] === QUOTE; i++) {
        const nameTo = stringEnd(i + 1);
        if (bytes[nameTo + 1] !== COLON) return -1;
        i = visit(i + 1, nameTo, nameTo + 2);
        if (bytes[i] === CLOSE) return i + 1;
        if (bytes[i] !== COMMA) return -1;
      }
      return -1;
    },
    digits: (from, to) => {
      if (to <= from || to - from > MOST_DIGITS) return -1;
      let number = 0;
      for (let i = from; i < to; i++) {
        const digit = bytes[i]! - ZERO;
        if (!(digit >= 0 && digit <= 9)) return -1;
        number = number * 10 + digit;
      }
      return number;
    },
    isAt: (what, at) => {
      for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false;
      return true;
    },
    parse: (from, to) => JSON.parse(bytes.toString('utf8', from, to)),
  };
}

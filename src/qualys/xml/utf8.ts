/**
 * Length of the UTF-8 sequence at `at`, or minus the length of the maximal subpart that U+FFFD replaces (as the WHATWG
 * decoder does). `end` cuts a sequence short.
 */
export function sequenceAt(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  const second = at + 1 < end ? bytes[at + 1]! : 0;
  if (lead < 0xe0) return second >> 6 === 2 ? 2 : -1;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return -1;
  if (at + 2 >= end || bytes[at + 2]! >> 6 !== 2) return -2;
  if (lead < 0xf0) return 3;
  return at + 3 < end && bytes[at + 3]! >> 6 === 2 ? 4 : -3;
}

/** Whether bytes[start, end) is UTF-8. */
export function isValid(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    if (bytes[at]! < 0x80) at++;
    else {
      const length = sequenceAt(bytes, at, end);
      if (length < 0) return false;
      at += length;
    }
  }
  return true;
}

/** Writes a code point (not a surrogate); returns where it ends. */
export function putCodePoint(target: Uint8Array, at: number, code: number): number {
  if (code < 0x80) target[at++] = code;
  else if (code < 0x800) {
    target[at++] = 0xc0 | (code >> 6);
    target[at++] = 0x80 | (code & 0x3f);
  } else if (code < 0x10000) {
    target[at++] = 0xe0 | (code >> 12);
    target[at++] = 0x80 | ((code >> 6) & 0x3f);
    target[at++] = 0x80 | (code & 0x3f);
  } else {
    target[at++] = 0xf0 | (code >> 18);
    target[at++] = 0x80 | ((code >> 12) & 0x3f);
    target[at++] = 0x80 | ((code >> 6) & 0x3f);
    target[at++] = 0x80 | (code & 0x3f);
  }
  return at;
}

/** UTF-16 code units of valid UTF-8. */
export function utf16Length(bytes: Uint8Array, start: number, end: number): number {
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < 0x80 || byte >= 0xc0) length += byte >= 0xf0 ? 2 : 1;
  }
  return length;
}

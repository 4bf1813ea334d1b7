import * as Bytes from './bytes.ts';
import { beginElement, endElement } from './elements.ts';
import { failure, overLimit } from './failure.ts';
import * as NameFacts from './names.ts';
import { hashStep, intern } from './names.ts';
import type { Scan } from './state.ts';
import { widen } from './tape.ts';
import { classesOf, INCOMPLETE, MALFORMED, REFERENCE_BYTES, referenceAt } from './text.ts';
import { isValid } from './utf8.ts';

const { ESCAPE, INVALID, NAME_CLASS, NON_ASCII, NON_SPACE, SPACE_CLASS, STOP, VALUE_CLASS } = Bytes;
const { FACTS, FIRST_ATTRIBUTE, FROM, TO } = NameFacts;

/** Tags in their complete form, attributes included. Every function returns where it ends, or -1 when bytes are missing. */
export const MORE = -1;

/** The id of the name at [start, end). */
export function nameId(scan: Scan, start: number, end: number, hash: number): number {
  if (end - start > scan.limits.nameBytes) throw overLimit(scan, 'A name is too long', scan.limits.nameBytes, start);
  const id = intern(scan.names, scan.buffer, start, end, hash);
  if (id === 'too_many') throw overLimit(scan, 'Too many different names', scan.limits.names, start);
  if (id === 'not_a_name') throw failure(scan, 'QRY3001', 'A name holds characters that names may not hold', start);
  if (scan.names.capacity > scan.recordTape.width) {
    widen(scan.recordTape, scan.names.capacity);
    widen(scan.outerTape, scan.names.capacity);
  }
  return id;
}

function nameEnd(scan: Scan, start: number): number {
  const { buffer, length } = scan;
  let at = start;
  while (NAME_CLASS[buffer[at]!] !== 0) at++;
  if (at - start > scan.limits.nameBytes) throw overLimit(scan, 'A name is too long', scan.limits.nameBytes, start);
  return at >= length ? MORE : at;
}

function spaceEnd(scan: Scan, start: number): number {
  const { buffer } = scan;
  let at = start;
  while (SPACE_CLASS[buffer[at]!] === 1) at++;
  return at;
}

/** Reads the start tag at `start` (its `<`) whose name has been read up to `at`; begins the element, and ends it if empty. */
export function startTag(scan: Scan, start: number, at: number, name: number): number {
  const { buffer, length } = scan;
  let count = 0;
  for (;;) {
    const next = spaceEnd(scan, at);
    if (next >= length) return MORE;
    const byte = buffer[next]!;
    if (byte === 0x3e) {
      beginElement(scan, name, start, next + 1, count);
      return next + 1;
    }
    if (byte === 0x2f) {
      if (next + 1 >= length) return MORE;
      if (buffer[next + 1] !== 0x3e) throw failure(scan, 'QRY3001', 'A tag is not closed as it should be', next);
      beginElement(scan, name, start, next + 2, count);
      endElement(scan, next + 2);
      return next + 2;
    }
    if (NAME_CLASS[byte] !== 3) throw failure(scan, 'QRY3001', 'A tag holds what is no attribute', next);
    if (next === at) throw failure(scan, 'QRY3001', 'White space is missing before an attribute', next);
    if (count >= scan.limits.attributes)
      throw overLimit(scan, 'An element has too many attributes', scan.limits.attributes, next);
    at = attribute(scan, next, count);
    if (at === MORE) return MORE;
    count++;
  }
}

/**
 * The attributes at `at`, behind the name of a start tag, in the form Qualys writes them: ` name="value"` without
 * references. Fills `scan.attributes`; returns where the tag ends, or 0 for anything else, which `startTag` then reads
 * (and complains about).
 */
export function plainAttributes(scan: Scan, at: number, element: number): number {
  const { buffer, attributes, names, length } = scan;
  let count = 0;
  while (buffer[at] === 0x20) {
    const start = ++at;
    let name = names.facts[element * FACTS + FIRST_ATTRIBUTE]!;
    let q = names.facts[name * FACTS + FROM]!;
    const stop = names.facts[name * FACTS + TO]!;
    while (q < stop && buffer[at] === names.bytes[q]) {
      at++;
      q++;
    }
    if (count > 0 || q < stop || buffer[at] !== 0x3d) {
      at = start;
      if (NAME_CLASS[buffer[at]!] !== 3) return 0;
      let hash = 0;
      for (; NAME_CLASS[buffer[at]!] !== 0; at++) hash = hashStep(hash, buffer[at]!);
      if (at >= length || buffer[at] !== 0x3d) return 0;
      name = nameId(scan, start, at, hash);
      if (count === 0) names.facts[element * FACTS + FIRST_ATTRIBUTE] = name;
      for (let i = 0; i < count * 4; i += 4) if (attributes[i] === name) return 0;
    }
    if (buffer[at + 1] !== 0x22 || count === scan.limits.attributes) return 0;
    at += 2;
    const from = at;
    let classes = 0;
    let byteClass = VALUE_CLASS[buffer[at]!]!;
    while (byteClass < STOP) {
      classes |= byteClass;
      byteClass = VALUE_CLASS[buffer[++at]!]!;
    }
    if (buffer[at] !== 0x22 || at - from > scan.limits.textBytes) return 0;
    if ((classes & NON_ASCII) !== 0 && !isValid(buffer, from, at)) classes |= INVALID;
    attributes[count * 4] = name;
    attributes[count * 4 + 1] = from;
    attributes[count * 4 + 2] = at;
    attributes[count * 4 + 3] = classes;
    count++;
    at++;
  }
  if (buffer[at] !== 0x3e) return 0;
  scan.attributeCount = count;
  return at + 1;
}

function attribute(scan: Scan, start: number, count: number): number {
  const { buffer, length, attributes } = scan;
  const end = nameEnd(scan, start);
  if (end === MORE) return MORE;
  let hash = 0;
  for (let i = start; i < end; i++) hash = hashStep(hash, buffer[i]!);
  const name = nameId(scan, start, end, hash);
  for (let i = 0; i < count * 4; i += 4)
    if (attributes[i] === name) throw failure(scan, 'QRY3001', 'An attribute is given twice', start);
  let at = spaceEnd(scan, end);
  if (at >= length) return MORE;
  if (buffer[at] !== 0x3d) throw failure(scan, 'QRY3001', 'An attribute has no value', at);
  at = spaceEnd(scan, at + 1);
  if (at >= length) return MORE;
  const quote = buffer[at]!;
  if (quote !== 0x22 && quote !== 0x27) throw failure(scan, 'QRY3001', 'An attribute value is not quoted', at);
  return attributeValue(scan, name, at + 1, quote, count);
}

function attributeValue(scan: Scan, name: number, start: number, quote: number, count: number): number {
  const { buffer, length, attributes } = scan;
  let classes = 0;
  let at = start;
  for (;;) {
    let byteClass = VALUE_CLASS[buffer[at]!]!;
    while (byteClass < STOP) {
      classes |= byteClass;
      byteClass = VALUE_CLASS[buffer[++at]!]!;
    }
    if (at >= length) return MORE;
    const byte = buffer[at]!;
    if (byte === quote) break;
    if (byte === 0x3c) throw failure(scan, 'QRY3001', 'An attribute value holds <', at);
    if (byte === 0x26) {
      const reference = checkReference(scan, at);
      if (reference === MORE) return MORE;
      classes |= classesOf(Math.floor(reference / 64)) | NON_SPACE;
      at += reference & 63;
    } else {
      classes |= byte === 0x22 ? ESCAPE | NON_SPACE : NON_SPACE;
      at++;
    }
  }
  if (at - start > scan.limits.textBytes)
    throw overLimit(scan, 'An attribute value is too long', scan.limits.textBytes, start);
  if ((classes & NON_ASCII) !== 0 && !isValid(buffer, start, at)) classes |= INVALID;
  attributes[count * 4] = name;
  attributes[count * 4 + 1] = start;
  attributes[count * 4 + 2] = at;
  attributes[count * 4 + 3] = classes;
  return at + 1;
}

/** The reference at `at`, counted and checked: code point * 64 + length, or MORE. */
export function checkReference(scan: Scan, at: number): number {
  const reference = referenceAt(scan.buffer, at, scan.length);
  if (reference === INCOMPLETE) return MORE;
  if (reference === MALFORMED) {
    const what = `& begins no known reference (the five of XML and character numbers, up to ${REFERENCE_BYTES} bytes)`;
    throw failure(scan, 'QRY3001', what, at);
  }
  if (++scan.references > scan.limits.references)
    throw overLimit(scan, 'Too many references', scan.limits.references, at);
  return reference;
}

/** Reads the end tag at `start` in full: white space after the name, or a fault. Ends nothing. */
export function endTag(scan: Scan, start: number): number {
  const { buffer, length, names } = scan;
  if (scan.depth === 0) throw failure(scan, 'QRY3001', 'An end tag closes nothing', start);
  const name = scan.open[scan.depth - 1]!;
  let at = start + 2;
  const stop = names.facts[name * FACTS + TO]!;
  for (let i = names.facts[name * FACTS + FROM]!; i < stop; i++, at++) {
    if (at >= length) return MORE;
    if (buffer[at] !== names.bytes[i]) throw mismatch(scan, start, name);
  }
  const end = spaceEnd(scan, at);
  if (end >= length) return MORE;
  if (buffer[end] !== 0x3e) throw mismatch(scan, start, name);
  return end + 1;
}

function mismatch(scan: Scan, start: number, name: number) {
  return failure(scan, 'QRY3001', `An end tag does not close ${scan.names.texts[name]}`, start);
}

/** Whether the tag at `scan.position` may have come in whole; keeps what was looked at, so that waiting stays linear. */
export function tagArrived(scan: Scan): boolean {
  const { buffer, length } = scan;
  let at = scan.tagScanned;
  let quote = scan.tagQuote;
  for (; at < length; at++) {
    const byte = buffer[at]!;
    if (byte === 0x3c || (quote === 0 && byte === 0x3e)) break;
    if (quote === 0) {
      if (byte === 0x22 || byte === 0x27) quote = byte;
    } else if (byte === quote) quote = 0;
  }
  if (at < length) {
    scan.tagScanned = 0;
    return true;
  }
  scan.tagScanned = at;
  scan.tagQuote = quote;
  return false;
}

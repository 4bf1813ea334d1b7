import * as Bytes from './bytes.ts';
import * as Cells from './cells.ts';
import { closeContextFor, resumeContext, suspendContext } from './context.ts';
import { addAttribute, addEnvelopeText, closeElement, openElement, takeText } from './envelope.ts';
import { failure, overLimit } from './failure.ts';
import * as NameFacts from './names.ts';
import * as Kinds from './plan.ts';
import type { Scan } from './state.ts';
import { addElement, addText, clear, dropLast, growCells, type Tape } from './tape.ts';
import { decode, textOf } from './text.ts';
import { isValid } from './utf8.ts';

const { INVALID, NON_ASCII, NON_SPACE } = Bytes;
const { FACTS, MEANING, NAME_MARKS, SPELLING } = NameFacts;
const { CONTAINER, DOCUMENT, DROPPED, ID, ID_RANGE, INNER, INNER_LIST, OUTER, RECORD } = Kinds;
const { ATTRIBUTE, ATTRIBUTED, END, GROUP, LISTED, MARKS, NEXT, PARENT, PARENTAL, PIECE, SKIP, START, TEXTUAL } = Cells;

/** What happens when an element begins, holds text and ends: the complete form of what the scanner does in a hurry. */

/** The state of a child named `name` (as written) of the innermost open element. */
export function stateOf(scan: Scan, name: number): number {
  const state = scan.depth === 0 ? DOCUMENT : scan.states[scan.depth - 1]!;
  const { known, facts } = scan.names;
  const meant = facts[name * FACTS + MEANING]!;
  return state === 0 || meant >= known ? 0 : scan.plan.next[state * known + meant]!;
}

/** Makes room on a tape for an element with all attributes it may have. */
export function reserve(scan: Scan, tape: Tape): void {
  if (tape.top > scan.maxTop)
    throw overLimit(scan, 'A record has too many elements', scan.limits.recordElements, scan.position);
  growCells(tape, (scan.limits.attributes + 2) * GROUP, scan.maxTop);
}

/** Begins the element whose tag stands at [at, end), with `count` attributes in `scan.attributes`. */
export function beginElement(scan: Scan, name: number, at: number, end: number, count: number): void {
  if (scan.depth >= scan.limits.depth) throw overLimit(scan, 'Elements are nested too deeply', scan.limits.depth, at);
  const state = stateOf(scan, name);
  const kind = scan.plan.kind[state]!;
  const spelled = scan.names.facts[name * FACTS + SPELLING]!;
  if (scan.depth === 0) {
    scan.rootSeen = true;
    scan.root = scan.names.texts[name]!;
    scan.shouting = state !== 0 && scan.names.facts[name * FACTS + MEANING] !== name;
  }
  let group = 0;
  if (scan.tape === null && kind !== RECORD && kind !== OUTER) {
    if (kind !== ID && kind !== ID_RANGE && scan.envelope.size > scan.limits.envelopeBytes)
      throw overLimit(scan, 'Too much stands around the records', scan.limits.envelopeBytes, at);
    const text = scan.names.texts[name]!;
    if (kind === DROPPED || scan.envelope.dropping > 0) scan.envelope.dropping++;
    else openElement(scan.envelope, scan.shouting ? text.toUpperCase() : text, kind === CONTAINER && scan.depth > 0);
  } else if (kind === RECORD || kind === OUTER || kind === INNER) {
    if (kind === INNER) closeContextFor(scan, at);
    const tape = kind === OUTER ? scan.outerTape : scan.recordTape;
    clear(tape, spelled);
    reserve(scan, tape);
    tape.base = at;
    scan.tape = tape;
    scan.recordDepth = scan.depth;
    if (kind === OUTER) {
      scan.outerDepth = scan.depth;
      scan.contextLength = 0;
      resumeContext(scan, at);
    }
  } else if (scan.tape !== null) {
    const tape = scan.tape;
    if (tape.top > tape.room) reserve(scan, tape);
    const marks = scan.names.facts[name * FACTS + NAME_MARKS]! | (scan.plan.listed[state] === 1 ? LISTED : 0);
    const parent = scan.groups[scan.depth - 1]!;
    group = addElement(tape, parent, scan.depth - scan.recordDepth, spelled, marks);
  }
  scan.open[scan.depth] = name;
  scan.groups[scan.depth] = group;
  scan.states[scan.depth] = state;
  scan.depth++;
  scan.previous = name;
  if (count > 0) attach(scan, group, count, end);
}

/** Gives the element at `group` the attributes in `scan.attributes`. The caller made room on the tape. */
export function attach(scan: Scan, group: number, count: number, end: number): void {
  const { attributes, tape, names } = scan;
  for (let i = 0; i < count * 4; i += 4) {
    const name = attributes[i]!;
    const start = attributes[i + 1]!;
    const stop = attributes[i + 2]!;
    const classes = attributes[i + 3]!;
    if (tape === null) {
      if (scan.envelope.dropping > 0) return;
      const value = stringOf(scan, start, stop, classes);
      addAttribute(scan.envelope, names.texts[name]!, value);
      continue;
    }
    const cell = tape.top;
    const cells = tape.cells;
    cells[cell] = name;
    cells[cell + START] = start - tape.base;
    cells[cell + END] = stop - tape.base;
    cells[cell + MARKS] = classes | TEXTUAL | ATTRIBUTE;
    cells[cell + NEXT] = 0;
    cells[cell + SKIP] = cell + GROUP;
    cells[cell + PARENT] = -1;
    tape.top = cell + GROUP;
    tape.classes |= classes;
    cells[group + MARKS]! |= ATTRIBUTED;
    cells[group + SKIP] = tape.top;
  }
  if (scan.envelope.size > scan.limits.envelopeBytes)
    throw overLimit(scan, 'Too much stands around the records', scan.limits.envelopeBytes, end);
}

function stringOf(scan: Scan, start: number, end: number, classes: number): string {
  const { found } = scan;
  found.start = 0;
  found.end = decode(found, 0, scan.buffer, start, end, classes);
  found.bytes = found.scratch;
  found.classes = NON_ASCII;
  return textOf(found);
}

/** Takes the run of text at [start, end), between two pieces of markup, into the innermost open element. */
export function takeRun(scan: Scan, start: number, end: number, classes: number): void {
  if (end - start > scan.limits.textBytes) throw overLimit(scan, 'A text is too long', scan.limits.textBytes, start);
  const blank = (classes & NON_SPACE) === 0;
  if (scan.depth === 0) {
    if (!blank) throw failure(scan, 'QRY3001', 'Text stands outside the root element', start);
    return;
  }
  const kind = scan.plan.kind[scan.states[scan.depth - 1]!]!;
  // Between records white space would pile up without end.
  if (blank && (kind === CONTAINER || kind === INNER_LIST)) return;
  if ((classes & NON_ASCII) !== 0 && !isValid(scan.buffer, start, end)) classes |= INVALID;
  const tape = scan.tape;
  if (tape === null) {
    if (scan.envelope.dropping > 0) return;
    const innermost = scan.envelope.open.at(-1);
    if (blank && innermost?.text === '') return;
    addEnvelopeText(scan.envelope, stringOf(scan, start, end, classes));
    if (scan.envelope.size > scan.limits.envelopeBytes)
      throw overLimit(scan, 'Too much stands around the records', scan.limits.envelopeBytes, start);
    return;
  }
  scan.contextTouched = true;
  if (tape.piecesTop > scan.limits.recordElements * PIECE)
    throw overLimit(scan, 'A record has too many pieces of text', scan.limits.recordElements, start);
  addText(tape, scan.groups[scan.depth - 1]!, start - tape.base, end - tape.base, classes);
}

/** Ends the innermost open element, whose closing tag ends at `end`; hands out what is complete. */
export function endElement(scan: Scan, end: number): void {
  const depth = --scan.depth;
  const kind = scan.plan.kind[scan.states[depth]!]!;
  const tape = scan.tape;
  if (tape === null) {
    if (scan.envelope.dropping > 0) scan.envelope.dropping--;
    else if (kind === ID || kind === ID_RANGE) takeId(scan, kind === ID_RANGE, end);
    else closeElement(scan.envelope);
    if (depth === 0) scan.rootClosed = true;
    return;
  }
  const group = scan.groups[depth]!;
  tape.cells[group + SKIP] = tape.top;
  if (depth !== scan.recordDepth) {
    if (kind === INNER_LIST && (tape.cells[group + MARKS]! & (TEXTUAL | ATTRIBUTED | PARENTAL)) === 0) {
      dropLast(tape, group);
      scan.contextTop = Math.min(scan.contextTop, tape.top);
    }
    return;
  }
  if (tape === scan.outerTape) {
    suspendContext(scan, end);
    scan.tape = null;
    scan.outers++;
    if (scan.outerView !== undefined) scan.handler.outer?.(scan.outerView);
    return;
  }
  tape.bytes = scan.buffer;
  tape.words = scan.words;
  tape.length = end - tape.base;
  if (tape.length > scan.limits.recordBytes)
    throw overLimit(scan, 'A record is too large', scan.limits.recordBytes, end);
  scan.records++;
  if (scan.recordView !== undefined) scan.handler.record(scan.recordView);
  if (kind === INNER) {
    scan.tape = scan.outerTape;
    scan.recordDepth = scan.outerDepth;
    resumeContext(scan, end);
  } else {
    scan.outers++;
    scan.tape = null;
  }
}

const SINGLE = /^\d{1,16}$/;
const RANGE = /^(\d{1,16})-(\d{1,16})$/;

function takeId(scan: Scan, range: boolean, end: number): void {
  const text = takeText(scan.envelope) ?? '';
  const match = range ? RANGE.exec(text) : SINGLE.exec(text);
  const first = Number(range ? match?.[1] : match?.[0]);
  const last = range ? Number(match?.[2]) : first;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last < first)
    throw failure(scan, 'QRY3005', `An id set holds «${text.slice(0, 40)}», which is no id`, end);
  scan.handler.ids?.(first, last);
}

import * as Bytes from './bytes.ts';
import * as Cells from './cells.ts';
import { attach, endElement, reserve, takeRun } from './elements.ts';
import { failure, overLimit } from './failure.ts';
import { continueMarkup, enterMarkup, notXml, startsCdata } from './markup.ts';
import * as NameFacts from './names.ts';
import { hashStep } from './names.ts';
import * as Kinds from './plan.ts';
import type { Scan } from './state.ts';
import * as Modes from './state.ts';
import { checkReference, endTag, MORE, nameId, plainAttributes, startTag, tagArrived } from './tags.ts';
import { addElement } from './tape.ts';
import { classesOf } from './text.ts';
import { isValid } from './utf8.ts';

const { CDATA_CLASS, ESCAPE, INVALID, NAME_CLASS, NON_ASCII, NON_SPACE, SENTINEL, STOP, TEXT_CLASS } = Bytes;
const { FACTS, FOLLOWER, FROM, MEANING, NAME_MARKS, OTHER_FOLLOWER, SPELLING, TO } = NameFacts;
const { PLAIN } = Kinds;
const { CONTENT } = Modes;
const { END, LISTED, MARKS, SKIP, START, TEXTUAL, VERBATIM } = Cells;

/**
 * The hot loop: reads what is buffered as far as it goes. One pass over the bytes; the only memory touched besides is
 * the tape.
 *
 * State. `position` is the next byte to look at. In CONTENT mode the bytes from `runStart` are text whose classes are
 * in `runClasses`; a `<` ends the run and hands it over before the tag is read, so that a tag whose end is missing can
 * simply be read again when more bytes have come (`tagScanned` keeps that linear). Other modes are continued by
 * `continueMarkup`.
 *
 * Invariants. buffer[length] is the sentinel `]`, which every loop stops at, so no loop compares positions with the
 * end; a stop there is told from a true `]` by its position. Positions on a tape are relative to its `base`.
 *
 * Speed. A name is first guessed (the name that followed the previous one last time) and compared, at once, with its
 * closing `>`; only a wrong guess is hashed. An element with nothing but text, its end tag included, is read without
 * being opened (`leaf` below); everything unusual in it falls back to the general way, from where it stands. Nothing is
 * allocated here. Constants are this module's own: see cells.ts.
 */
export function scan(s: Scan, last: boolean): void {
  const { names, open, groups, states, words } = s;
  const { kind: kinds, next: following, listed } = s.plan;
  const known = names.known;
  const b = s.buffer;
  const length = s.length;
  const maxDepth = s.limits.depth;
  const maxText = s.limits.textBytes;
  // What new names may move; read again when there is one.
  let facts = names.facts;
  let nameBytes = names.bytes;
  let nameWords = names.words;

  for (;;) {
    if (s.mode !== CONTENT && !continueMarkup(s, last)) return;
    if (s.mode !== CONTENT) continue;
    if (s.tagScanned !== 0 && !tagArrived(s)) return;
    let at = s.position;
    let runStart = s.runStart;
    let classes = s.runClasses;

    // One turn per piece of markup; left for other modes and when bytes are missing.
    for (;;) {
      // Indentation first, four spaces at a time: they are of no class.
      if (b[at] === 0x0a) {
        classes |= ESCAPE;
        at++;
      }
      while (words.getInt32(at, true) === FOUR_SPACES) at += 4;
      let byte = b[at]!;
      if (byte !== 0x3c) {
        at = textEnd(s, b, at);
        classes |= s.classes;
        byte = b[at]!;
      }
      if (byte !== 0x3c) {
        if (byte === SENTINEL) {
          const second = at + 1 < length ? b[at + 1] : SENTINEL;
          if (at >= length || (second === SENTINEL && at + 2 >= length)) {
            if (at - runStart > maxText) throw overLimit(s, 'A text is too long', maxText, runStart);
            pause(s, at, runStart, classes);
            return;
          }
          if (second === SENTINEL && b[at + 2] === 0x3e) throw failure(s, 'QRY3001', 'Text holds ]]>', at);
          at++;
        } else {
          if (s.depth === 0) throw failure(s, 'QRY3001', 'Text stands outside the root element', at);
          const reference = checkReference(s, at);
          if (reference === MORE) {
            pause(s, at, runStart, classes);
            return;
          }
          classes |= classesOf(reference >> 6);
          at += reference & 63;
        }
        classes |= NON_SPACE;
        continue;
      }

      // A tag or other markup. The run before it is over.
      const tape = s.tape;
      if (at > runStart) {
        if (
          (classes & NON_SPACE) !== 0 ||
          tape === null ||
          (tape.cells[groups[s.depth - 1]! + MARKS]! & (TEXTUAL | VERBATIM)) !== 0
        )
          takeRun(s, runStart, at, classes);
        runStart = at;
      }
      classes = 0;

      byte = b[at + 1]!;
      if (byte === 0x2f) {
        // An end tag: the open element's name and `>`.
        const depth = s.depth - 1;
        let past = MORE;
        if (depth >= 0) {
          const name = open[depth]!;
          const start = facts[name * FACTS + FROM]!;
          const size = facts[name * FACTS + TO]! + 1 - start;
          if (equalBytes(b, words, at + 2, nameBytes, nameWords, start, size) === size) past = at + 2 + size;
        }
        if (past === MORE) past = endTag(s, at);
        if (past === MORE) {
          pause(s, at, at, 0);
          awaitTag(s, at);
          return;
        }
        at = runStart = past;
        if (tape !== null && kinds[states[depth]!] === PLAIN) {
          s.depth = depth;
          tape.cells[groups[depth]! + SKIP] = tape.top;
        } else {
          s.position = at;
          endElement(s, at);
        }
        continue;
      }

      if (NAME_CLASS[byte] !== 3) {
        pause(s, at, at, 0);
        if (!enterMarkup(s, at)) return;
        break;
      }

      // A start tag: two guesses, then the table.
      const previous = s.previous * FACTS;
      let name = facts[previous + FOLLOWER]!;
      let fact = name * FACTS;
      let start = facts[fact + FROM]!;
      let size = facts[fact + TO]! - start;
      let i = at + 1 + size;
      if (equalBytes(b, words, at + 1, nameBytes, nameWords, start, size) !== size || NAME_CLASS[b[i]!] !== 0) {
        const other = facts[previous + OTHER_FOLLOWER]!;
        facts[previous + OTHER_FOLLOWER] = name;
        name = other;
        fact = name * FACTS;
        start = facts[fact + FROM]!;
        size = facts[fact + TO]! - start;
        i = at + 1 + size;
        if (equalBytes(b, words, at + 1, nameBytes, nameWords, start, size) !== size || NAME_CLASS[b[i]!] !== 0) {
          i = at + 1;
          let hash = 0;
          let letter = b[i]!;
          while (NAME_CLASS[letter] !== 0) {
            hash = hashStep(hash, letter);
            letter = b[++i]!;
          }
          if (i >= length) {
            if (i - at > s.limits.nameBytes) throw overLimit(s, 'A name is too long', s.limits.nameBytes, at);
            pause(s, at, at, 0);
            return;
          }
          name = nameId(s, at + 1, i, hash);
          facts = names.facts;
          nameBytes = names.bytes;
          nameWords = names.words;
          fact = name * FACTS;
          start = facts[fact + FROM]!;
          size = i - at - 1;
        }
        facts[previous + FOLLOWER] = name;
      }
      if (s.depth === 0) {
        if (s.rootSeen) throw failure(s, 'QRY3001', 'Something stands behind the end of the root element', at);
        if (names.texts[name]!.toLowerCase() === 'html') throw notXml(s, 'a web page');
      }

      let state = 0;
      if (s.depth > 0) {
        const parentState = states[s.depth - 1]!;
        if (parentState !== 0) {
          const meant = facts[fact + MEANING]!;
          if (meant < known) state = following[parentState * known + meant]!;
        }
      }
      // In a record and without a meaning of its own, in the usual form: no need to go the long way.
      const quick = tape !== null && kinds[state] === PLAIN && s.depth < maxDepth;
      const plain = b[i] === 0x3e;
      let inside = 0;
      if (quick) {
        if (plain) inside = i + 1;
        else {
          inside = plainAttributes(s, i, name);
          facts = names.facts;
          nameBytes = names.bytes;
          nameWords = names.words;
        }
      }
      if (tape === null || inside === 0) {
        pause(s, at, at, 0);
        const end = startTag(s, at, i, name);
        facts = names.facts;
        nameBytes = names.bytes;
        nameWords = names.words;
        if (end === MORE) {
          awaitTag(s, at);
          return;
        }
        at = runStart = end;
        continue;
      }
      if (tape.top > tape.room) {
        s.position = at;
        reserve(s, tape);
      }
      const marks = facts[fact + NAME_MARKS]! | (listed[state] === 1 ? LISTED : 0);
      const group = addElement(tape, groups[s.depth - 1]!, s.depth - s.recordDepth, facts[fact + SPELLING]!, marks);
      if (!plain) attach(s, group, s.attributeCount, inside);
      s.previous = name;

      // A leaf: text or one CDATA section, then the end tag.
      let textStart = inside;
      let end = inside;
      let past = inside;
      if (b[inside] !== 0x3c) {
        past = end = textEnd(s, b, inside);
        classes = s.classes;
      } else if (startsCdata(b, inside) && inside + 9 <= length) {
        textStart = inside + 9;
        end = cdataEnd(s, b, textStart);
        classes = s.classes;
        past = end + 2 >= length ? length : end + 3;
      }
      if (b[past] === 0x3c && b[past + 1] === 0x2f) {
        size++;
        if (equalBytes(b, words, past + 2, nameBytes, nameWords, start, size) === size) {
          if (end > textStart && ((classes & NON_SPACE) !== 0 || marks >= VERBATIM)) {
            if ((classes & NON_ASCII) !== 0 && !isValid(b, textStart, end)) classes |= INVALID;
            if (end - textStart > maxText) throw overLimit(s, 'A text is too long', maxText, textStart);
            const cells = tape.cells;
            cells[group + START] = textStart - tape.base;
            cells[group + END] = end - tape.base;
            cells[group + MARKS]! |= classes | TEXTUAL;
            tape.classes |= classes;
          }
          at = runStart = past + 2 + size;
          classes = 0;
          continue;
        }
      }
      // Not a leaf, or not all here yet: open it, and go on behind the text that was looked through.
      open[s.depth] = name;
      groups[s.depth] = group;
      states[s.depth] = state;
      s.depth++;
      runStart = inside;
      if (textStart === inside) at = end;
      else {
        at = inside;
        classes = 0;
      }
    }
  }
}

/** Where the text at `at` ends: at markup, a reference or `]`. Its classes are in `s.classes`. */
function textEnd(s: Scan, b: Uint8Array, at: number): number {
  let classes = 0;
  let byteClass = TEXT_CLASS[b[at]!]!;
  while (byteClass < STOP) {
    classes |= byteClass;
    byteClass = TEXT_CLASS[b[++at]!]!;
  }
  s.classes = classes;
  return at;
}

/** Where the CDATA section whose text is at `at` ends: at `]]>`, or near the end of the buffer. */
function cdataEnd(s: Scan, b: Uint8Array, start: number): number {
  const { length, words } = s;
  let at = start;
  let classes = 0;
  for (;;) {
    // Eight bytes at once while all are plain: none of them has a class of its own, and none is `]`. Going straight to
    // the first that is not spares a twelfth of the scan of a KnowledgeBase (measured on Node 24).
    let found = marked(words.getInt32(at, true));
    let more = marked(words.getInt32(at + 4, true));
    while (((found | more) & 0x80808080) === 0) {
      at += 8;
      found = marked(words.getInt32(at, true));
      more = marked(words.getInt32(at + 4, true));
    }
    found &= 0x80808080;
    if (found === 0) {
      found = more & 0x80808080;
      at += 4;
    }
    // The lowest of the high bits is that of the first byte that is not plain (a borrow reaches only those behind it).
    at += (31 - Math.clz32(found & -found)) >> 3;
    let byteClass = CDATA_CLASS[b[at]!]!;
    while ((byteClass & ~NON_SPACE) !== 0 && byteClass < STOP) {
      classes |= byteClass;
      byteClass = CDATA_CLASS[b[++at]!]!;
    }
    if (byteClass < STOP) continue;
    if (at + 2 >= length || (b[at + 1] === SENTINEL && b[at + 2] === 0x3e)) break;
    classes |= NON_SPACE;
    at++;
  }
  // What was read eight at a time is not space alone, as a rule, by its first byte.
  for (let i = start; i < at && (classes & NON_SPACE) === 0; i++) classes |= CDATA_CLASS[b[i]!]! & NON_SPACE;
  s.classes = classes;
  return at;
}

/** High bits where one of four bytes is a control character, a quote, a backslash, `]` or beyond ASCII. */
function marked(word: number): number {
  // `\\` and `]` differ in their lowest bit alone.
  return (
    word | (word - 0x20202020) | ((word ^ 0x22222222) - 0x01010101) | (((word | 0x01010101) ^ 0x5d5d5d5d) - 0x01010101)
  );
}

const FOUR_SPACES = 0x20202020;

function pause(s: Scan, at: number, runStart: number, classes: number): void {
  s.position = at;
  s.runStart = runStart;
  s.runClasses = classes;
}

/** What there is of the tag at `at` was looked through; only new bytes can help. */
function awaitTag(s: Scan, at: number): void {
  s.tagScanned = at + 1;
  s.tagQuote = 0;
  tagArrived(s);
}

/** `size` when the bytes of a name, from `start` in `names`, stand at `at`; else -1. */
function equalBytes(
  b: Uint8Array,
  words: DataView,
  at: number,
  names: Uint8Array,
  nameWords: DataView,
  start: number,
  size: number,
): number {
  const last = size - 4;
  if (last < 0) {
    for (let i = 0; i < size; i++) if (b[at + i] !== names[start + i]) return -1;
    return size;
  }
  for (let i = 0; i < last; i += 4) if (words.getInt32(at + i, true) !== nameWords.getInt32(start + i, true)) return -1;
  // The last four overlap what was compared: cheaper than a loop over what is left.
  return words.getInt32(at + last, true) === nameWords.getInt32(start + last, true) ? size : -1;
}

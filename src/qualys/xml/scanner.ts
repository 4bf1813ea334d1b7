import { CDATA_CLASS, INVALID, NAME_CLASS, NON_ASCII, NON_SPACE, SENTINEL, STOP, TEXT_CLASS } from './bytes.ts';
import { endElement, reserve, takeRun } from './elements.ts';
import { failure, overLimit } from './failure.ts';
import { continueMarkup, enterMarkup, notXml } from './markup.ts';
import { hashStep } from './names.ts';
import { PLAIN } from './plan.ts';
import { CONTENT, type Scan } from './state.ts';
import { checkReference, endTag, MORE, nameId, startTag, tagArrived } from './tags.ts';
import { addElement, END, LISTED, MARKS, SKIP, START, TEXTUAL, VERBATIM } from './tape.ts';
import { classesOf } from './text.ts';
import { isValid } from './utf8.ts';

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
 * allocated here.
 */
export function scan(s: Scan, last: boolean): void {
  const textClass = TEXT_CLASS;
  const cdataClass = CDATA_CLASS;
  const nameClass = NAME_CLASS;
  const { names, open, groups, states } = s;
  const { kind: kinds, next: following, listed } = s.plan;
  const known = names.known;
  const b = s.buffer;
  const length = s.length;
  const maxDepth = s.limits.depth;
  const maxText = s.limits.textBytes;

  for (;;) {
    if (s.mode !== CONTENT && !continueMarkup(s, last)) return;
    if (s.mode !== CONTENT) continue;
    if (s.tagScanned !== 0 && !tagArrived(s)) return;
    let at = s.position;
    let runStart = s.runStart;
    let classes = s.runClasses;

    // One turn per piece of markup; left for other modes and when bytes are missing.
    for (;;) {
      let byteClass = textClass[b[at]!]!;
      while (byteClass < STOP) {
        classes |= byteClass;
        byteClass = textClass[b[++at]!]!;
      }
      let byte = b[at]!;
      if (byte !== 0x3c) {
        if (byte === SENTINEL) {
          const second = at + 1 < length ? b[at + 1] : SENTINEL;
          if (at >= length || (second === SENTINEL && at + 2 >= length)) {
            s.position = at;
            s.runStart = runStart;
            s.runClasses = classes;
            if (at - runStart > maxText) throw overLimit(s, 'A text is too long', maxText, runStart);
            return;
          }
          if (second === SENTINEL && b[at + 2] === 0x3e) throw failure(s, 'QRY3001', 'Text holds ]]>', at);
          at++;
        } else {
          const reference = s.depth === 0 ? 0 : checkReference(s, at);
          if (s.depth === 0) throw failure(s, 'QRY3001', 'Text stands outside the root element', at);
          if (reference === MORE) {
            s.position = at;
            s.runStart = runStart;
            s.runClasses = classes;
            return;
          }
          classes |= classesOf(Math.floor(reference / 64));
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
        let i = at + 2;
        const depth = s.depth - 1;
        if (depth >= 0) {
          const name = open[depth]!;
          let q = names.starts[name]!;
          const stop = names.ends[name]!;
          const bytes = names.bytes;
          while (q <= stop && b[i] === bytes[q]) {
            i++;
            q++;
          }
          if (q <= stop) i = endTag(s, at);
        } else i = endTag(s, at);
        if (i === MORE) {
          s.position = s.runStart = at;
          s.runClasses = 0;
          return;
        }
        at = runStart = i;
        if (tape !== null && kinds[states[depth]!] === PLAIN) {
          s.depth = depth;
          tape.cells[groups[depth]! + SKIP] = tape.top;
        } else {
          s.position = at;
          endElement(s, at);
        }
        continue;
      }

      if (nameClass[byte] !== 3) {
        s.position = s.runStart = at;
        s.runClasses = 0;
        if (!enterMarkup(s, at)) return;
        break;
      }

      // A start tag.
      let name = names.follower[s.previous]!;
      let i = at + 1;
      let q = names.starts[name]!;
      const stop = names.ends[name]!;
      const nameBytes = names.bytes;
      while (q < stop && b[i] === nameBytes[q]) {
        i++;
        q++;
      }
      if (q < stop || nameClass[b[i]!] !== 0) {
        i = at + 1;
        let hash = 0;
        let letter = b[i]!;
        while (nameClass[letter] !== 0) {
          hash = hashStep(hash, letter);
          letter = b[++i]!;
        }
        if (i >= length) {
          if (i - at > s.limits.nameBytes) throw overLimit(s, 'A name is too long', s.limits.nameBytes, at);
          s.position = s.runStart = at;
          s.runClasses = 0;
          return;
        }
        name = nameId(s, at + 1, i, hash);
        names.follower[s.previous] = name;
      }
      if (s.depth === 0) {
        if (s.rootSeen) throw failure(s, 'QRY3001', 'Something stands behind the end of the root element', at);
        if (names.texts[name]!.toLowerCase() === 'html') throw notXml(s, 'a web page');
      }

      // In a record, and neither attributes nor a meaning of its own: no need to go the long way.
      let state = 0;
      if (s.depth > 0) {
        const parentState = states[s.depth - 1]!;
        if (parentState !== 0) {
          const meant = names.meaning[name]!;
          if (meant < known) state = following[parentState * known + meant]!;
        }
      }
      if (b[i] !== 0x3e || tape === null || kinds[state] !== PLAIN || s.depth >= maxDepth) {
        s.position = s.runStart = at;
        s.runClasses = 0;
        const end = startTag(s, at, i, name);
        if (end === MORE) {
          s.tagScanned = at + 1;
          s.tagQuote = 0;
          // What is there was looked through just now; only new bytes can help.
          tagArrived(s);
          return;
        }
        at = runStart = end;
        continue;
      }
      i++;
      reserve(s, tape);
      const marks = (names.verbatim[name] === 1 ? VERBATIM : 0) | (listed[state] === 1 ? LISTED : 0);
      const group = addElement(tape, groups[s.depth - 1]!, s.depth - s.recordDepth, names.spelling[name]!, marks);
      s.previous = name;

      // A leaf: text or one CDATA section, then the end tag.
      let start = i;
      let end = i;
      let past = i;
      if (
        b[i] === 0x3c &&
        b[i + 1] === 0x21 &&
        b[i + 2] === 0x5b &&
        i + 9 <= length &&
        b[i + 3] === 0x43 &&
        b[i + 4] === 0x44 &&
        b[i + 5] === 0x41 &&
        b[i + 6] === 0x54 &&
        b[i + 7] === 0x41 &&
        b[i + 8] === 0x5b
      ) {
        start = end = i + 9;
        for (;;) {
          byteClass = cdataClass[b[end]!]!;
          while (byteClass < STOP) {
            classes |= byteClass;
            byteClass = cdataClass[b[++end]!]!;
          }
          if (end + 2 >= length || (b[end + 1] === SENTINEL && b[end + 2] === 0x3e)) break;
          classes |= NON_SPACE;
          end++;
        }
        past = end + 2 >= length ? length : end + 3;
      } else {
        byteClass = textClass[b[end]!]!;
        while (byteClass < STOP) {
          classes |= byteClass;
          byteClass = textClass[b[++end]!]!;
        }
        past = end;
      }
      if (b[past] === 0x3c && b[past + 1] === 0x2f) {
        past += 2;
        q = names.starts[name]!;
        const close = names.ends[name]!;
        const bytes = names.bytes;
        while (q <= close && b[past] === bytes[q]) {
          past++;
          q++;
        }
        if (q > close) {
          if (end > start && ((classes & NON_SPACE) !== 0 || marks >= VERBATIM)) {
            if ((classes & NON_ASCII) !== 0 && !isValid(b, start, end)) classes |= INVALID;
            if (end - start > maxText) throw overLimit(s, 'A text is too long', maxText, start);
            const cells = tape.cells;
            cells[group + START] = start - tape.base;
            cells[group + END] = end - tape.base;
            cells[group + MARKS]! |= classes | TEXTUAL;
            tape.classes |= classes;
          }
          at = runStart = past;
          classes = 0;
          continue;
        }
      }
      // Not a leaf, or not all here yet.
      open[s.depth] = name;
      groups[s.depth] = group;
      states[s.depth] = state;
      s.depth++;
      runStart = i;
      if (start === i) at = end;
      else {
        at = i;
        classes = 0;
      }
    }
  }
}

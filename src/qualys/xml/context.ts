import { ATTRIBUTED, MARKS, PARENTAL, SKIP, TEXTUAL } from './cells.ts';
import { overLimit } from './failure.ts';
import { PADDING, type Scan } from './state.ts';

/**
 * The outer element's bytes. While a record inside it is read, and whenever the buffer moves, what the outer element
 * has said so far is copied to `context`; spans that added nothing to its tape (white space between records) are not.
 * So memory depends on the host's own fields alone.
 */

/** The outer element takes the bytes from `at` on. */
export function resumeContext(scan: Scan, at: number): void {
  scan.contextFrom = at;
  scan.contextTop = scan.outerTape.top;
  scan.contextTouched = false;
  scan.outerTape.base = at - scan.contextLength;
}

/** The bytes up to `at` are the outer element's; afterwards its tape can be read. */
export function suspendContext(scan: Scan, at: number): void {
  const tape = scan.outerTape;
  if (scan.contextTouched || tape.top !== scan.contextTop) {
    const length = at - scan.contextFrom;
    const needed = scan.contextLength + length;
    if (needed > scan.limits.recordBytes)
      throw overLimit(scan, 'An element around records is too large', scan.limits.recordBytes, at);
    if (needed + PADDING > scan.context.length) {
      const larger = new Uint8Array(Math.max(needed + PADDING, scan.context.length * 2));
      larger.set(scan.context.subarray(0, scan.contextLength));
      scan.context = larger;
      scan.contextWords = new DataView(larger.buffer);
    }
    scan.context.set(scan.buffer.subarray(scan.contextFrom, at), scan.contextLength);
    scan.contextLength = needed;
    scan.contextNumber++;
  }
  tape.bytes = scan.context;
  tape.words = scan.contextWords;
  tape.base = 0;
  tape.length = scan.contextLength;
}

/** Before a record: makes the outer element, still open, readable up to here, without its list of records. */
export function closeContextFor(scan: Scan, at: number): void {
  suspendContext(scan, at);
  const { cells, top } = scan.outerTape;
  const list = scan.groups[scan.depth - 1]!;
  cells[list + SKIP] = top;
  cells[SKIP] = (cells[list + MARKS]! & (TEXTUAL | ATTRIBUTED | PARENTAL)) === 0 ? list : top;
}

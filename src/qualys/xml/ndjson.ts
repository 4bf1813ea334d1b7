import type { XmlRecordHandler } from './reader.ts';
import type { XmlRecordView } from './record-view.ts';

/** A handler that turns records into lines. */
export interface LineHandler extends XmlRecordHandler {
  /** Hands the last lines over. */
  flush(): void;
}

/** Is shown a line just made: block[start, end), in which the outer element's JSON begins at `contextStart`. */
export type LineSeen = (
  view: XmlRecordView,
  block: Uint8Array,
  start: number,
  contextStart: number,
  end: number,
) => void;

/** Lines are handed over in blocks of about this size; a longer line makes its own. */
const BLOCK = 256 * 1024;

/**
 * One line of compact JSON per record, UTF-8; with `as`, the outer element as far as it stood before the record is the
 * line's last member under that name. It is serialised once and its bytes are copied. Blocks of whole lines go to
 * `write`, which must be done with them when it returns: the buffer is used again. `seen` is shown every line, for whoever counts.
 */
export function lineHandler(as: string | undefined, write: (lines: Uint8Array) => void, seen?: LineSeen): LineHandler {
  let block = Buffer.allocUnsafeSlow(BLOCK * 2);
  let used = 0;
  const opening = Buffer.from(as === undefined ? '' : `,${JSON.stringify(as)}:`);
  // `,"HOST":{…}}` and the line's end.
  let context = Buffer.allocUnsafeSlow(16 * 1024);
  let contextLength = 0;
  let contextNumber = -1;

  const flush = () => {
    if (used > 0) write(block.subarray(0, used));
    used = 0;
  };
  const readContext = (view: XmlRecordView) => {
    const needed = opening.length + view.contextMaxBytes + 2;
    if (needed > context.length) context = Buffer.allocUnsafeSlow(needed * 2);
    opening.copy(context);
    contextLength = view.writeContext(context, opening.length);
    context[contextLength++] = 0x7d;
    context[contextLength++] = 0x0a;
    contextNumber = view.contextNumber;
  };
  return {
    record(view) {
      if (as !== undefined && view.contextNumber !== contextNumber) readContext(view);
      const needed = view.maxBytes + contextLength + 2;
      if (used >= BLOCK || used + needed > block.length) {
        flush();
        if (needed > block.length) block = Buffer.allocUnsafeSlow(needed + BLOCK);
      }
      const start = used;
      used = view.write(block, used);
      if (as === undefined) block[used++] = 0x0a;
      else {
        const empty = used === start + 2;
        // The context's comma takes the place of the record's closing brace, or its own place is taken in an empty one.
        used -= 1;
        used += context.copy(block, used, empty ? 1 : 0, contextLength);
      }
      seen?.(view, block, start, used - contextLength + opening.length, used);
    },
    flush,
  };
}

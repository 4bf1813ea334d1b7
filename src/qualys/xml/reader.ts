import type { AnswerEnd, AnswerReader, XmlFormat } from '../../core/format.ts';
import type { RecordHandler } from '../../core/words.ts';
import { NON_SPACE, SENTINEL } from './bytes.ts';
import { resumeContext, suspendContext } from './context.ts';
import { failure, overLimit } from './failure.ts';
import { XML_LIMITS, type XmlLimits } from './limits.ts';
import { CONTAINER, INNER_LIST, planOf } from './plan.ts';
import type { XmlRecordView } from './record-view.ts';
import { scan as scanBuffer } from './scanner.ts';
import { BEGINNING, CONTENT, createScan, PADDING, type Scan } from './state.ts';
import { createView } from './view.ts';

/** A handler that is given the XML views, with what they offer beyond `RecordView`. */
export interface XmlRecordHandler extends RecordHandler {
  record(view: XmlRecordView): void;
  outer?(view: XmlRecordView): void;
}

/**
 * Bytes scanned at once, whatever the chunks are. One huge chunk needs no huge buffer; and the scanning loop is left and
 * entered often, so that it runs compiled early and has met its rare ways (a tag half here) before it is optimised: a
 * 50 MB document costs a third less than in slices of 256 KiB (measured on Node 24).
 */
const SLICE = 8 * 1024;
/** Behind the first megabytes the loop is compiled, and what counts is how seldom a record is cut. */
const LARGE_SLICE = 64 * 1024;
const LARGE_FROM = 4 * 1024 ** 2;

/**
 * A reader for one XML answer: feed it the decompressed bytes in chunks of any size; it calls the handler at once, in
 * document order. Memory depends on the largest record, not on the document, nor on how many records one outer element
 * holds. After it has thrown, it stays failed.
 */
export function createXmlReader(
  format: XmlFormat,
  handler: XmlRecordHandler,
  limits: Partial<XmlLimits> = {},
): AnswerReader {
  const all = { ...XML_LIMITS, ...limits };
  const most = Math.ceil(all.bufferBytes / 2);
  const scan = createScan(planOf(format), all, handler);
  scan.recordView = createView(scan, scan.recordTape, format.inner === undefined ? undefined : scan.outerTape);
  scan.outerView = createView(scan, scan.outerTape, undefined);
  let failed: unknown;
  let ended = false;

  const guarded = <T>(step: () => T): T => {
    if (failed !== undefined) throw failed;
    try {
      return step();
    } catch (error) {
      failed = error ?? new Error('the handler threw nothing');
      throw failed;
    }
  };
  return {
    write(chunk) {
      guarded(() => {
        if (ended) throw new TypeError('write after end');
        for (let at = 0; at < chunk.length; ) {
          const size = Math.min(scan.offset < LARGE_FROM ? SLICE : LARGE_SLICE, most, chunk.length - at);
          append(scan, chunk.length > size ? chunk.subarray(at, at + size) : chunk);
          scanBuffer(scan, false);
          at += size;
        }
      });
    },
    end: () =>
      guarded(() => {
        ended = true;
        return finish(scan);
      }),
  };
}

/** Puts a chunk behind the bytes still needed, after making room for it. */
function append(scan: Scan, chunk: Uint8Array): void {
  const keep = firstNeeded(scan);
  if (scan.length + chunk.length + PADDING > scan.buffer.length) makeRoom(scan, keep, chunk.length);
  scan.buffer.set(chunk, scan.length);
  scan.length += chunk.length;
  scan.buffer[scan.length] = SENTINEL;
  if (scan.offset + scan.length > scan.limits.totalBytes)
    throw overLimit(scan, 'The answer is too large', scan.limits.totalBytes, scan.length);
}

/** The first byte still needed, of a record or of what is being read; throws when it lies too far back. */
function firstNeeded(scan: Scan): number {
  const { limits, tape } = scan;
  const inRecord = tape === scan.recordTape;
  // Space between records says nothing: let it not grow into a text too large.
  if (
    !inRecord &&
    scan.mode === CONTENT &&
    scan.position - scan.runStart > limits.envelopeBytes / 2 &&
    betweenRecords(scan)
  )
    scan.runStart = scan.position;
  const first = inRecord ? tape.base : Math.min(scan.runStart, scan.position);
  const most = tape === null ? limits.envelopeBytes : limits.recordBytes;
  if (scan.length - first > most) {
    const what = inRecord
      ? 'A record is too large'
      : tape === null
        ? 'A text or tag around the records is too large'
        : 'An element around records is too large';
    throw overLimit(scan, what, most, first);
  }
  return first;
}

function betweenRecords(scan: Scan): boolean {
  if ((scan.runClasses & NON_SPACE) !== 0) return false;
  const kind = scan.depth === 0 ? CONTAINER : scan.plan.kind[scan.states[scan.depth - 1]!];
  return kind === CONTAINER || kind === INNER_LIST;
}

function makeRoom(scan: Scan, keep: number, more: number): void {
  const { limits } = scan;
  if (scan.tape === scan.outerTape) {
    suspendContext(scan, keep);
    resumeContext(scan, keep);
  }
  const kept = scan.length - keep;
  const needed = (kept + more) * 2;
  const held = scan.buffer.length - PADDING;
  if (needed > held || (held > limits.bufferBytes && needed <= limits.bufferBytes)) {
    const size = needed > held ? Math.max(needed, held * 2) : limits.bufferBytes;
    const moved = new Uint8Array(size + PADDING);
    moved.set(scan.buffer.subarray(keep, scan.length));
    scan.buffer = moved;
    scan.words = new DataView(moved.buffer);
  } else scan.buffer.copyWithin(0, keep, scan.length);

  scan.length = kept;
  scan.offset += keep;
  scan.position -= keep;
  scan.runStart -= keep;
  if (scan.tagScanned !== 0) scan.tagScanned -= keep;
  if (scan.tape !== null) scan.tape.base -= keep;
  if (scan.tape === scan.outerTape) scan.contextFrom -= keep;
}

function finish(scan: Scan): AnswerEnd {
  if (scan.offset + scan.length === 0) throw failure(scan, 'QRY3002', 'The answer is empty', 0);
  scan.buffer[scan.length] = SENTINEL;
  if (scan.mode === BEGINNING) scanBuffer(scan, true);
  if (scan.depth === 0 && (scan.runClasses & NON_SPACE) !== 0)
    throw failure(scan, 'QRY3001', 'Text stands outside the root element', scan.runStart);
  if (!scan.rootClosed || scan.mode !== CONTENT || scan.position < scan.length) {
    const what = scan.rootClosed ? 'The answer ends inside markup' : 'The answer ends before its closing root tag';
    throw failure(scan, 'QRY3002', what, scan.length);
  }
  return {
    root: scan.root,
    envelope: scan.envelope.root,
    outer: scan.outers,
    records: scan.records,
    bytes: scan.offset + scan.length,
  };
}

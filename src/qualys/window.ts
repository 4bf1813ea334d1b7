import { QuarryError } from '../core/errors.ts';
import type { AnswerEnd, AnswerReader } from '../core/format.ts';
import { excerpt, type XmlErrorCode } from './xml/failure.ts';

/** The bytes of an answer that a reader has not done with yet. */
export interface Window {
  /** Valid up to `length`; [length] is `sentinel`, which ends every scanning loop. */
  bytes: Buffer;
  /** The same bytes, for reading four at a time. */
  words: DataView;
  length: number;
  /** Bytes of the answer before bytes[0]. */
  offset: number;
}

/** What reads through a window: positions are indexes into `window.bytes`. */
export interface Machine {
  /** Reads on as far as the bytes go. */
  scan(): void;
  /** The first byte still needed. Everything before it may go. */
  keep(): number;
  /** The bytes moved: every position held is now less by `by`. */
  moved(by: number): void;
  /** The answer has ended; throws QRY3002 where it should not have. */
  end(): AnswerEnd;
}

export interface WindowLimits {
  /** Source bytes of one record. */
  readonly recordBytes: number;
  /** Decompressed bytes of one answer. */
  readonly totalBytes: number;
  /** Not a limit: bytes buffered; more only while a record needs it. */
  readonly bufferBytes: number;
}

/** Most answers, and all that count something, are short. */
const FIRST_BYTES = 32 * 1024;

export function createWindow(limits: WindowLimits): Window {
  const bytes = Buffer.alloc(Math.min(FIRST_BYTES, limits.bufferBytes) + 1);
  return { bytes, words: wordsOf(bytes), length: 0, offset: 0 };
}

const wordsOf = (bytes: Buffer) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The error for what stands at `at` in the window: byte offset from the answer's start, and surroundings. */
export function failureAt(
  window: Pick<Window, 'bytes' | 'length' | 'offset'>,
  code: XmlErrorCode,
  what: string,
  at: number,
): QuarryError {
  const { bytes, length, offset } = window;
  const near = excerpt(bytes, Math.max(0, at - 32), Math.min(length, at + 32));
  const byte = (offset + at).toLocaleString('en-US');
  return new QuarryError(code, { what, where: `byte ${byte}${near === '' ? '' : `, near «${near}»`}` });
}

export function overLimitAt(window: Window, what: string, limit: number, at: number): QuarryError {
  return failureAt(window, 'QRY3003', `${what} (limit ${limit.toLocaleString('en-US')})`, at);
}

/** A reader that moves the window along under a machine. After it has thrown, it stays failed. */
export function readThrough(window: Window, machine: Machine, limits: WindowLimits, sentinel: number): AnswerReader {
  // Bytes taken over at once, so that one huge chunk needs no huge buffer.
  const slice = Math.ceil(limits.bufferBytes / 2);
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
  const append = (chunk: Uint8Array): void => {
    const keep = machine.keep();
    if (window.length - keep > limits.recordBytes)
      throw overLimitAt(window, 'A record is too large', limits.recordBytes, keep);
    if (window.length + chunk.length >= window.bytes.length) {
      makeRoom(window, keep, chunk.length, limits.bufferBytes);
      machine.moved(keep);
    }
    window.bytes.set(chunk, window.length);
    window.length += chunk.length;
    window.bytes[window.length] = sentinel;
    if (window.offset + window.length > limits.totalBytes)
      throw overLimitAt(window, 'The answer is too large', limits.totalBytes, window.length);
  };
  return {
    write(chunk) {
      guarded(() => {
        if (ended) throw new TypeError('write after end');
        for (let at = 0; at < chunk.length; at += slice) {
          append(chunk.length > slice ? chunk.subarray(at, at + slice) : chunk);
          machine.scan();
        }
      });
    },
    end: () =>
      guarded(() => {
        ended = true;
        if (window.offset + window.length === 0) throw failureAt(window, 'QRY3002', 'The answer is empty', 0);
        return machine.end();
      }),
  };
}

/** Above this a window grows by half instead of doubling. */
const LARGE = 4 * 1024 * 1024;

/** Drops the bytes before `keep`; grows only for what one record needs, and shrinks again behind it. */
function makeRoom(window: Window, keep: number, more: number, bufferBytes: number): void {
  const needed = window.length - keep + more;
  const held = window.bytes.length - 1;
  // A quarter of it free, so that the bytes kept are moved seldom.
  const grow = needed * 1.25 > held;
  if (grow || (held > bufferBytes && needed * 2 <= bufferBytes)) {
    const size = grow ? Math.ceil(needed * (needed > LARGE ? 1.5 : 2)) : bufferBytes;
    const moved = Buffer.alloc(size + 1);
    moved.set(window.bytes.subarray(keep, window.length));
    window.bytes = moved;
    window.words = wordsOf(moved);
  } else window.bytes.copyWithin(0, keep, window.length);
  window.length -= keep;
  window.offset += keep;
}

/**
 * Segments: append-only files in the spool folder that hold the bodies of events.
 *
 * A segment belongs to one page. It is written while the page is still coming in, synced, and only then named by batch
 * rows in the database; so bodies never pass through the database, and a segment no row names is waste of a page that
 * was never accepted (swept at start). Nothing is ever changed in place.
 *
 *   segment := header frame*
 *   header  := "QSEG" version:u8 zero:u8*3
 *   frame   := kind:u8 length:u32le checksum:u32le payload[length]
 *   event   := kind 'E', payload = id (32 hex characters) + tail
 *   context := kind 'C', payload = JSON of the outer element (the host)
 *
 * `tail` is the event's JSON from `"time"` (or `"change"`) up to the record's last member, without the closing braces:
 * `"time":"…","change":"new","key":["7","38170",…],"record":{"QID":"38170"…`. A line of the `raw` format is the envelope
 * before it, the tail, and the context, so that delivering copies bytes and parses nothing.
 *
 * A batch is a contiguous run of frames with a checksum of its own; its groups say which context each run of events
 * has. A context stands after the events it belongs to (a host may say more after its detections), in a host that
 * spans batches after the batch. The checksum in a frame is crc32 for contexts, 0 for events (the batch has one).
 */
import { access, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { QuarryError } from '../core/errors.ts';
import { fileFault } from '../store/faults.ts';

export const HEADER = Buffer.from('QSEG\x01\0\0\0', 'latin1');
const FRAME_HEAD = 9;
const EVENT = 0x45;
const CONTEXT = 0x43;
export const ID_LENGTH = 32;

/** How many events in a row share one context, and where it lies (0, 0: none). */
export interface Group {
  events: number;
  contextOffset: number;
  contextLength: number;
}

/** Groups as the column `groups` of a batch holds them. */
export const groupsToJson = (groups: readonly Group[]): string =>
  JSON.stringify(groups.map((group) => [group.events, group.contextOffset, group.contextLength]));

export const groupsFromJson = (text: string): Group[] =>
  (JSON.parse(text) as [number, number, number][]).map(([events, contextOffset, contextLength]) => ({
    events,
    contextOffset,
    contextLength,
  }));

export interface SegmentWriter {
  /** Bytes in the segment, those still buffered included. */
  readonly offset: number;
  /** Checksum of what was written since the last call of `mark`. */
  mark(): number;
  event(id: string, head: string, body: Buffer, from: number, to: number): void;
  /** Returns where the context lies. */
  context(json: Uint8Array, from: number, to: number): { offset: number; length: number };
  /** True when `flush` should be awaited before more is written. */
  readonly full: boolean;
  flush(): Promise<void>;
  /** Flushes and makes the segment durable. */
  finish(): Promise<void>;
  /** Closes without making durable. */
  abandon(): Promise<void>;
}

/** 256 KiB: large enough that writes cost little, small also where dozens of pages are written at once. */
const BUFFER = 1 << 18;

export async function createSegment(path: string): Promise<SegmentWriter> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx');
  } catch (error) {
    throw fileFault(error, path);
  }
  let buffer = Buffer.allocUnsafe(BUFFER + (BUFFER >> 2));
  let used = HEADER.copy(buffer);
  let written = 0;
  let marked = used;
  let checksum = 0;

  const reserve = (bytes: number): void => {
    if (buffer.length - used >= bytes) return;
    const larger = Buffer.allocUnsafe((used + bytes) * 2);
    buffer.copy(larger, 0, 0, used);
    buffer = larger;
  };
  const frame = (kind: number, length: number, sum: number): void => {
    buffer[used] = kind;
    buffer.writeUInt32LE(length, used + 1);
    buffer.writeUInt32LE(sum, used + 5);
    used += FRAME_HEAD;
  };
  const sum = (): void => {
    if (used > marked) checksum = crc32(buffer.subarray(marked, used), checksum);
    marked = used;
  };
  const flush = async (): Promise<void> => {
    sum();
    try {
      for (let at = 0; at < used; ) at += (await file.write(buffer, at, used - at, written + at)).bytesWritten;
    } catch (error) {
      throw fileFault(error, path);
    }
    written += used;
    used = 0;
    marked = 0;
  };
  return {
    get offset() {
      return written + used;
    },
    get full() {
      return used >= BUFFER;
    },
    mark: () => {
      sum();
      const before = checksum;
      checksum = 0;
      return before;
    },
    event: (id, head, body, from, to) => {
      reserve(FRAME_HEAD + ID_LENGTH + head.length * 3 + (to - from));
      const start = used;
      used += FRAME_HEAD;
      used += buffer.write(id + head, used, 'utf8');
      used += body.copy(buffer, used, from, to);
      const end = used;
      used = start;
      frame(EVENT, end - start - FRAME_HEAD, 0);
      used = end;
    },
    context: (json, from, to) => {
      const length = to - from;
      reserve(FRAME_HEAD + length);
      const payload = json.subarray(from, to);
      frame(CONTEXT, length, crc32(payload));
      const offset = written + used;
      buffer.set(payload, used);
      used += length;
      return { offset, length };
    },
    flush,
    finish: async () => {
      try {
        await flush();
        await file.datasync();
        await file.close();
        await syncFolder(dirname(path));
      } catch (error) {
        throw fileFault(error, path);
      }
    },
    abandon: () => file.close(),
  };
}

/** Makes the names in a folder durable: a synced file whose name is lost with the power is lost too. */
async function syncFolder(path: string): Promise<void> {
  // Windows opens no folder; its file systems keep names in order by themselves.
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return;
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A batch as it was stored: the bytes of its events and contexts, found without copying. */
export interface StoredEvents {
  readonly count: number;
  /** The id of event i. */
  id(i: number): string;
  /** Where its characters begin in `bytes`; ID_LENGTH of them. */
  idStart(i: number): number;
  /** Where event i's tail lies in `bytes`. */
  tailStart(i: number): number;
  tailEnd(i: number): number;
  readonly bytes: Buffer;
  /** The JSON of event i's context; undefined where it has none. The same object for events that share it. */
  context(i: number): Buffer | undefined;
  /** The number event i had when it was stored; differs from i once older events were compacted away. */
  number(i: number): number;
}

export interface BatchLocation {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
  readonly events: number;
  readonly groups: readonly Group[];
  /** Numbers of the events that are left of it; absent while all are. */
  readonly numbers?: readonly number[] | undefined;
  /** Makes the file again from elsewhere, where it is not there; false where it cannot. */
  readonly fetch?: ((path: string) => Promise<boolean>) | undefined;
}

/** Reads a batch back, into buffers from `take`. Throws QRY4012 when it is gone or its bytes are not those that were written. */
export async function readBatch(
  batch: BatchLocation,
  take: (bytes: number) => Buffer = Buffer.allocUnsafe,
): Promise<StoredEvents> {
  const damaged = (what: string) => new QuarryError('QRY4012', { what, where: `${batch.path} at ${batch.offset}` });
  let file: FileHandle;
  try {
    file = await opened(batch);
  } catch (error) {
    // A segment that is gone is damage; a spool folder that is gone is an installation to be mended.
    const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (gone && (await isThere(dirname(batch.path)))) throw damaged('the segment is gone');
    throw fileFault(error, batch.path);
  }
  try {
    const read = async (offset: number, length: number): Promise<Buffer> => {
      const bytes = take(length).subarray(0, length);
      let at = 0;
      while (at < length) {
        const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
        if (bytesRead === 0) throw damaged('the segment is shorter than the batch');
        at += bytesRead;
      }
      return bytes;
    };
    const bytes = await read(batch.offset, batch.length);
    if (crc32(bytes) !== batch.checksum) throw damaged('the checksum of the batch differs');
    const starts = new Int32Array(batch.events);
    const ends = new Int32Array(batch.events);
    let count = 0;
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt32LE(at + 1);
      if (bytes[at] === EVENT) {
        if (count === batch.events) throw damaged('the batch holds more events than it should');
        starts[count] = at + FRAME_HEAD;
        ends[count++] = at + FRAME_HEAD + length;
      }
      at += FRAME_HEAD + length;
    }
    if (count !== batch.events) throw damaged('the batch holds fewer events than it should');
    const contexts: (Buffer | undefined)[] = [];
    const groupOf = new Int32Array(count);
    let event = 0;
    for (const group of batch.groups) {
      groupOf.fill(contexts.length, event, event + group.events);
      event += group.events;
      if (group.contextLength === 0) contexts.push(undefined);
      else if (
        group.contextOffset >= batch.offset &&
        group.contextOffset + group.contextLength <= batch.offset + batch.length
      ) {
        const from = group.contextOffset - batch.offset;
        contexts.push(bytes.subarray(from, from + group.contextLength));
      } else {
        const frame = await read(group.contextOffset - FRAME_HEAD, FRAME_HEAD + group.contextLength);
        const context = frame.subarray(FRAME_HEAD);
        if (frame[0] !== CONTEXT || frame.readUInt32LE(5) !== crc32(context))
          throw damaged('the checksum of a context differs');
        contexts.push(context);
      }
    }
    return {
      count,
      bytes,
      id: (i) => bytes.toString('latin1', starts[i]!, starts[i]! + ID_LENGTH),
      idStart: (i) => starts[i]!,
      tailStart: (i) => starts[i]! + ID_LENGTH,
      tailEnd: (i) => ends[i]!,
      context: (i) => contexts[groupOf[i]!],
      number: (i) => batch.numbers?.[i] ?? i,
    };
  } finally {
    await file.close();
  }
}

async function opened({ path, fetch }: BatchLocation): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!gone || fetch === undefined || !(await isThere(dirname(path))) || !(await fetch(path))) throw error;
    return open(path, 'r');
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

import { type FileHandle, open, rm } from 'node:fs/promises';
import { fileFault } from '../store/faults.ts';
import type { Counts } from './occurrence.ts';
import type { Group } from './segment.ts';

export interface StagedBatch {
  readonly offset: number;
  length: number;
  checksum: number;
  events: number;
  readonly groups: Group[];
  leadFrom: number;
  leadTo: number;
}

/** What one block tells the key table, as columns; `batch` is the number within the page. */
export interface KeyChanges {
  readonly inserts: {
    lead: number[];
    key: string[];
    fingerprint: string[];
    version: (string | null)[];
    changes: number[];
    batch: number[];
    event: number[];
  };
  readonly updates: KeyChanges['inserts'] & { oldFingerprint: string[] };
  /** Rows whose form was adopted without an event. */
  readonly adopted: { lead: number[]; key: string[]; oldFingerprint: string[]; fingerprint: string[] };
  /** Known keys of a sweep's range that the answer did not hold. */
  readonly absent: { lead: number[]; key: string[] };
  /** Unchanged keys of a sweep whose answers have no order. */
  readonly seen: { lead: number[]; key: string[] };
  /** How many newest bodies each older batch lost. */
  readonly superseded: Record<number, number>;
}

export interface StagedPage {
  readonly received: number;
  readonly unchanged: number;
  readonly emitted: number;
  /** Records that shared their key with a different one. */
  readonly duplicateKeys: number;
  /** Bytes of the records received, as JSON. */
  readonly bytes: number;
  readonly segmentBytes: number;
  /** Where rows are counted: counts at the page's edge. */
  readonly edge: () => Counts | undefined;
  /** Absent when nothing is to be emitted. */
  readonly segment: string | undefined;
  readonly batches: readonly StagedBatch[];
  changes(): AsyncIterable<KeyChanges>;
  /** From here on a COMMIT may name the segment: nothing removes it but `takeBack`. */
  handOver(): void;
  /** It is certain that the page did not become visible. */
  takeBack(): void;
  /** The page is visible: removes the list of changes; the segment belongs to the outbox. */
  clean(): Promise<void>;
  /** Removes everything, unless it was handed over or is visible. */
  discard(): Promise<void>;
}

export const newChanges = (): KeyChanges => ({
  inserts: { lead: [], key: [], fingerprint: [], version: [], changes: [], batch: [], event: [] },
  updates: { lead: [], key: [], fingerprint: [], version: [], changes: [], batch: [], event: [], oldFingerprint: [] },
  adopted: { lead: [], key: [], oldFingerprint: [], fingerprint: [] },
  absent: { lead: [], key: [] },
  seen: { lead: [], key: [] },
  superseded: {},
});

/** Changes beyond one block, in a file beside the segment: a block at a time goes in, a block at a time comes out. */
export interface SpilledChanges {
  write(changes: KeyChanges): Promise<void>;
  read(): AsyncIterable<KeyChanges>;
  remove(): Promise<void>;
}

export function spillTo(path: string): SpilledChanges {
  let file: FileHandle | undefined;
  let end = 0;
  const lengths: number[] = [];
  // One buffer for all blocks, both ways: garbage of that size is collected late.
  let buffer = Buffer.alloc(0);
  const atLeast = (bytes: number): void => {
    if (buffer.length < bytes) buffer = Buffer.allocUnsafeSlow(bytes + (bytes >> 2));
  };
  return {
    write: async (changes) => {
      try {
        file ??= await open(path, 'wx+');
        const text = JSON.stringify(changes);
        atLeast(text.length * 3);
        const length = buffer.write(text, 'utf8');
        for (let at = 0; at < length; ) at += (await file.write(buffer, at, length - at, end + at)).bytesWritten;
        lengths.push(length);
        end += length;
      } catch (error) {
        throw fileFault(error, path);
      }
    },
    read: async function* () {
      let at = 0;
      for (const length of lengths) {
        atLeast(length);
        for (let got = 0; got < length; ) {
          const { bytesRead } = await file!.read(buffer, got, length - got, at + got);
          if (bytesRead === 0) throw fileFault(new Error('the list of key changes is shorter than it was'), path);
          got += bytesRead;
        }
        at += length;
        yield JSON.parse(buffer.toString('utf8', 0, length)) as KeyChanges;
      }
    },
    remove: async () => {
      await file?.close();
      file = undefined;
      await rm(path, { force: true });
    },
  };
}

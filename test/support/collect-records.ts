import type { AnswerEnd, AnswerReader } from '../../src/core/format.ts';
import type { Fields, Flag, RecordHandler, RecordView } from '../../src/core/words.ts';

/** A record as a handler got it. */
export interface Got {
  /** What `write` wrote. */
  readonly text: string;
  readonly record: Fields;
  readonly flags: readonly Flag[];
  /** Names of the members and what stands at them, in order. */
  readonly members: readonly (readonly [string, string])[];
}

export interface Collected {
  readonly got: Got[];
  readonly end: AnswerEnd;
}

/** Reads chunks to the end; every record is written behind some bytes, into a buffer of exactly the size promised. */
export function collectWith(make: (handler: RecordHandler) => AnswerReader, chunks: Iterable<Uint8Array>): Collected {
  const got: Got[] = [];
  const reader = make({ record: (view) => void got.push(gotFrom(view)) });
  for (const chunk of chunks) reader.write(chunk);
  return { got, end: reader.end() };
}

const AT = 7;

function gotFrom(view: RecordView): Got {
  const target = Buffer.alloc(AT + view.maxBytes);
  const end = view.write(target, AT);
  const { count, ids, starts, ends } = view.members;
  const members = Array.from({ length: count }, (_, i): [string, string] => [
    view.members.name(ids[i]!),
    target.toString('utf8', starts[i], ends[i]),
  ]);
  const text = target.toString('utf8', AT, end);
  return { text, record: JSON.parse(text) as Fields, flags: [...view.flags], members };
}

/** The bytes in chunks of `size`, each in memory of its own that is spoilt afterwards: nobody may keep it. */
export function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Uint8Array.from(bytes.subarray(at, at + size));
    yield chunk;
    chunk.fill(0x21);
  }
}

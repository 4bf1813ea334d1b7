import { expect } from 'vitest';
import type { AnswerEnd, XmlFormat } from '../../src/core/format.ts';
import type { Fields } from '../../src/core/words.ts';
import type { XmlLimits } from '../../src/qualys/xml/limits.ts';
import { createXmlReader } from '../../src/qualys/xml/reader.ts';
import type { XmlRecordView } from '../../src/qualys/xml/record-view.ts';

/** What a reader handed out, in order, in a form that compares. */
export type Seen =
  | { readonly record: Fields; readonly context?: Fields; readonly flags: readonly string[] }
  | { readonly outer: Fields; readonly flags: readonly string[] }
  | { readonly ids: readonly [number, number] };

export interface Answer {
  readonly seen: readonly Seen[];
  readonly end: AnswerEnd;
}

const GUARD = 0xa5;

/**
 * Writes a view as the pipeline would, checks what every written record promises (the bound of its bytes, compact JSON
 * as JSON.stringify writes it, member positions), and parses it.
 */
export function written(view: XmlRecordView): Fields {
  const at = 3;
  const target = new Uint8Array(at + view.maxBytes + 1).fill(GUARD);
  const end = view.write(target, at);
  expect(end).toBeLessThanOrEqual(at + view.maxBytes);
  expect(target[at - 1]).toBe(GUARD);
  expect(target[at + view.maxBytes]).toBe(GUARD);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(target.subarray(at, end));
  const record = JSON.parse(text) as Fields;
  expect(text).toBe(JSON.stringify(record));
  const { members } = view;
  const slices: string[] = [];
  for (let i = 0; i < members.count; i++) {
    const member = Buffer.from(target.subarray(members.starts[i], members.ends[i])).toString('utf8');
    expect(member.startsWith(`${JSON.stringify(members.name(members.ids[i]!))}:`)).toBe(true);
    slices.push(member);
  }
  expect(`{${slices.join(',')}}`).toBe(text);
  for (const [name, value] of Object.entries(record)) {
    const scalar = textIn(value);
    if (scalar === undefined) continue;
    expect(view.text(name)).toBe(scalar);
    expect(view.utf16Length(name)).toBe(scalar.length);
  }
  return record;
}

function textIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return textIn(value[0]);
  const text = (value as Record<string, unknown>)['#text'];
  return typeof text === 'string' ? text : undefined;
}

function context(view: XmlRecordView): Fields {
  const target = new Uint8Array(view.contextMaxBytes);
  const end = view.writeContext(target, 0);
  return JSON.parse(Buffer.from(target.subarray(0, end)).toString('utf8')) as Fields;
}

/** Reads a document, given in these chunks, and returns all that came of it; throws what the reader throws. */
export function collect(format: XmlFormat, chunks: Iterable<Uint8Array | string>, limits?: Partial<XmlLimits>): Answer {
  const seen: Seen[] = [];
  const reader = createXmlReader(
    format,
    {
      record: (view) => {
        const record = written(view);
        seen.push({ record, ...(format.inner === undefined ? {} : { context: context(view) }), flags: view.flags });
      },
      outer: (view) => {
        seen.push({ outer: written(view), flags: view.flags });
      },
      ids: (first, last) => {
        seen.push({ ids: [first, last] });
      },
    },
    limits,
  );
  for (const chunk of chunks) reader.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return { seen, end: reader.end() };
}

/** The bytes in pieces of these lengths, over and over. */
export function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = Math.max(1, lengths[turn % lengths.length] ?? 1);
    // A copy, so that reading past a chunk's end shows.
    yield bytes.slice(at, at + length);
    at += length;
  }
}

import type { Fields } from '../core/words.ts';

/** A record's JSON with one text field cut to at most `limit` bytes of UTF-8, never inside a character; undefined where it is short enough. */
export function cutField(record: string, field: string, limit: number): string | undefined {
  const fields = JSON.parse(record) as Fields;
  const value = fields[field];
  if (typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value);
  if (bytes.length <= limit) return undefined;
  let end = limit;
  // Continuation bytes of UTF-8 are 10xxxxxx.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return JSON.stringify({ ...fields, [field]: bytes.toString('utf8', 0, end) });
}

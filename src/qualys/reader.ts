import type { AnswerReader, Format } from '../core/format.ts';
import type { RecordHandler } from '../core/words.ts';
import { createCsvReader } from './csv/reader.ts';
import { createJsonReader } from './json/reader.ts';
import { createXmlReader } from './xml/reader.ts';

/** The reader for answers of a format: feed it decompressed bytes in chunks of any size, then end it. */
export function createReader(format: Format, handler: RecordHandler): AnswerReader {
  if (format.kind === 'xml') return createXmlReader(format, handler);
  return format.kind === 'json' ? createJsonReader(format, handler) : createCsvReader(format, handler);
}

import type { AnswerReader, CsvFormat } from '../../core/format.ts';
import type { RecordHandler } from '../../core/words.ts';

export function createCsvReader(_format: CsvFormat, _handler: RecordHandler): AnswerReader {
  throw new Error('being written');
}

import type { WindowLimits } from '../window.ts';

/** What the CSV reader accepts at most; passing a limit is QRY3003. */
export interface CsvLimits extends WindowLimits {
  /** Fields of one row. The widest Qualys report has about 70 columns. */
  readonly fields: number;
  /** Rows of the footer, kept in memory. */
  readonly footerRows: number;
  /** Different names of fields, those of surplus fields included. */
  readonly names: number;
}

export const CSV_LIMITS: CsvLimits = {
  recordBytes: 16 * 1024 * 1024,
  fields: 10_000,
  footerRows: 100,
  names: 20_000,
  totalBytes: Number.POSITIVE_INFINITY,
  bufferBytes: 256 * 1024,
};

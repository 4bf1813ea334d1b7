import type { WindowLimits } from '../window.ts';

/**
 * What the JSON reader accepts at most. Every limit is far above anything Qualys was seen to send and far below what
 * hurts; passing one is QRY3003 and the page is isolated.
 */
export interface JsonLimits extends WindowLimits {
  /** Arrays and objects open at once. Qualys's deepest document (assets with cloud data) has 9. */
  readonly depth: number;
  /** Values in one record. The largest assets have some tens of thousands; each costs more than the two bytes of `1,`. */
  readonly recordElements: number;
  /** Bytes around the records, kept in memory. */
  readonly envelopeBytes: number;
  /** Different names of top-level members in one answer. */
  readonly names: number;
}

export const JSON_LIMITS: JsonLimits = {
  depth: 64,
  recordBytes: 16 * 1024 * 1024,
  recordElements: 500_000,
  envelopeBytes: 1024 * 1024,
  names: 10_000,
  totalBytes: Number.POSITIVE_INFINITY,
  bufferBytes: 512 * 1024,
};

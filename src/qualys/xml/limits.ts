/**
 * What a reader accepts at most. Every limit is far above anything Qualys was seen to send and far below what hurts;
 * passing one is QRY3003 and the page is isolated.
 */
export interface XmlLimits {
  /** Elements open at once. Qualys's deepest document (KnowledgeBase exploits) has 9. */
  readonly depth: number;
  /** Bytes of one element or attribute name. The longest Qualys name has 42. */
  readonly nameBytes: number;
  /** Attributes of one element. Qualys uses at most three. */
  readonly attributes: number;
  /** Source bytes of one record, and of one outer element without its records. RESULTS reach megabytes. */
  readonly recordBytes: number;
  /**
   * Elements and attributes of one record, and of one outer element without its records; pieces of text likewise. The
   * largest Qualys records have some thousands; each costs 32 bytes, more than the 4 of the shortest element.
   */
  readonly recordElements: number;
  /** Source bytes of one run of text, CDATA section or attribute value. */
  readonly textBytes: number;
  /** Text and names around the records, kept in memory: a request echo with thousands of ids stays below 100 KiB. */
  readonly envelopeBytes: number;
  /** Entity and character references in one document. Nothing expands, so this only bounds effort. */
  readonly references: number;
  /** Different element and attribute names in one document. The largest Qualys document type has about 150. */
  readonly names: number;
  /** Decompressed bytes of one document. */
  readonly totalBytes: number;
  /** Not a limit: bytes the reader buffers at first; it holds more only while a record needs it. Fits a second-level cache. */
  readonly bufferBytes: number;
}

export const XML_LIMITS: XmlLimits = {
  depth: 64,
  nameBytes: 256,
  attributes: 32,
  recordBytes: 64 * 1024 * 1024,
  recordElements: 500_000,
  textBytes: 32 * 1024 * 1024,
  envelopeBytes: 1024 * 1024,
  references: 50_000_000,
  names: 10_000,
  totalBytes: Number.POSITIVE_INFINITY,
  bufferBytes: 512 * 1024,
};

import type { RecordView } from '../../core/words.ts';

/** A record of an XML answer. What goes beyond `RecordView` costs no string. */
export interface XmlRecordView extends RecordView {
  /** `text` of each of these paths; the list is known by its identity, and its paths are taken apart once. */
  texts(paths: readonly string[]): (string | undefined)[];
  /** The same as Number() reads it; NaN where there is none, or only white space. */
  numbers(paths: readonly string[]): number[];
  /**
   * Decoded texts of every element a path leads to, through every branch, in document order: `CVE_LIST/CVE/ID`. With an
   * attribute as the last step (`THREAT_INTELLIGENCE/THREAT_INTEL/@id`) that of each element. Undefined for an element
   * that has children and no text, or has not got the attribute.
   */
  all(path: string): readonly (string | undefined)[];
  /** Length of a top-level field's decoded text in UTF-16 code units; 0 where absent. */
  utf16Length(name: string): number;
  /** A top-level field of decimal digits alone as a number; NaN where it is absent or anything else. */
  integer(name: string): number;
  /** The same for a field of the context. */
  contextInteger(name: string): number;
  /** Two records of one document with the same number have the same context. */
  readonly contextNumber: number;
  /** An upper bound of the bytes `writeContext` needs. */
  readonly contextMaxBytes: number;
  /** Writes what stood before this record in its outer element as one JSON object; returns where it ends. */
  writeContext(target: Uint8Array, at: number): number;
}

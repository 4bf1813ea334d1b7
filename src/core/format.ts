import type { Fields } from './words.ts';

/** How records stand in an answer: facts for a reader, said once per data set. */
export type Format = XmlFormat | JsonFormat | CsvFormat;

/**
 * A JSON answer: an array of records, bare or inside a document. Values keep their types; integers beyond 2^53 become
 * strings.
 */
export interface JsonFormat {
  readonly kind: 'json';
  /** Path to the array from the document's top: `assetListData/asset`; '' where the document is the array. */
  readonly records: string;
  /** The member of an element that holds its record (`data` of `{"sortValues":[…],"data":{…}}`), where it has one. */
  readonly wrapped?: string;
  /** Names of the top-level members of a record that are documented. */
  readonly fields: readonly string[];
}

/**
 * A CSV answer with a header row, whole or between Qualys's BODY markers; a FOOTER block with a WARNING may follow.
 * Records are objects of text under the header's names.
 */
export interface CsvFormat {
  readonly kind: 'csv';
  /** The header's names, as far as they are documented; a header without the first of them is another document. */
  readonly fields: readonly string[];
}

/**
 * An XML answer. Element names are matched exactly, or else without regard to case (one guide sample is all lower
 * case); a name in `fields` is then spelled as there, any other as in the answer.
 */
export interface XmlFormat {
  readonly kind: 'xml';
  /** The root element of a good answer; any other root (SIMPLE_RETURN, GENERIC_RETURN, ERROR …) is Qualys saying something else. */
  readonly root: string;
  /**
   * Path from below the root to one outer element: `RESPONSE/HOST_LIST/HOST`. Its last step may name several elements:
   * `RESPONSE/IP_SET/IP|IP_RANGE`.
   */
  readonly record: string;
  /**
   * Where an outer element holds the records: each `element` inside `list` is one record, and the outer element
   * without `list` is their context, under the name `as`.
   */
  readonly inner?: { readonly list: string; readonly element: string; readonly as: string };
  /** Path to the ids of an ids-only answer: `RESPONSE/ID_SET`, holding ID and ID_RANGE. */
  readonly idSet?: string;
  /**
   * Elements around the records that are read past and not kept, as paths from below the root: a glossary may be larger
   * than what it is of.
   */
  readonly dropped?: readonly string[];
  /** Elements that may repeat: always arrays. Paths relative to the record, or to the outer element (`TAGS/TAG`). */
  readonly lists: readonly string[];
  /** Fields whose text is kept with its outer white space; every other scalar is trimmed. */
  readonly verbatim: readonly string[];
  /** Names of the top-level fields of a record (and of its context) that are documented. */
  readonly fields: readonly string[];
  readonly contextFields?: readonly string[];
}

/** What an answer said besides its records. */
export interface AnswerEnd {
  /** The root element's name as written; `json` and `csv` for answers of those kinds. */
  readonly root: string;
  /**
   * Everything outside records and id sets, as an object under the root: `{ RESPONSE: { DATETIME: …, WARNING: … } }`.
   * Of JSON the document without its records; of CSV the footer, in the XML's shape.
   */
  readonly envelope: Fields;
  /** What stood beside the last record in its element: `{ sortValues: […] }`. Only JSON with `wrapped` has it. */
  readonly beside?: Fields;
  /** Outer elements read (hosts), and records read (detections; equal to `outer` where there is no inner list). */
  readonly outer: number;
  readonly records: number;
  /** Decompressed bytes read. */
  readonly bytes: number;
}

/** A reader is fed chunks as they come and calls the handler; `end` returns what stood around the records or throws. */
export interface AnswerReader {
  /**
   * Keeps nothing of the chunk's memory. Throws QuarryError QRY3001/QRY3003/QRY3004/QRY3005 on input that cannot be read.
   */
  write(chunk: Uint8Array): void;
  /** Throws QRY3002 when the closing root tag, or the end of the JSON document, has not been read. */
  end(): AnswerEnd;
}

/** What `fetch` must see to take an answer for a good one. */
export const rootOf = (format: Format): string => (format.kind === 'xml' ? format.root : format.kind);

/** The name the context of a record has inside it (HOST), where there is an outer element. */
export const contextAs = (format: Format): string | undefined => (format.kind === 'xml' ? format.inner?.as : undefined);

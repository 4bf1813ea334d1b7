import type { RecordHandler } from '../../core/words.ts';
import { GROUP } from './cells.ts';
import { createEnvelope, type Envelope } from './envelope.ts';
import type { XmlLimits } from './limits.ts';
import { createNames, type Names } from './names.ts';
import type { Plan } from './plan.ts';
import type { XmlRecordView } from './record-view.ts';
import { createTape, type Tape } from './tape.ts';
import { createLocated, type Located } from './text.ts';

/** Where the scanner stands in the document. */
export const BEGINNING = 0;
/** Character data, or the start of a tag. */
export const CONTENT = 1;
export const CDATA = 2;
export const COMMENT = 3;
export const INSTRUCTION = 4;
export const DOCTYPE = 5;
export const DECLARATION = 6;

/** Everything a reader knows between two chunks. Positions are indexes into `buffer` unless said otherwise. */
export interface Scan {
  readonly limits: XmlLimits;
  readonly plan: Plan;
  readonly names: Names;
  readonly handler: RecordHandler;
  readonly envelope: Envelope;
  readonly found: Located;

  /** Bytes not yet done with; [length] is the sentinel. */
  buffer: Uint8Array;
  /** The same bytes, for reading four at a time: PADDING bytes behind the sentinel are there to be read, not to be used. */
  words: DataView;
  length: number;
  /** Bytes of the document before buffer[0]. */
  offset: number;
  mode: number;
  position: number;
  /** The text run being read began here; `runClasses` are its byte classes up to `position`. */
  runStart: number;
  runClasses: number;
  /** Classes of the text looked through last. */
  classes: number;
  /** While a tag's end has not come: how far it was looked for, and inside which quote. 0: not looking. */
  tagScanned: number;
  tagQuote: number;

  /** Open elements: id of the name as written, group on the tape, state of the plan. */
  depth: number;
  readonly open: Int32Array;
  readonly groups: Int32Array;
  readonly states: Int32Array;
  /** The name opened last: from it the next one is guessed. */
  previous: number;

  /** Where elements go now: a record's tape, or null for the envelope. */
  tape: Tape | null;
  readonly recordTape: Tape;
  readonly outerTape: Tape;
  /** How many elements are open around the element that the current tape describes. */
  recordDepth: number;
  outerDepth: number;
  /** Where a tape is full. */
  readonly maxTop: number;

  /** The outer element's own bytes, kept apart so that no host is ever held whole. */
  context: Uint8Array;
  contextWords: DataView;
  contextLength: number;
  /** From here the outer element's bytes are not in `context` yet. */
  contextFrom: number;
  contextTop: number;
  contextTouched: boolean;
  /** Rises whenever something was added. */
  contextNumber: number;

  /** Attributes of the tag being read: name id, start, end, classes each. */
  readonly attributes: Int32Array;
  attributeCount: number;

  rootSeen: boolean;
  rootClosed: boolean;
  doctypeSeen: boolean;
  root: string;
  /** The root was known only by ignoring case: the envelope's names are then written in upper case, as everywhere else. */
  shouting: boolean;
  references: number;
  /** Outer elements and records ended. */
  outers: number;
  records: number;
  recordView: XmlRecordView | undefined;
  outerView: XmlRecordView | undefined;
}

/** Bytes behind the buffered ones: the sentinel, and what is read with it. */
export const PADDING = 16;

export function createScan(plan: Plan, limits: XmlLimits, handler: RecordHandler): Scan {
  const names = createNames(plan, limits.names);
  const width = names.capacity;
  const buffer = new Uint8Array(limits.bufferBytes + PADDING);
  return {
    limits,
    plan,
    names,
    handler,
    envelope: createEnvelope(),
    found: createLocated(),
    buffer,
    words: new DataView(buffer.buffer),
    length: 0,
    offset: 0,
    mode: BEGINNING,
    position: 0,
    runStart: 0,
    runClasses: 0,
    classes: 0,
    tagScanned: 0,
    tagQuote: 0,
    depth: 0,
    open: new Int32Array(limits.depth + 1),
    groups: new Int32Array(limits.depth + 1),
    states: new Int32Array(limits.depth + 1),
    previous: 0,
    tape: null,
    recordTape: createTape(limits.depth, width),
    outerTape: createTape(limits.depth, width),
    recordDepth: 0,
    outerDepth: 0,
    maxTop: limits.recordElements * GROUP,
    context: new Uint8Array(0),
    contextWords: new DataView(new ArrayBuffer(0)),
    contextLength: 0,
    contextFrom: 0,
    contextTop: 0,
    contextTouched: false,
    contextNumber: 0,
    attributes: new Int32Array((limits.attributes + 1) * 4),
    attributeCount: 0,
    rootSeen: false,
    rootClosed: false,
    doctypeSeen: false,
    root: '',
    shouting: false,
    references: 0,
    outers: 0,
    records: 0,
    recordView: undefined,
    outerView: undefined,
  };
}

/**
 * What stands where in a tape's cells (tape.ts), eight to an element or attribute: the id of its name, the place of its
 * text, its marks, and its relatives by their first cells.
 *
 * Modules that need these numbers for every element make them their own, `const { MARKS } = Cells`: V8 writes a module's
 * own constants into the code it compiles, but loads an imported one and checks it at every use. The same goes for those of
 * bytes.ts, names.ts, plan.ts and state.ts. A KnowledgeBase of 300 MB becomes entries for a tenth less CPU time so
 * (0.82 s instead of 0.91, medians of 7, Node 24).
 */
export const NAME = 0;
export const START = 1;
export const END = 2;
/** Byte classes of the text, and the marks below. */
export const MARKS = 3;
export const NEXT = 4;
export const SKIP = 5;
export const PARENT = 6;
export const LAST = 7;
/** Cells of a group. */
export const GROUP = 8;

/** Text in more than one piece. */
export const PIECES = 1 << 10;
export const ATTRIBUTE = 1 << 11;
/** Has attributes. */
export const ATTRIBUTED = 1 << 12;
/** Has child elements. */
export const PARENTAL = 1 << 13;
/** Declared to repeat: an array even when alone. */
export const LISTED = 1 << 14;
/** Text keeps its outer white space. */
export const VERBATIM = 1 << 15;
/** Not the first sibling of its name. */
export const REPEATED = 1 << 16;
/** Has text (other than white space, unless verbatim). */
export const TEXTUAL = 1 << 17;

export const PIECE = 4;

import * as Cells from './cells.ts';

const { NAME, START, END, MARKS, NEXT, SKIP, PARENT, LAST, GROUP, PIECES, PARENTAL, REPEATED, TEXTUAL, PIECE } = Cells;

/**
 * A record as a tape: one cell group per element or attribute, in document order, each with the place of its text in
 * the source bytes. Nothing is decoded and no object is made until somebody asks.
 *
 * Positions are relative to `base` in `bytes`, so that moving the bytes moves only `base`. Group 0 is the record itself.
 * Children follow their parent, attributes first; `SKIP` of a group is where its subtree ends. Siblings of one name form
 * a chain: the first one's `LAST` is the chain's end, every one's `NEXT` the next; later ones are marked REPEATED and
 * are written at the first one's place. Text in more than one piece (CDATA sections, text around children) is a chain in
 * `pieces`; then START and END hold the first and last piece instead of positions.
 */
export interface Tape {
  cells: Int32Array;
  top: number;
  /** While `top` is no higher, there is room for one more element with all the attributes it may have. */
  room: number;
  pieces: Int32Array;
  piecesTop: number;
  /** depth * width + name → the first sibling of that name, if it is still one (checked against name and parent). */
  latest: Int32Array;
  width: number;
  /** Classes of all text in the record, OR-ed. */
  classes: number;
  bytes: Uint8Array;
  /** The same bytes, for reading four at a time; three more than a text's can be read. */
  words: DataView;
  base: number;
  /** Source bytes of the whole record, once it has ended. */
  length: number;
}

export function createTape(depth: number, width: number): Tape {
  return {
    cells: new Int32Array(256 * GROUP),
    top: 0,
    room: -1,
    pieces: new Int32Array(64 * PIECE),
    piecesTop: 0,
    latest: new Int32Array((depth + 2) * width),
    width,
    classes: 0,
    bytes: new Uint8Array(0),
    words: new DataView(new ArrayBuffer(0)),
    base: 0,
    length: 0,
  };
}

/** Begins a record on the tape. */
export function clear(tape: Tape, name: number): void {
  tape.top = GROUP;
  tape.piecesTop = PIECE;
  tape.classes = 0;
  const cells = tape.cells;
  cells[NAME] = name;
  cells[START] = 0;
  cells[END] = 0;
  cells[MARKS] = 0;
  cells[NEXT] = 0;
  cells[SKIP] = GROUP;
  cells[PARENT] = -1;
  cells[LAST] = 0;
}

/** Makes room for `spare` more cells; `most` is where a tape is full. */
export function growCells(tape: Tape, spare: number, most: number): void {
  while (tape.top + spare > tape.cells.length) {
    const cells = new Int32Array(tape.cells.length * 2);
    cells.set(tape.cells);
    tape.cells = cells;
  }
  tape.room = Math.min(tape.cells.length - spare, most);
}

/** Makes room for names up to `width` in `latest`, keeping what it knows. */
export function widen(tape: Tape, width: number): void {
  const rows = tape.latest.length / tape.width;
  const latest = new Int32Array(rows * width);
  for (let row = 0; row < rows; row++)
    latest.set(tape.latest.subarray(row * tape.width, (row + 1) * tape.width), row * width);
  tape.latest = latest;
  tape.width = width;
}

/** Adds an element under `parent`, whose level below the record is `level`; returns its group. The caller made room. */
export function addElement(tape: Tape, parent: number, level: number, name: number, marks: number): number {
  const cells = tape.cells;
  const group = tape.top;
  tape.top = group + GROUP;
  cells[group] = name;
  cells[group + START] = 0;
  cells[group + END] = 0;
  cells[group + MARKS] = marks;
  cells[group + NEXT] = 0;
  cells[group + SKIP] = group + GROUP;
  cells[group + PARENT] = parent;
  cells[group + LAST] = group;
  cells[parent + MARKS]! |= PARENTAL;
  const slot = level * tape.width + name;
  const first = tape.latest[slot]!;
  if (first > 0 && first < group && cells[first] === name && cells[first + PARENT] === parent) {
    cells[cells[first + LAST]! + NEXT] = group;
    cells[first + LAST] = group;
    cells[group + MARKS]! |= REPEATED;
  } else tape.latest[slot] = group;
  return group;
}

/** Adds text to an element: positions relative to `base`. */
export function addText(tape: Tape, group: number, start: number, end: number, classes: number): void {
  const cells = tape.cells;
  tape.classes |= classes;
  const marks = cells[group + MARKS]!;
  if ((marks & TEXTUAL) === 0) {
    cells[group + START] = start;
    cells[group + END] = end;
    cells[group + MARKS] = marks | classes | TEXTUAL;
    return;
  }
  if ((marks & PIECES) === 0) {
    const first = addPiece(tape, cells[group + START]!, cells[group + END]!, marks & 0x1ff);
    cells[group + START] = first;
    cells[group + END] = first;
  }
  const piece = addPiece(tape, start, end, classes);
  tape.pieces[cells[group + END]! + 3] = piece;
  cells[group + END] = piece;
  cells[group + MARKS] = marks | classes | PIECES;
}

function addPiece(tape: Tape, start: number, end: number, classes: number): number {
  const at = tape.piecesTop;
  if (at + PIECE > tape.pieces.length) {
    const pieces = new Int32Array(tape.pieces.length * 2);
    pieces.set(tape.pieces);
    tape.pieces = pieces;
  }
  tape.pieces[at] = start;
  tape.pieces[at + 1] = end;
  tape.pieces[at + 2] = classes;
  tape.pieces[at + 3] = 0;
  tape.piecesTop = at + PIECE;
  return at;
}

/** The first child element of the record with this name, or 0. */
export function topLevel(tape: Tape, name: number): number {
  const first = tape.latest[tape.width + name]!;
  const cells = tape.cells;
  return first > 0 && first < tape.top && cells[first] === name && cells[first + PARENT] === 0 ? first : 0;
}

/** Takes the last element off the tape again, with all below it. */
export function dropLast(tape: Tape, group: number): void {
  const cells = tape.cells;
  const first = tape.latest;
  tape.top = group;
  if ((cells[group + MARKS]! & REPEATED) === 0) return;
  // The chain's earlier members end where they ended before.
  for (let at = 0; at < group; at = at === 0 ? GROUP : at + GROUP) {
    if (cells[at + NEXT] === group) {
      cells[at + NEXT] = 0;
      const head = first[tape.width + cells[at]!]!;
      cells[head + LAST] = at;
    }
  }
}

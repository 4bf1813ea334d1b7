import * as Cells from './cells.ts';
import type { Names } from './names.ts';
import { type Tape, topLevel } from './tape.ts';

const { ATTRIBUTE, GROUP, MARKS, NEXT, SKIP } = Cells;

/** A path into a record, taken apart once: the names of elements; `@name` as its last step names an attribute. */
export interface Path {
  readonly steps: readonly Step[];
  /** The attribute at its end. */
  readonly attribute: Step | undefined;
  /** How many names the document had shown when the steps' ids were looked up. */
  names: number;
}

/** A name, and its ids: -1 where the document has not shown it. */
interface Step {
  readonly name: string;
  id: number;
  /** Names below the top level are spelled as in the answer, which may be all lower case. */
  lower: number;
}

/** Gives paths by their text, and lists of them by identity; each is taken apart once for a reader's life. */
export function createPaths({ texts, byText }: Names) {
  const known = new Map<string, Path>();
  const lists = new Map<readonly string[], { readonly paths: readonly Path[]; readonly names: number }>();
  const stepOf = (name: string): Step => ({ name, id: -1, lower: -1 });
  const lookUp = (step: Step): void => {
    step.id = byText.get(step.name) ?? -1;
    step.lower = byText.get(step.name.toLowerCase()) ?? -1;
  };
  const add = (text: string): Path => {
    const names = text.split('/');
    const attribute = names.at(-1)!.startsWith('@') ? stepOf(names.pop()!.slice(1)) : undefined;
    const path = { steps: names.map(stepOf), attribute, names: -1 };
    known.set(text, path);
    return path;
  };
  const pathOf = (text: string): Path => {
    const path = known.get(text) ?? add(text);
    if (path.names !== texts.length) {
      path.steps.forEach(lookUp);
      if (path.attribute !== undefined) lookUp(path.attribute);
      path.names = texts.length;
    }
    return path;
  };
  const pathsOf = (list: readonly string[]): readonly Path[] => {
    let entry = lists.get(list);
    if (entry?.names !== texts.length) {
      entry = { paths: list.map(pathOf), names: texts.length };
      lists.set(list, entry);
    }
    return entry.paths;
  };
  return { pathOf, pathsOf };
}

/** The first element, or attribute, a path leads to; 0 where there is none. A path of no steps leads to the record. */
export function first(tape: Tape, { steps, attribute }: Path): number {
  let group = 0;
  for (let i = 0; i < steps.length; i++) {
    group = i === 0 ? atTop(tape, steps[0]!) : child(tape, group, group + GROUP, steps[i]!);
    if (group === 0) return 0;
  }
  return attribute === undefined ? group : attributeOf(tape, group, attribute);
}

/**
 * Every element a path leads to, through every branch, in document order; with an attribute at the path's end, that of
 * each element, 0 where it has none.
 */
export function every(tape: Tape, path: Path): number[] {
  const groups: number[] = [];
  if (path.steps.length === 0) return groups;
  for (let at = atTop(tape, path.steps[0]!); at !== 0; at = tape.cells[at + NEXT]!) below(tape, path, at, 1, groups);
  return groups;
}

/** Adds what the path's steps from `level` on lead to from `group`. */
function below(tape: Tape, path: Path, group: number, level: number, groups: number[]): void {
  const { steps, attribute } = path;
  if (level === steps.length) {
    groups.push(attribute === undefined ? group : attributeOf(tape, group, attribute));
    return;
  }
  const step = steps[level]!;
  const { cells } = tape;
  const stop = cells[group + SKIP]!;
  for (let at = child(tape, group, group + GROUP, step); at !== 0; ) {
    below(tape, path, at, level + 1, groups);
    const next = cells[at + SKIP]!;
    at = next < stop ? child(tape, group, next, step) : 0;
  }
}

function atTop(tape: Tape, { id, lower }: Step): number {
  const group = id < 0 ? 0 : topLevel(tape, id);
  return group === 0 && lower >= 0 && lower !== id ? topLevel(tape, lower) : group;
}

/** The first child element of `parent` with this name, from `at` on; 0 where there is none. */
function child({ cells, top }: Tape, parent: number, at: number, { id, lower }: Step): number {
  if (id < 0 && lower < 0) return 0;
  const stop = parent === 0 ? top : cells[parent + SKIP]!;
  for (; at < stop; at = cells[at + SKIP]!)
    if ((cells[at] === id || cells[at] === lower) && (cells[at + MARKS]! & ATTRIBUTE) === 0) return at;
  return 0;
}

function attributeOf({ cells, top }: Tape, group: number, { id }: Step): number {
  for (let at = group + GROUP; at < top && (cells[at + MARKS]! & ATTRIBUTE) !== 0; at += GROUP)
    if (cells[at] === id) return at;
  return 0;
}

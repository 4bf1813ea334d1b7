import { type Path, type Position, pathText } from '../problems.ts';
import type { Tree } from '../tree.ts';

/**
 * A configuration of Quarry's own written from another file: each value is put at its path and remembers where it came
 * from, so that whatever is found wrong with it is said of the line a person wrote.
 */
export interface Native {
  put(path: Path, value: unknown, from: Path): void;
  /** As if the reader of `quarry.yaml` had read it. */
  tree(): Tree;
}

export function nativeOf(source: Tree): Native {
  const value: Record<string, unknown> = {};
  const origins = new Map<string, string>();
  const positions = new Map<string, Position>();
  return {
    put: (path, given, from) => {
      const parent = path.slice(0, -1).reduce<Record<string, unknown>>((at, part) => {
        if (!Object.hasOwn(at, part)) at[part] = {};
        return at[part] as Record<string, unknown>;
      }, value);
      parent[path.at(-1)!] = given;
      const place = nearest(source, from);
      for (let depth = path.length; depth > 0; depth--) {
        const name = pathText(path.slice(0, depth));
        // What holds it is said where its first part stands.
        if (depth < path.length && origins.has(name)) break;
        origins.set(name, pathText(from));
        if (place !== undefined) positions.set(name, place);
      }
    },
    tree: () => ({
      value,
      positions,
      origins,
      written: new Map(),
      interpolated: new Set(),
      references: new Map(),
      failed: new Set(),
      problems: [],
    }),
  };
}

/** Where a path stands, or the nearest thing around it. */
function nearest({ positions }: Tree, path: Path): Position | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const at = positions.get(pathText(path.slice(0, depth)));
    if (at !== undefined) return at;
  }
  return undefined;
}

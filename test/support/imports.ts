import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** What a file imports: types, re-exports, dynamic imports, `typeof import(…)` and workers included. */
export interface SourceFile {
  /** From the root of the repository: `src/core/words.ts`. */
  readonly path: string;
  readonly lines: number;
  /** Files of ours, as paths from the root. */
  readonly files: readonly string[];
  /** Packages and built-ins: `zod`, `node:fs`. */
  readonly packages: readonly string[];
  /** Imports whose target is computed, so that nobody can tell what they are. */
  readonly computed: number;
}

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)(['"])([^'"\n]+)\1/g;
const COMPUTED = /\bimport\s*\(\s*(?!['"])/g;

export function parseSource(path: string, text: string): SourceFile {
  const code = withoutComments(text);
  const specifiers = [...code.matchAll(IMPORT)].map((match) => match[2]!);
  const isOurs = (specifier: string) => specifier.startsWith('.');
  return {
    path,
    lines: text.split('\n').length - 1,
    files: [
      ...new Set(
        specifiers
          .filter((specifier) => isOurs(specifier) && /\.[cm]?[jt]s$/.test(specifier))
          .map((specifier) => join(dirname(path), specifier)),
      ),
    ],
    packages: [
      ...new Set(
        specifiers
          .filter((specifier) => /^(@?[a-z]|node:)/.test(specifier) && !/^[a-z]+:\/\//.test(specifier))
          .map(packageName),
      ),
    ],
    computed: [...code.matchAll(COMPUTED)].length,
  };
}

/** Comments that begin a line or follow white space; a `//` inside a URL stays. */
const withoutComments = (text: string): string =>
  text.replaceAll(/(^|\s)\/\*[\s\S]*?\*\//g, '$1').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Every TypeScript file below a folder of the repository. */
export function readSources(root: string, folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => normalize(join(folder, file)))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

/** Circles of imports, each as the files along it. */
export function cycles(files: readonly SourceFile[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const state = new Map<string, 'open' | 'done'>();
  const found: string[][] = [];
  const trail: string[] = [];
  const visit = (path: string): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      found.push([...trail.slice(trail.indexOf(path)), path]);
      return;
    }
    state.set(path, 'open');
    trail.push(path);
    for (const next of byPath.get(path)?.files ?? []) if (byPath.has(next)) visit(next);
    trail.pop();
    state.set(path, 'done');
  };
  for (const { path } of files) visit(path);
  return found;
}

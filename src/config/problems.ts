import type { ErrorCode } from '../core/catalogue.ts';
import { QuarryError } from '../core/errors.ts';

export type Path = readonly (string | number)[];

/** Line and column, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with a configuration. Never holds a value, since any value may be a secret. */
export interface Problem {
  readonly code: ErrorCode;
  /** `quarry.yaml:14:9`, or the name of the environment variable. */
  readonly where: string;
  /** `connections.eu.password`; empty for the file as a whole. */
  readonly path: string;
  /** What was expected, and what was probably meant. */
  readonly message: string;
}

/** `connections.eu.datasets[0]`. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
  return text;
}

/** `quarry.yaml:14:9  connections.eu.pasword: unknown key; did you mean "password"?` */
export const problemText = ({ where, path, message }: Problem): string =>
  `${where}  ${path === '' ? '' : `${path}: `}${message}`;

const lists = new WeakMap<QuarryError, readonly Problem[]>();

/** All problems as one error. Its code is the problems' own when they agree, else QRY1003. */
export function problemsError(problems: readonly Problem[]): QuarryError {
  const [first] = problems;
  const code = first !== undefined && problems.every((problem) => problem.code === first.code) ? first.code : 'QRY1003';
  const head =
    problems.length === 1 ? 'The configuration has a problem:' : `The configuration has ${problems.length} problems:`;
  const what = [head, ...problems.map((problem) => `  ${problemText(problem)}`)].join('\n');
  const error = new QuarryError(code, { what });
  lists.set(error, problems);
  return error;
}

/** The problems behind an error of `loadConfig`; none when it is another kind of error. */
export function problemsOf(error: unknown): readonly Problem[] {
  return error instanceof QuarryError ? (lists.get(error) ?? []) : [];
}

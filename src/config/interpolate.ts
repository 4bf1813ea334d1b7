import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where the values of `${…}` come from. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `${file:…}` with a relative path is relative to this. */
  readonly baseDir: string;
}

export type Interpolated =
  | { readonly text: string /** Something was put in. */; readonly replaced: boolean }
  | { readonly problem: string };

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
/** No secret is this long; a path that leads to a log file by mistake is said so instead of read. */
const MAX_FILE_BYTES = 1 << 20;

/**
 * `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `${file:/path}` and `$$` for a dollar sign. A default may hold
 * references itself; what is put in is never looked at again. As in a shell, `:-` and `:?` take an empty variable for
 * one that is not set.
 */
export function interpolate(text: string, sources: Sources): Interpolated {
  let result = '';
  let replaced = false;
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0 || dollar === text.length - 1) break;
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '{') {
      const close = closingBrace(text, dollar + 2);
      if (close < 0) return { problem: '`${` without its `}`; write `$$` for a dollar sign' };
      const value = lookUp(text.slice(dollar + 2, close), sources);
      if ('problem' in value) return value;
      result += value.text;
      replaced = true;
      at = close + 1;
    } else {
      result += '$';
      at = dollar + (next === '$' ? 2 : 1);
    }
  }
  return { text: result + text.slice(at), replaced };
}

/** The references of a text by what they name, without defaults and messages: a default may be a secret. */
export function referencesIn(text: string): readonly string[] {
  const found = [...text.matchAll(/\$\$|\$\{(file:[^}]*|[A-Za-z_][A-Za-z0-9_]*)/g)];
  return found.flatMap(([, name]) => (name === undefined ? [] : [`\${${name}}`]));
}

function lookUp(reference: string, sources: Sources): Interpolated {
  if (reference.startsWith('file:')) return readText(reference.slice('file:'.length), sources.baseDir);
  const name = NAME.exec(reference)?.[0];
  const rest = reference.slice(name?.length ?? 0);
  if (name === undefined || !(rest === '' || rest.startsWith(':-') || rest.startsWith(':?'))) {
    return {
      problem: 'expected ${VAR}, ${VAR:-default}, ${VAR:?message} or ${file:/path}; write `$$` for a dollar sign',
    };
  }
  const value = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined;
  if (value !== undefined && (value !== '' || rest === '')) return { text: value, replaced: true };
  if (rest.startsWith(':-')) return interpolate(rest.slice(2), sources);
  const message = rest.slice(2);
  if (message !== '') return { problem: `the environment variable ${name} is not set: ${message}` };
  return { problem: `the environment variable ${name} is not set; set it or give a default: \${${name}:-…}` };
}

function readText(path: string, baseDir: string): Interpolated {
  if (path === '') return { problem: 'expected a path after `file:`' };
  try {
    const bytes = readFileSync(resolve(baseDir, path));
    if (bytes.length > MAX_FILE_BYTES) return { problem: `the file ${path} is larger than 1 MiB` };
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // The line end that editors and `echo` leave is not part of a secret.
    return { text: text.replace(/\r?\n$/, ''), replaced: true };
  } catch (error) {
    return { problem: `the file ${path} cannot be read: ${reasonOf(error)}` };
  }
}

export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'it does not exist',
    EACCES: 'no permission',
    EPERM: 'no permission',
    EISDIR: 'it is a folder',
    ENOTDIR: 'part of the path is not a folder',
    ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
  };
  return known[code] ?? (code === '' ? 'unknown reason' : code);
}

/** Index of the brace that closes a reference whose inside starts at `from`; -1 when none does. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '$' && text[i + 1] === '$') i++;
    else if (text[i] === '$' && text[i + 1] === '{') {
      depth++;
      i++;
    } else if (text[i] === '}' && --depth === 0) return i;
  }
  return -1;
}

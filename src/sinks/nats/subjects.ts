import type { StreamIdentity } from '../../core/words.ts';
import { filled } from '../define.ts';

/** Tokens of a subject may hold neither dots nor wildcards nor blanks. */
export const subjectOf = (template: string, stream: StreamIdentity): string =>
  filled(template, stream, (value) => value.replaceAll(/[^A-Za-z0-9_-]/g, '_'));

/** Whether one of these subjects, wildcards included, takes a subject. */
export function takes(subjects: readonly string[], subject: string): boolean {
  const tokens = subject.split('.');
  return subjects.some((one) => {
    const parts = one.split('.');
    const open = parts.at(-1) === '>';
    if (open ? tokens.length < parts.length : tokens.length !== parts.length) return false;
    return parts.every((part, i) => part === '*' || (open && i === parts.length - 1) || part === tokens[i]);
  });
}

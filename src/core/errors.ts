import { CATALOGUE, type ErrorCode } from './catalogue.ts';
import type { Next } from './next.ts';

/** What Qualys itself said, kept word for word. */
export interface QualysWords {
  readonly status?: number;
  readonly code?: string;
  readonly text?: string;
}

export interface ErrorDetails {
  /** What happened, in one sentence with the particulars. */
  readonly what: string;
  /** Where: a config position, an endpoint, a data set, a byte offset. */
  readonly where?: string;
  /** What to do, when it differs from the catalogue's advice. */
  readonly fix?: string;
  readonly qualys?: QualysWords;
  /** Milliseconds to wait before the next try, where the other side named them. */
  readonly waitMs?: number;
  readonly cause?: unknown;
}

/** The one error of Quarry: a stable code, what happened, where, why, what to do, and what happens next. */
export class QuarryError extends Error {
  override readonly name = 'QuarryError';
  readonly code: ErrorCode;
  readonly next: Next;
  readonly why: string;
  readonly fix: string;
  readonly where: string | undefined;
  readonly qualys: QualysWords | undefined;
  readonly waitMs: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(details.what, details.cause === undefined ? undefined : { cause: details.cause });
    const entry = CATALOGUE[code];
    this.code = code;
    this.next = entry.next;
    this.why = entry.why;
    this.fix = details.fix ?? entry.fix;
    this.where = details.where;
    this.qualys = details.qualys;
    this.waitMs = details.waitMs;
  }
}

/** The error as lines for a person: what (where), why, what to do, code. Never a stack. */
export function explain(error: QuarryError): string {
  const where = error.where === undefined ? '' : ` (${error.where})`;
  const said =
    error.qualys?.text === undefined
      ? ''
      : `\n  Qualys said: ${error.qualys.code ?? error.qualys.status ?? ''} ${error.qualys.text}`;
  return `${error.code} ${error.message}${where}${said}\n  why: ${error.why}\n  do:  ${error.fix}`;
}

/** Any thrown thing as a QuarryError; what is not one already is a defect of ours and says so. */
export function asQuarryError(thrown: unknown): QuarryError {
  if (thrown instanceof QuarryError) return thrown;
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new QuarryError('QRY9001', { what, cause: thrown });
}

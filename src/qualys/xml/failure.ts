import { QuarryError } from '../../core/errors.ts';
import type { Scan } from './state.ts';

export type XmlErrorCode = 'QRY3001' | 'QRY3002' | 'QRY3003' | 'QRY3004' | 'QRY3005';

/** The error for what stands at `at` in the buffer: byte offset from the document's start, path and surroundings. */
export function failure(scan: Scan, code: XmlErrorCode, what: string, at: number): QuarryError {
  const byte = (scan.offset + at).toLocaleString('en-US');
  const path = pathOf(scan);
  const near = excerpt(scan.buffer, Math.max(0, at - 32), Math.min(scan.length, at + 32));
  return new QuarryError(code, {
    what,
    where: `byte ${byte}${path === '' ? '' : `, in ${path}`}${near === '' ? '' : `, near «${near}»`}`,
  });
}

/** The limit `name` was passed. */
export function overLimit(scan: Scan, what: string, limit: number, at: number): QuarryError {
  return failure(scan, 'QRY3003', `${what} (limit ${limit.toLocaleString('en-US')})`, at);
}

const PATH_ELEMENTS = 5;

function pathOf(scan: Scan): string {
  const first = Math.max(0, scan.depth - PATH_ELEMENTS);
  const names: string[] = first > 0 ? ['…'] : [];
  for (let i = first; i < scan.depth; i++) names.push(scan.names.texts[scan.open[i]!] ?? '?');
  return names.join('/');
}

/** Bytes as one line a person can read; what cannot be shown is a dot. */
export function excerpt(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, end - start)).toString('utf8');
  return text.replace(/\s+/g, ' ').replace(/[\p{C}\ufffd]/gu, '·');
}

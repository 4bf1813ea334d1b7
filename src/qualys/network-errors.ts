import type { ErrorCode } from '../core/catalogue.ts';
import { QuarryError } from '../core/errors.ts';
import { PRIVATE_ADDRESS } from './public-lookup.ts';
import type { Redact } from './redact.ts';

/** Where on its way a call was when the network failed. */
export interface Failure {
  readonly thrown: unknown;
  /** Headers had come. */
  readonly answering: boolean;
  /** Through a proxy. */
  readonly proxied: boolean;
  /** Host and port asked for. */
  readonly host: string;
  readonly where: string;
}

interface Verdict {
  readonly code: ErrorCode;
  /** The call never reached Qualys. */
  readonly unsent: boolean;
}

/** Codes of Node's TLS and OpenSSL's verification. Source: Node.js documentation, "X509 certificate error codes". */
const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'CERT_REVOKED',
]);
const WRONG_TIME = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA']);

function judge({ thrown, answering, proxied }: Failure, code: string, message: string, name: string): Verdict {
  // undici reports the status of a refused CONNECT only in this message.
  const tunnel = /Proxy response \((\d+)\)/.exec(message)?.[1];
  // A proxy that asks for credentials says 407; some (tinyproxy) say 401.
  if (tunnel !== undefined) return { code: tunnel === '407' || tunnel === '401' ? 'QRY2050' : 'QRY2051', unsent: true };
  if (code === 'UND_ERR_PRX_CONN' || code === 'UND_ERR_PRX_TLS') return { code: 'QRY2051', unsent: true };
  if (code === PRIVATE_ADDRESS) return { code: 'QRY8023', unsent: true };
  if (UNKNOWN_AUTHORITY.has(code)) return { code: 'QRY2040', unsent: true };
  if (WRONG_TIME.has(code)) return { code: 'QRY2041', unsent: true };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { code: 'QRY2042', unsent: true };
  // With a proxy, the only connection made is the one to the proxy.
  if (NO_CONNECTION.has(code)) return { code: proxied ? 'QRY2051' : 'QRY2001', unsent: true };
  if (NO_NAME.has(code)) return { code: proxied ? 'QRY2051' : 'QRY2004', unsent: true };
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    return { code: 'QRY2043', unsent: !answering };
  }
  if (name === 'HTTPParserError' && !answering) return { code: 'QRY2034', unsent: false };
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return judge(
      { thrown: thrown.errors[0], answering, proxied, host: '', where: '' },
      codeOf(thrown.errors[0]),
      '',
      '',
    );
  }
  return { code: 'QRY2001', unsent: false };
}

function codeOf(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** What a failed connection means. The cause keeps code and message only: the library's error may hold the request. */
export function networkError(failure: Failure, redact: Redact): { error: QuarryError; unsent: boolean } {
  const { thrown, answering, host, where } = failure;
  const code = codeOf(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const name = thrown instanceof Error ? thrown.name : '';
  const verdict = judge(failure, code, message, name);
  // OpenSSL says this one with addresses and files of its own.
  const said = code === 'ERR_SSL_WRONG_VERSION_NUMBER' ? 'it does not speak TLS; is it http://?' : message;
  const cause = new Error(redact(`${code === '' ? '' : `${code}: `}${said}`));
  delete cause.stack;
  const what = answering ? `The answer of ${host} broke off: ${cause.message}` : `${host}: ${cause.message}`;
  return { error: new QuarryError(verdict.code, { what, where, cause }), unsent: verdict.unsent };
}

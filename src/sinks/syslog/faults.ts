import { QuarryError } from '../../core/errors.ts';

/** How far a connection got: what an error means depends on it. */
export type Phase = 'connecting' | 'settling' | 'sending' | 'finishing';

/** What is known of a connection that failed. */
export interface Circumstances {
  readonly phase: Phase;
  /** Address and port. */
  readonly where: string;
  /** What may be wrong with our own certificate; '' or absent when nothing is known. */
  readonly doubt: string | undefined;
}

/** Why OpenSSL or Node.js do not trust a receiver's certificate. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO|CRL|INVALID_CA|PATH_LENGTH/;
/** A TLS alert is the receiver's own word, whenever it arrives. */
const ALERT = /ALERT/;

const unsent = (phase: Phase): boolean => phase === 'connecting' || phase === 'settling';

/** An error of a socket as one that says what it means. */
export function socketFault(error: Error, { phase, where, doubt }: Circumstances): QuarryError {
  const code = 'code' in error ? String(error.code) : '';
  const said = sentence(error);
  const fault = (as: 'QRY5020' | 'QRY5021' | 'QRY5022' | 'QRY5024', what: string): QuarryError =>
    new QuarryError(as, { what, where, cause: error });
  if (ALERT.test(code)) return fault('QRY5022', `the receiver refused the connection: ${said}${because(doubt)}`);
  if (phase === 'settling')
    return fault('QRY5022', `the receiver closed the connection at once: ${said}${because(doubt)}`);
  if (phase !== 'connecting') return fault('QRY5024', `the connection broke off: ${said}`);
  if (UNTRUSTED.test(code)) return fault('QRY5021', `the receiver’s certificate is not trusted: ${said}`);
  return fault('QRY5020', said);
}

/** The receiver ended a connection before it was told that nothing more comes. */
export function endedEarly({ phase, where, doubt }: Circumstances): QuarryError {
  if (unsent(phase))
    return new QuarryError('QRY5022', { what: `the receiver closed the connection at once${because(doubt)}`, where });
  return new QuarryError('QRY5024', { what: 'the receiver closed the connection before it had everything', where });
}

/** The receiver did nothing for so many milliseconds. */
export function silent({ phase, where }: Circumstances, ms: number): QuarryError {
  if (unsent(phase)) return new QuarryError('QRY5020', { what: `the receiver did not answer for ${ms} ms`, where });
  const did = phase === 'sending' ? 'took nothing' : 'did not end the connection';
  return new QuarryError('QRY5025', { what: `the receiver ${did} for ${ms} ms`, where });
}

/** What an error says, for people: a name with several addresses fails once for each, and OpenSSL's message is a line of its source. */
function sentence(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((one: Error) => one.message).join('; ');
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}

const because = (doubt: string | undefined): string => (doubt === undefined || doubt === '' ? '' : `; ${doubt}`);

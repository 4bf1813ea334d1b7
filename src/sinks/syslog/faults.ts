import { QuarryError } from '../../core/errors.ts';

/** How far a connection got: what an error means depends on it. */
export type Phase = 'connecting' | 'settling' | 'sending' | 'finishing';

/** Why OpenSSL or Node.js do not trust a receiver's certificate. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO|CRL|INVALID_CA|PATH_LENGTH/;
/** A TLS alert is the receiver's own word, whenever it arrives. */
const ALERT = /ALERT/;

/** An error of a connection as one that says what it means. `doubt` is what may be wrong with our own certificate. */
export function connectionFault(error: Error, phase: Phase, where: string, doubt: string | undefined): QuarryError {
  if (error instanceof QuarryError) return error;
  const code = 'code' in error ? String(error.code) : '';
  const details = { where, cause: error };
  const ours = doubt === undefined || doubt === '' ? '' : `; ${doubt}`;
  if (ALERT.test(code))
    return new QuarryError('QRY5022', {
      what: `the receiver refused the connection: ${error.message}${ours}`,
      ...details,
    });
  if (phase === 'connecting' && UNTRUSTED.test(code))
    return new QuarryError('QRY5021', {
      what: `the receiver’s certificate is not trusted: ${error.message}`,
      ...details,
    });
  if (phase === 'connecting') return new QuarryError('QRY5020', { what: error.message, ...details });
  if (phase === 'settling')
    return new QuarryError('QRY5022', {
      what: `the receiver closed the connection at once (${code})${ours}`,
      ...details,
    });
  return new QuarryError('QRY5024', { what: `the connection broke off: ${error.message}`, ...details });
}

/** The receiver ended a connection before it was told that nothing more comes. */
export function endedEarly(phase: Phase, where: string, doubt: string | undefined): QuarryError {
  const ours = doubt === undefined || doubt === '' ? '' : `; ${doubt}`;
  if (phase === 'connecting' || phase === 'settling')
    return new QuarryError('QRY5022', { what: `the receiver closed the connection at once${ours}`, where });
  return new QuarryError('QRY5024', { what: 'the receiver closed the connection before it had everything', where });
}

/** The receiver did nothing for too long. */
export function silent(phase: Phase, where: string, ms: number): QuarryError {
  const did = { connecting: 'did not answer', settling: 'did not answer', sending: 'took nothing' } as const;
  if (phase === 'connecting' || phase === 'settling')
    return new QuarryError('QRY5020', { what: `the receiver ${did[phase]} for ${ms} ms`, where });
  const what = phase === 'sending' ? did.sending : 'did not end the connection';
  return new QuarryError('QRY5025', { what: `the receiver ${what} for ${ms} ms`, where });
}

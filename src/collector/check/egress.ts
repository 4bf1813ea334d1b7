import { QuarryError } from '../../core/errors.ts';

/** Words of a refusal that is about where the call came from. */
const ABOUT_ADDRESS =
  /\b(?:ip|source) address|\bips?\b[^.]*\b(?:allow|restrict|block|permit|den|authori[sz])|allow-?list/i;

/**
 * The same error, naming the addresses this connection comes from, where Qualys or a firewall before it may have refused
 * them: it says so, or a page came with 403 where Qualys itself answers in its own form.
 */
export function withEgress(error: QuarryError, addresses: readonly string[] | undefined): QuarryError {
  const status = error.qualys?.status;
  const byPage = error.code === 'QRY2034' && status === 403;
  const bySaying = status !== undefined && status >= 400 && ABOUT_ADDRESS.test(error.qualys?.text ?? '');
  if (!byPage && !bySaying) return error;
  const where =
    addresses === undefined
      ? 'Name the addresses this machine is seen from in egress_addresses, so that they stand here.'
      : `This connection comes from ${addresses.join(', ')}.`;
  const { code, message: what, fix, qualys, cause } = error;
  return new QuarryError(code, {
    what,
    fix: `Qualys, or a firewall before it, may not allow this address: have it allowed. ${where} ${fix}`,
    ...(error.where !== undefined && { where: error.where }),
    ...(qualys !== undefined && { qualys }),
    ...(cause !== undefined && { cause }),
    ...(error.waitMs !== undefined && { waitMs: error.waitMs }),
  });
}

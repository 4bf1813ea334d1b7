import { QuarryError } from '../../core/errors.ts';
import { print, printJson } from '../output.ts';
import { ownUrl } from '../own-url.ts';

export interface HealthcheckFlags {
  readonly config?: string;
  readonly url?: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** Exit code 0 when the collector is ready. Throws QRY6012 where it does not answer or is not. */
export async function healthcheck(flags: HealthcheckFlags): Promise<number> {
  const url = new URL('/readyz?verbose', flags.url ?? ownUrl(flags.config));
  const answer = await fetch(url, { signal: AbortSignal.timeout(flags.timeout), redirect: 'error' }).catch(
    (error: unknown) => {
      const { message, cause } = error as Error;
      const why = cause instanceof Error && cause.message !== '' ? cause.message : message;
      throw new QuarryError('QRY6012', { what: `Nothing answers: ${why}.`, where: url.origin });
    },
  );
  const text = await answer.text();
  if (!answer.ok)
    throw new QuarryError('QRY6012', { what: `It answers ${answer.status}: ${text.slice(0, 500)}`, where: url.origin });
  if (flags.json === true) await printJson(JSON.parse(text));
  else await print('ready\n');
  return 0;
}

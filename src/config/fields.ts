import { z } from 'zod';
import { isCron, isTimeZone } from '../core/cron.ts';
import { Secret } from '../core/secret.ts';
import { DURATION_PATTERN, parseDuration, parseTime, TIME_PATTERN } from './units.ts';

/** The building blocks of the schema: what a single value may look like, and what becomes of it. */

const ID = /^[a-z0-9_-]{1,64}$/;
const LABEL = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Ids the user chooses: connections and sinks. They name folders, metrics and streams. */
export const id = z.string().regex(ID, { error: 'expected 1 to 64 of a-z, 0-9, _ and -' });

/** Tenants and subscriptions. */
export const label = z
  .string()
  .regex(LABEL, { error: 'expected 1 to 64 letters, digits, _, . and -, beginning with a letter or digit' });

export const text = z.string().min(1, { error: 'expected a text that is not empty' });

/** A text that must never be seen again. */
export const secret = text.transform((value) => new Secret(value)).meta({ secret: true });

/** A key: too long to be guessed from what it makes. */
export const longSecret = z
  .string()
  .min(16, { error: 'expected at least 16 characters' })
  .transform((value) => new Secret(value))
  .meta({ secret: true });

/** A text that travels in a header as it is. */
export const headerText = text.regex(/^[\x21-\x7e]+$/, { error: 'expected letters, digits and signs without blanks' });
export const headerSecret = headerText.transform((value) => new Secret(value)).meta({ secret: true });

const DURATION_EXPECTED = 'expected a duration longer than zero, such as 15m, 1d or 1h30m';

/** A duration in milliseconds. */
export const duration = z
  .string({ error: DURATION_EXPECTED })
  .regex(DURATION_PATTERN, { error: DURATION_EXPECTED })
  .transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined && ms > 0) return ms;
    context.addIssue(DURATION_EXPECTED);
    return z.NEVER;
  });

const CRON_EXPECTED = 'expected five cron fields that some time fits, such as "0 3 * * 1-5"';

/** Five cron fields as they are written; the time zone stands elsewhere. */
export const cron = z
  .string({ error: CRON_EXPECTED })
  .regex(/^\S+(\s+\S+){4}$/, { error: CRON_EXPECTED })
  .refine(isCron, { error: CRON_EXPECTED });

export const timeZone = z.string().refine(isTimeZone, { error: 'expected a time zone, such as UTC or Europe/Berlin' });

const TIME_EXPECTED = 'expected a date or a time in UTC, such as 2026-01-01 or 2026-01-01T00:00:00Z';

/** A time as Qualys spells it: `2026-01-01T00:00:00Z`. */
export const time = z
  .string()
  .regex(TIME_PATTERN, { error: TIME_EXPECTED })
  .transform((value, context) => {
    const parsed = parseTime(value);
    if (parsed !== undefined) return parsed;
    context.addIssue(TIME_EXPECTED);
    return z.NEVER;
  });

export interface Address {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:(\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]*):)?(\d{1,5})$/;
const ADDRESS_EXPECTED = 'expected host:port, such as 127.0.0.1:8480, [::1]:8480 or :8480 for every address';

/** Where the server listens. A port alone is on this machine only; `:8480` is on every address. */
export const listen = z
  .string()
  .regex(ADDRESS, { error: ADDRESS_EXPECTED })
  .transform((value, context): Address => {
    const [, host, port] = ADDRESS.exec(value) ?? [];
    if (Number(port) <= 65_535) {
      const name = host === undefined ? '127.0.0.1' : host === '' ? '::' : host.replaceAll(/[[\]]/g, '');
      return { host: name, port: Number(port) };
    }
    context.addIssue('expected a port up to 65535');
    return z.NEVER;
  });

const RESERVE_EXPECTED = 'expected a number of calls, or a share such as 10%';

/** Calls of a limit left to others: so many, or a share of it, as it is written. */
export const reserve = z.union([
  z.number({ error: RESERVE_EXPECTED }).int({ error: RESERVE_EXPECTED }).min(1, { error: RESERVE_EXPECTED }),
  z.string({ error: RESERVE_EXPECTED }).regex(/^[1-9]\d?%$/, { error: RESERVE_EXPECTED }),
]);

/** Addresses, networks or words: shown, never read. */
export const addresses = z.array(text).min(1);

export const databaseUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/.+/, { error: 'expected postgres://user:password@host:port/database' })
  .transform((value) => new Secret(value))
  .meta({ secret: true });

/** A proxy's address; credentials inside it are taken out. */
export const proxyUrl = z.string().transform((value, context) => {
  const url = URL.parse(/^[a-z]+:\/\//i.test(value) ? value : `http://${value}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    context.addIssue('expected http://host:port');
    return z.NEVER;
  }
  const password = decode(url.password);
  return {
    url: url.origin,
    username: decode(url.username),
    password: password === undefined ? undefined : new Secret(password),
  };
});

/** A percent sign that is no escape stands for itself. */
function decode(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

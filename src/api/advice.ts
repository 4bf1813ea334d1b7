import { z } from 'zod';
import type { Checked } from '../collector/port.ts';
import { CATALOGUE } from '../core/catalogue.ts';
import type { QuarryError } from '../core/errors.ts';

/** One step of a test, in words that somebody who must mend it can use. */
export const checkView = z
  .object({
    check: z.string().meta({ description: 'DNS, TLS, sign-in (basic), or the data set.' }),
    outcome: z.enum(['ok', 'failed', 'skipped']),
    ok: z.boolean(),
    ms: z.number().optional(),
    detail: z.string().meta({ description: 'What was found, or what exactly happened.' }),
    code: z.string().optional(),
    status: z.number().int().optional().meta({ description: 'The HTTP status, where there was an answer.' }),
    title: z.string().optional(),
    explanation: z.string().optional(),
    recommendation: z.string().optional(),
    qualys: z.string().optional().meta({ description: 'What Qualys itself said.' }),
  })
  .meta({ id: 'Check' });
export type CheckView = z.infer<typeof checkView>;

/** What the statuses of Qualys's answers usually come down to, and the questions to ask first. */
interface Usual {
  readonly title: string;
  /** What happened, where the error says no more than that Qualys had a fault. */
  readonly short: string;
  readonly means: string;
  readonly ask: string;
}
const STATUSES: Readonly<Record<number, Usual>> = {
  400: {
    title: 'Bad Request',
    short: 'the request was refused',
    means: 'Something in the configuration of the connection is wrong.',
    ask: 'Is the connection configured correctly?',
  },
  401: {
    title: 'Unauthorized',
    short: 'the sign-in was refused',
    means: 'The credential is not valid, or the user lacks the privilege for a particular API.',
    ask: 'Are user name and password entered correctly, and not expired? Is the account entitled or licensed for this resource?',
  },
  403: {
    title: 'Forbidden',
    short: 'not allowed',
    means: 'The credential is valid, but its permission or scope does not reach so far.',
    ask: 'Is it the right user? Does the user have the role and the permissions that the data set needs (at least to read assets)?',
  },
  404: {
    title: 'Not Found',
    short: 'nothing is there',
    means: 'The path of the URL leads nowhere.',
    ask: 'Is the API URL that of your platform?',
  },
  409: {
    title: 'Conflict',
    short: 'refused for now',
    means:
      'A limit of calls is used up, or the user may not use this API (the KnowledgeBase needs a permission of its own).',
    ask: 'Does it go away by itself? If not: may the user read this API?',
  },
  429: {
    title: 'Too Many Requests',
    short: 'the limit is used up',
    means: 'There is too much traffic, or a quota is used up. It recovers by itself, and the connection tries again.',
    ask: 'Does it happen often? Then give Quarry a user of its own, or ask Qualys about limits, licences and quotas.',
  },
};

export function checkOf({ what, outcome, about, error, ms }: Checked): CheckView {
  const base = { check: what, outcome, ok: outcome === 'ok', detail: about, ...(ms === undefined ? {} : { ms }) };
  return error === undefined ? base : { ...base, ...adviceOn(error) };
}

/** What happened, what it means and what to do, of an error. */
export function adviceOn(error: QuarryError): Omit<CheckView, 'check' | 'outcome' | 'ok' | 'ms'> {
  const { code, message: detail, why, fix, qualys } = error;
  const status = qualys?.status;
  const usual = status === undefined ? undefined : STATUSES[status];
  // Qualys's own number for “internal error” comes with refusals, too; then the status says what it was.
  const vague = code === 'QRY2003';
  const said = vague ? '' : ` ${why}`;
  return {
    detail,
    code,
    ...(status === undefined ? {} : { status }),
    title:
      usual === undefined
        ? CATALOGUE[code].title
        : `${status} ${usual.title}: ${vague ? usual.short : CATALOGUE[code].title}`,
    explanation: usual === undefined ? why : `${usual.means}${said}`,
    recommendation: usual === undefined ? fix : vague ? usual.ask : `${usual.ask} ${fix}`,
    ...(qualys?.text === undefined ? {} : { qualys: `${qualys.code ?? status ?? ''} ${qualys.text}`.trim() }),
  };
}

/** The answers that stand in for the real one, by fault. */
import { genericReturn, htmlPage, simpleReturn } from './answers.ts';
import { type ActiveFaults, INSTEAD_FAULTS, type InsteadFault } from './faults.ts';
import { gatewayError } from './routes/rest.ts';
import type { Answer } from './routes/route.ts';

export interface Setting {
  readonly base: string;
  readonly user: string;
  readonly now: number;
  readonly path: string;
  readonly faults: ActiveFaults;
}

const LIST_HEAD = '<?xml version="1.0" encoding="UTF-8" ?>\n';

/** Faults whose answer is fixed. The 401, the 409s of the limits and the 404 of the newest version are the server's to give. */
const INSTEAD_ANSWERS: Readonly<Partial<Record<InsteadFault, (at: Setting) => Answer>>> = {
  'html-200': () => htmlPage(200, 'Welcome', 'Please accept the terms of use'),
  'empty-200': () => ({ status: 200, type: 'application/xml', rated: true, body: [] }),
  'error-200-2001': (at) => simpleReturn({ ...at, status: 200, code: '2001', text: 'This account has expired.' }),
  'generic-return': (at) => genericReturn(at.base, at.user, at.now, '999', 'Internal error'),
  'http-202-1981': (at) =>
    simpleReturn({
      ...at,
      status: 202,
      code: '1981',
      text: 'Your request is being processed. Please try this same request again later.',
    }),
  'http-403-2012': (at) =>
    simpleReturn({ ...at, status: 403, code: '2012', text: 'User license is not authorized to run this API.' }),
  'http-409-2003': (at) =>
    simpleReturn({
      ...at,
      status: 409,
      code: '2003',
      text: 'Registration must be completed before API requests will be served for this account',
    }),
  'http-409-no-code': (at) => simpleReturn({ ...at, status: 409, text: 'This API cannot be run now.' }),
  'http-414': () => htmlPage(414, '414 Request-URI Too Long', 'Request-URI Too Long'),
  'http-429': ({ faults }) =>
    htmlPage(429, '429 Too Many Requests', 'Too Many Requests', {
      'Retry-After': String(faults.number('http-429', 60)),
    }),
  'http-403-json': (at) => gatewayError(at, 403, 'Forbidden: the module is not in this subscription'),
  'http-429-to-wait': (at) =>
    tooMany(at, { 'X-RateLimit-ToWait-Sec': String(at.faults.number('http-429-to-wait', 60)) }),
  'http-429-no-wait': (at) => tooMany(at, {}),
  'http-500-999': (at) => simpleReturn({ ...at, status: 500, code: '999', text: 'Internal Error' }),
  'http-502': () => htmlPage(502, '502 Bad Gateway', 'Bad Gateway'),
  'http-503-1999-xml': (at) =>
    simpleReturn({
      ...at,
      status: 503,
      code: '1999',
      text: 'We are performing scheduled maintenance on our System. We apologize for any inconvenience.',
    }),
  'http-503-1999-html': () => htmlPage(503, 'Maintenance', 'We are performing scheduled maintenance on our System.'),
  'http-504': () => htmlPage(504, '504 Gateway Time-out', 'Gateway Time-out'),
  'redirect-other-host': ({ faults }) =>
    htmlPage(302, '302 Found', 'Found', {
      Location: faults.text('redirect-other-host') ?? 'http://127.0.0.1:9/stolen',
    }),
  'xml-bomb': () =>
    xml(`${LIST_HEAD}<!DOCTYPE X_OUTPUT [\n${entities()}]>\n<X_OUTPUT><RESPONSE>&e9;</RESPONSE></X_OUTPUT>\n`),
  'xml-external-entity': ({ faults }) => {
    const url = faults.text('xml-external-entity') ?? 'http://127.0.0.1:9/xxe';
    return xml(
      `${LIST_HEAD}<!DOCTYPE X_OUTPUT [<!ENTITY x SYSTEM "${url}">]>\n<X_OUTPUT><RESPONSE>&x;</RESPONSE></X_OUTPUT>\n`,
    );
  },
  'xml-deep': ({ faults }) => {
    const levels = faults.number('xml-deep', 100_000) ?? 0;
    return {
      status: 200,
      type: 'application/xml',
      rated: true,
      body: nested(levels),
    };
  },
};

/** The answer a fault puts in place of the real one, if any does. */
export function insteadOf(faults: ActiveFaults, at: Omit<Setting, 'faults'>): Answer | undefined {
  for (const name of INSTEAD_FAULTS) {
    const make = INSTEAD_ANSWERS[name];
    if (faults.has(name) && make !== undefined) return make({ ...at, faults });
  }
  return undefined;
}

function tooMany(at: Setting, headers: Record<string, string>): Answer {
  const rate = { 'X-RateLimit-Limit': '300', 'X-RateLimit-Window-Sec': '3600', 'X-RateLimit-Remaining': '0' };
  return { ...gatewayError(at, 429, 'Rate limit exceeded'), rated: false, headers: { ...rate, ...headers } };
}

function xml(text: string): Answer {
  return { status: 200, type: 'application/xml', rated: true, body: [text] };
}

function entities(): string {
  let text = '<!ENTITY e0 "lol">\n';
  for (let n = 1; n < 10; n++) text += `<!ENTITY e${n} "${`&e${n - 1};`.repeat(10)}">\n`;
  return text;
}

function* nested(levels: number): Generator<string> {
  yield LIST_HEAD;
  for (let n = 0; n < levels; n++) yield '<A>';
  for (let n = 0; n < levels; n++) yield '</A>';
}

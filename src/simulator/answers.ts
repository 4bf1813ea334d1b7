/** Answers that are not lists: Qualys's SIMPLE_RETURN and GENERIC_RETURN, Apache's pages, and the frame of every list. */
import type { Answer, Call } from './routes/route.ts';
import { stamp } from './world/time.ts';
import { cdata, escaped } from './xml.ts';

export interface SimpleReturn {
  readonly status: number;
  readonly text: string;
  readonly code?: string;
  readonly items?: Readonly<Record<string, string>>;
  readonly base: string;
  readonly now: number;
  readonly rated?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** SIMPLE_RETURN. Bodies of status 400 come without the XML declaration (recorded); 401 is `text/xml`. */
export function simpleReturn(said: SimpleReturn): Answer {
  const items = Object.entries(said.items ?? {})
    .map(
      ([key, value]) =>
        `      <ITEM>\n        <KEY>${key}</KEY>\n        <VALUE>${escaped(value)}</VALUE>\n      </ITEM>\n`,
    )
    .join('');
  const body = [
    said.status === 400 ? '' : DECLARATION,
    `<!DOCTYPE SIMPLE_RETURN SYSTEM "${said.base}/api/2.0/simple_return.dtd">\n<SIMPLE_RETURN>\n  <RESPONSE>\n`,
    `    <DATETIME>${stamp(said.now)}</DATETIME>\n`,
    said.code === undefined ? '' : `    <CODE>${said.code}</CODE>\n`,
    `    <TEXT>${escaped(said.text)}</TEXT>\n`,
    items === '' ? '' : `    <ITEM_LIST>\n${items}    </ITEM_LIST>\n`,
    '  </RESPONSE>\n</SIMPLE_RETURN>\n',
  ].join('');
  return {
    status: said.status,
    type: said.status === 401 ? 'text/xml;charset=UTF-8' : 'application/xml',
    rated: said.rated ?? (said.status === 400 || said.status === 409),
    body: [body],
    ...(said.headers === undefined ? {} : { headers: said.headers }),
  };
}

/** GENERIC_RETURN, the form of the first API; comes with status 200. */
export function genericReturn(
  base: string,
  user: string,
  now: number,
  number: string,
  text: string,
  api = 'index.php',
): Answer {
  const body = `${DECLARATION}<!DOCTYPE GENERIC_RETURN SYSTEM "${base}/generic_return.dtd">\n<GENERIC_RETURN>\n  <API name="${api}" username="${escaped(user)}" at="${stamp(now)}" />\n  <RETURN status="FAILED" number="${number}">${escaped(text)}</RETURN>\n</GENERIC_RETURN>\n`;
  return { status: 200, type: 'text/xml', rated: true, body: [body] };
}

export function htmlPage(
  status: number,
  title: string,
  text: string,
  headers?: Readonly<Record<string, string>>,
): Answer {
  const body = `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>${title}</title>\n</head><body>\n<h1>${text}</h1>\n<hr>\n</body></html>\n`;
  return {
    status,
    type: 'text/html; charset=iso-8859-1',
    rated: false,
    body: [body],
    ...(headers === undefined ? {} : { headers }),
  };
}

export const notFound = (): Answer => htmlPage(404, '404 Not Found', 'Not Found');

const DECLARATION = '<?xml version="1.0" encoding="UTF-8" ?>\n';
const TRIAL = '<!-- This report was generated with an evaluation version of Qualys //--> \n';

/** What stands before a list's payload: declaration, DOCTYPE, comment, root, REQUEST where asked for, DATETIME. */
export function listHead(call: Call, root: string, dtd: string): string {
  return [
    DECLARATION,
    `<!DOCTYPE ${root} SYSTEM "${call.base}${dtd}">\n`,
    call.trial ? TRIAL : '',
    `<${root}>\n`,
    call.params.get('echo_request') === '1' ? echo(call) : '',
    `  <RESPONSE>\n    <DATETIME>${stamp(call.now)}</DATETIME>\n`,
  ].join('');
}

/** What stands after it: the closing tags and Qualys's comments behind the root element. */
export function listTail(call: Call, root: string): string {
  return `  </RESPONSE>\n</${root}>\n${call.trial ? TRIAL : ''}${notice(call.now)}`;
}

export function notice(now: number): string {
  const year = new Date(now).getUTCFullYear();
  return `<!-- CONFIDENTIAL AND PROPRIETARY INFORMATION. Qualys provides the QualysGuard Service "As Is," without any warranty of any kind. Qualys makes no warranty that the information contained in this report is complete or error-free. Copyright ${year}, Qualys, Inc. //--> \n`;
}

function echo(call: Call): string {
  const given = [...call.params];
  const list =
    call.method === 'POST'
      ? `    <POST_DATA>${cdata(new URLSearchParams(given).toString())}</POST_DATA>\n`
      : `    <PARAM_LIST>\n${given.map(([key, value]) => `      <PARAM>\n        <KEY>${escaped(key)}</KEY>\n        <VALUE>${escaped(value)}</VALUE>\n      </PARAM>\n`).join('')}    </PARAM_LIST>\n`;
  return `  <REQUEST>\n    <DATETIME>${stamp(call.now)}</DATETIME>\n    <USER_LOGIN>${escaped(call.user)}</USER_LOGIN>\n    <RESOURCE>${escaped(call.base + call.path)}</RESOURCE>\n${list}  </REQUEST>\n`;
}

/**
 * The WARNING of a truncated list. Its URL repeats the parameters of the call with one Qualys adds by itself, and
 * points at a host of Qualys's own, as the guide's sample does: only its parameters are good for anything.
 */
export function truncationWarning(call: Call, limit: number, cursor: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of call.params) {
    // Long lists of ids are left out: a URL has no room for them.
    if (!Object.hasOwn(cursor, name) && value.length <= 1000) query.set(name, value);
  }
  query.set('cloud_agent_activationkey', '0');
  for (const [name, value] of Object.entries(cursor)) query.set(name, value);
  const url = `https://${FOREIGN_HOST}${call.path}?${query}`;
  return `    <WARNING>\n      <CODE>1980</CODE>\n      <TEXT>${limit} record limit exceeded. Use URL to get next batch of results.</TEXT>\n      <URL>${cdata(url)}</URL>\n    </WARNING>\n`;
}

export const FOREIGN_HOST = 'qualysapi.p01.eng.sjc01.example.com';

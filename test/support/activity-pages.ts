/** The activity log as a careful client reads it; shares nothing with Quarry's own readers. */
import { ask } from './simulator-client.ts';

/** Rows of quoted CSV. Throws where a quoted field does not end or text stands outside quotes. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] !== '"') throw new Error(`unquoted text at ${at}: ${text.slice(at, at + 40)}`);
    let field = '';
    for (at++; ; ) {
      const end = text.indexOf('"', at);
      if (end < 0) throw new Error('a quoted field does not end');
      field += text.slice(at, end);
      at = end + 1;
      if (text[at] !== '"') break;
      field += '"';
      at++;
    }
    row.push(field);
    if (text[at] !== ',') {
      rows.push(row);
      row = [];
    }
    at++;
  }
  return rows;
}

export interface ActivityPage {
  readonly text: string;
  /** Without the header row. */
  readonly rows: readonly (readonly string[])[];
  /** From the footer; undefined where there is none. */
  readonly idMax: string | undefined;
}

const BEGIN = '----BEGIN_RESPONSE_BODY_CSV\n';
const END = '----END_RESPONSE_BODY_CSV\n';
const FOOTER = '----BEGIN_RESPONSE_FOOTER_CSV\nWARNING\n';

interface Target {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export async function activityPage(sim: Target, params: Record<string, string | number> = {}): Promise<ActivityPage> {
  const reply = await ask(sim, '/api/2.0/fo/activity_log/', { params: { action: 'list', ...params } });
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
  const { text } = reply;
  const begin = text.startsWith(BEGIN) ? BEGIN.length : 0;
  const footer = text.lastIndexOf(FOOTER);
  const upTo = footer < 0 ? text : text.slice(0, footer);
  const body = upTo.endsWith(END) ? upTo.slice(begin, -END.length) : upTo.slice(begin);
  const [, ...rows] = parseCsv(body);
  const idMax = footer < 0 ? undefined : /[?&]id_max=(\d+)/.exec(text.slice(footer))?.[1];
  return { text, rows, idMax };
}

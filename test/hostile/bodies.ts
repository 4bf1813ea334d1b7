import type { Format } from '../../src/core/format.ts';

/** A body as Qualys sends it, and how it is read. */
export interface Body {
  readonly name: string;
  readonly format: Format;
  readonly text: string;
}

export const DETECTIONS: Format = {
  kind: 'xml',
  root: 'HOST_LIST_VM_DETECTION_OUTPUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  inner: { list: 'DETECTION_LIST', element: 'DETECTION', as: 'HOST' },
  lists: ['TAGS/TAG', 'QDS_FACTORS/QDS_FACTOR'],
  verbatim: ['RESULTS'],
  fields: ['QID', 'SEVERITY', 'RESULTS', 'STATUS', 'QDS'],
  contextFields: ['ID', 'IP', 'TAGS'],
};
export const HOSTS: Format = {
  kind: 'xml',
  root: 'HOST_LIST_OUTPUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  idSet: 'RESPONSE/ID_SET',
  lists: [],
  verbatim: [],
  fields: ['ID', 'IP'],
};
export const EVENTS: Format = { kind: 'json', records: '', wrapped: 'data', fields: ['id', 'dateTime'] };
export const ASSETS: Format = { kind: 'json', records: 'assetListData/asset', fields: ['assetId'] };
export const LOG: Format = { kind: 'csv', fields: ['Date', 'Action', 'Details'] };

const detection = (qid: number) => `
          <DETECTION><UNIQUE_VULN_ID>${qid}1</UNIQUE_VULN_ID><QID>${qid}</QID><TYPE>Confirmed</TYPE><SEVERITY>3</SEVERITY>
            <PORT>443</PORT><SSL>1</SSL><RESULTS><![CDATA[Package\tVersion
openssl <b>1.0</b> ]]]]><![CDATA[> "é" 資]]></RESULTS><STATUS>Active</STATUS><QDS severity="HIGH">95</QDS>
            <QDS_FACTORS><QDS_FACTOR name="RTI"><![CDATA[local]]></QDS_FACTOR><QDS_FACTOR name="epss">0.9</QDS_FACTOR></QDS_FACTORS>
          </DETECTION>`;
const host = (id: number) => `
      <HOST><ID>${id}</ID><IP>10.0.0.${id % 250}</IP><DNS><![CDATA[srv&co]]></DNS><OS>Linux &amp; more &#x41;</OS>
        <TAGS><TAG><TAG_ID>1</TAG_ID><NAME><![CDATA[Cr\u00e9dit]]></NAME></TAG></TAGS>
        <DETECTION_LIST>${[11, 38170, 105943].map(detection).join('')}
        </DETECTION_LIST>
      </HOST>`;
const WARNING = `<WARNING><CODE>1980</CODE><TEXT>2 record limit exceeded.</TEXT>
      <URL><![CDATA[https://qualysapi.qualys.com/api/5.0/fo/asset/host/vm/detection/?action=list&id_min=9]]></URL></WARNING>`;

const event = (id: number) => ({
  sortValues: [1613379949980 + id],
  data: {
    dateTime: '2021-02-15T09:05:49.980+0000',
    fullPath: `C:\\Windows\\System32\\${id}.dll`,
    profiles: [{ name: 'R\u00e8gles', rules: [{ severity: 4, section: null }] }],
    changedAttributes: [2, 4, 8],
    id: `75539bc1-${id}`,
    actor: { processID: 8932, userName: 'NT AUTHORITY\\SYSTEM' },
  },
});
const asset = (id: number) => ({
  assetId: id,
  hostId: null,
  riskScore: 9.5,
  softwareListData: { software: [{ id: 8464359598, fullName: '"quoted" \u{1f512}' }] },
});

const rows = ['"Date","Action","Module","Details","User Name"'];
for (let i = 0; i < 12; i++)
  rows.push(`"2020-09-23T21:39:${10 + i}Z","request","auth","API: ""x""${i % 3 === 0 ? '\n, two lines' : ''}","u${i}"`);

/** Bodies of every kind the product reads, all of them whole and sound. */
export const BODIES: readonly Body[] = [
  {
    name: 'detections',
    format: DETECTIONS,
    text: `<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE HOST_LIST_VM_DETECTION_OUTPUT SYSTEM "https://qualysapi.qualys.com/api/5.0/fo/asset/host/vm/detection/dtd/output.dtd">
<HOST_LIST_VM_DETECTION_OUTPUT><RESPONSE><DATETIME>2026-11-20T10:00:00Z</DATETIME><!-- keep-alive -->
    <HOST_LIST>${[7, 8].map(host).join('')}
    </HOST_LIST>${WARNING}</RESPONSE></HOST_LIST_VM_DETECTION_OUTPUT>`,
  },
  {
    name: 'hosts',
    format: HOSTS,
    text: `<HOST_LIST_OUTPUT><RESPONSE><DATETIME>2026-11-20T10:00:00Z</DATETIME><HOST_LIST>${[1, 2, 3, 4, 5]
      .map((id) => `<HOST><ID>${id}</ID><IP network_id="0">10.0.0.${id}</IP><OS/></HOST>`)
      .join('\n')}</HOST_LIST></RESPONSE></HOST_LIST_OUTPUT>`,
  },
  {
    name: 'host ids',
    format: HOSTS,
    text: '<HOST_LIST_OUTPUT><RESPONSE><ID_SET><ID>1</ID><ID_RANGE>3-9</ID_RANGE><ID>12</ID></ID_SET></RESPONSE></HOST_LIST_OUTPUT>',
  },
  { name: 'events', format: EVENTS, text: JSON.stringify([1, 2, 3].map(event)) },
  { name: 'indented events', format: EVENTS, text: JSON.stringify([1, 2].map(event), undefined, 1) },
  {
    name: 'assets',
    format: ASSETS,
    text: JSON.stringify({
      responseCode: 'SUCCESS',
      count: 3,
      hasMore: 1,
      assetListData: { asset: [1, 2, 3].map(asset) },
    }),
  },
  {
    name: 'log with markers',
    format: LOG,
    text: `----BEGIN_RESPONSE_BODY_CSV\n${rows.join('\n')}\n----END_RESPONSE_BODY_CSV\n----BEGIN_RESPONSE_FOOTER_CSV\nWARNING\n"CODE","TEXT","URL"\n"1980","more","https://qualysapi.qualys.com/x/?id_max=159545655"\n----END_RESPONSE_FOOTER_CSV\n`,
  },
  { name: 'plain log', format: LOG, text: `${rows.join('\r\n')}\r\n` },
];

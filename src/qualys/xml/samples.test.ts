import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect, cut, type Seen } from '../../../test/support/collect-xml.ts';
import { readWithSaxes } from '../../../test/support/saxes-reader.ts';
import { skipUnless } from '../../../test/support/skip.ts';
import type { XmlFormat } from '../../core/format.ts';

/** Recorded and documented answers of Qualys, where they are at hand: they are not part of this repository. */
const SAMPLES = join(import.meta.dirname, '../../../../shared/samples/classic');
const isHere = existsSync(SAMPLES);

const HOSTS: XmlFormat = {
  kind: 'xml',
  root: 'HOST_LIST_OUTPUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  idSet: 'RESPONSE/ID_SET',
  lists: ['TAGS/TAG'],
  verbatim: [],
  fields: ['ID', 'IP', 'TRACKING_METHOD', 'DNS', 'DNS_DATA', 'OS'],
};
const DETECTIONS: XmlFormat = {
  kind: 'xml',
  root: 'HOST_LIST_VM_DETECTION_OUTPUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  inner: { list: 'DETECTION_LIST', element: 'DETECTION', as: 'HOST' },
  lists: ['TAGS/TAG', 'QDS_FACTORS/QDS_FACTOR'],
  verbatim: ['RESULTS'],
  fields: ['QID', 'RESULTS'],
  contextFields: ['ID', 'IP'],
};
const KNOWLEDGE: XmlFormat = {
  kind: 'xml',
  root: 'KNOWLEDGE_BASE_VULN_LIST_OUTPUT',
  record: 'RESPONSE/VULN_LIST/VULN',
  lists: ['CVE_LIST/CVE', 'SOFTWARE_LIST/SOFTWARE'],
  verbatim: [],
  fields: ['QID'],
};

const read = (format: XmlFormat, name: string) => collect(format, [readFileSync(join(SAMPLES, name))]);
const records = (seen: readonly Seen[]) => seen.flatMap((one) => ('record' in one ? [one.record] : []));

describe('samples of Qualys answers', skipUnless(isHere, 'documented answers of Qualys are not here'), () => {
  it('reads the detections of the guide (5.0)', () => {
    const { seen, end } = read(DETECTIONS, 'guide-host-detection-v5.xml');
    expect(records(seen)).toEqual([
      {
        UNIQUE_VULN_ID: '61198372',
        QID: '11',
        TYPE: 'Confirmed',
        SEVERITY: '2',
        SSL: '0',
        RESULTS:
          '\n                NameProgramVersionProtocolPort\nportmap/rpcbind1000002-4tcp111\nportmap/rpcbind1000002-4udp895\n              ',
        STATUS: 'New',
        FIRST_FOUND_DATETIME: '2023-10-11T07:11:13Z',
        LAST_FOUND_DATETIME: '2023-10-11T07:11:13Z',
        ...JSON.parse(JSON.stringify(records(seen)[0]).replace(/^.*"LAST_FOUND_DATETIME":"[^"]*",?/, '{')),
      },
    ]);
    expect(seen.at(-1)).toMatchObject({
      outer: { ID: '4203254', ASSET_GROUP_LIST: '', DNS_DATA: { HOSTNAME: 'w2kserver-tmp3' } },
    });
    expect(end).toMatchObject({ outer: 1, records: 1, envelope: { RESPONSE: { DATETIME: '2024-03-28T09:03:45Z' } } });
  });

  it('reads several detections of one host', () => {
    const { seen, end } = read(DETECTIONS, 'jupiterone-host-detections.xml');
    expect(records(seen).map(({ QID }) => QID)).toEqual(['38170', '38173', '38601']);
    expect(records(seen)[0]!['RESULTS']).toBe('Certificate #0 CN=2k8r2-u-10-11(2k8r2-u-10-11) doesn&apos;tresolve');
    expect(seen.every((one) => !('record' in one) || one.context?.['ID'] === '6506432')).toBe(true);
    expect(end.records).toBe(3);
  });

  it.each(['guide-host-detection-truncated-1980.xml', 'guide-host-list-truncated-1980.xml'])(
    'gives the warning of %s',
    (name) => {
      const { end } = read(name.includes('detection') ? DETECTIONS : HOSTS, name);
      expect(end.envelope).toMatchObject({
        RESPONSE: { WARNING: { CODE: '1980', URL: expect.stringMatching(/id_min=\d+/) } },
      });
      expect(end.outer).toBe(1);
    },
  );

  it('reads the guide’s host list in lower case as if it were not', () => {
    const { seen, end } = read(HOSTS, 'guide-host-list-lowercase-elements.xml');
    expect(records(seen)).toEqual([
      {
        ID: '2584392',
        IP: '11.11.11.111',
        TRACKING_METHOD: 'Cloud Agent',
        DNS: 'compaix6lpr01',
        DNS_DATA: { hostname: 'compaix6lpr01', domain: '', fqdn: '' },
        OS: 'AIX 6.1.0.0',
      },
    ]);
    expect(end.envelope).toEqual({ RESPONSE: { DATETIME: '2024-09-16T10:58:10Z' } });
  });

  it('reads ids-only answers, and empty ones', () => {
    expect(read(HOSTS, 'host-list-details-none.xml').seen).toEqual([{ ids: [107800671, 107800671] }]);
    for (const name of ['host-list-empty.xml', 'host-list-details-none-vm-processed-after.xml'])
      expect(read(HOSTS, name)).toMatchObject({
        seen: [],
        end: { envelope: { RESPONSE: { DATETIME: expect.any(String) } } },
      });
    for (const name of ['host-detection-no-detections.xml', 'host-detection-unknown-id-empty.xml'])
      expect(read(DETECTIONS, name)).toMatchObject({ seen: [], end: { outer: 0, records: 0 } });
  });

  it.each([
    ['error-1905-host-detection-bad-ids-400.xml', '1905'],
    ['error-1905-ip-does-not-exist.xml', '1905'],
    ['error-200-2001-account-expired.xml', '2001'],
    ['error-409-1960-concurrency.xml', '1960'],
    ['error-409-1965-rate.xml', '1965'],
    ['error-409-2003-registration.xml', '2003'],
    ['error-409-2011-secureid.xml', '2011'],
  ])('[fault 42] gives %s as an envelope', (name, code) => {
    const { seen, end } = read(DETECTIONS, name);
    expect(seen).toEqual([]);
    expect(end).toMatchObject({ root: 'SIMPLE_RETURN', envelope: { RESPONSE: { CODE: code } } });
  });

  it('[fault 43] refuses the sample that is cut off', () => {
    expect(() => read(DETECTIONS, 'error-truncated-simple-return.xml')).toThrow(/before its closing root tag/);
  });

  const whole = isHere
    ? readdirSync(SAMPLES).filter((name) => name.endsWith('.xml') && !name.includes('-truncated-simple'))
    : [];
  it.each(whole)('reads %s as saxes does, also byte by byte', (name) => {
    const bytes = readFileSync(join(SAMPLES, name));
    for (const format of [HOSTS, DETECTIONS, KNOWLEDGE]) {
      const answer = collect(format, [bytes]);
      const oracle = readWithSaxes(format, bytes.toString('utf8'));
      const plain = answer.seen.map((one) => {
        const { flags: _, ...rest } = one as { flags?: unknown };
        return rest;
      });
      expect(JSON.stringify({ seen: plain, envelope: answer.end.envelope })).toBe(
        JSON.stringify({ seen: oracle.seen, envelope: oracle.envelope }),
      );
      expect(collect(format, cut(bytes, [1]))).toEqual(answer);
    }
  });
});

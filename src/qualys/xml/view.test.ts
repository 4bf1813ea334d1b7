import { describe, expect, it } from 'vitest';
import { collect, type Seen } from '../../../test/support/collect-xml.ts';
import type { XmlFormat } from '../../core/format.ts';
import { createXmlReader } from './reader.ts';

const HOSTS: XmlFormat = {
  kind: 'xml',
  root: 'HOST_LIST_OUTPUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  idSet: 'RESPONSE/ID_SET',
  lists: ['TAGS/TAG', 'NOTE'],
  verbatim: ['RESULTS'],
  fields: ['ID', 'DNS_DATA'],
};

const hosts = (inside: string) =>
  collect(HOSTS, [`<HOST_LIST_OUTPUT><RESPONSE><HOST_LIST>${inside}</HOST_LIST></RESPONSE></HOST_LIST_OUTPUT>`]);
const record = (fields: string) => {
  const [seen] = hosts(`<HOST>${fields}</HOST>`).seen;
  return (seen as Extract<Seen, { record: unknown }>).record;
};
describe('a view', () => {
  it('bounds the bytes it writes, whatever the text grows by', () => {
    // `written` holds every record against its bound.
    for (const grows of ['\r', '\n', '"', '\u0001', '&#1;', '&#9;', '&quot;', '<![CDATA[\r]]>', '\r<b/>'])
      expect(
        Object.keys(
          record(
            `<A>x${grows.repeat(1000)}x</A><B c="${grows.startsWith('<') || grows.includes('<') || grows === '"' ? '' : grows.repeat(1000)}"/>`,
          ),
        ),
      ).toEqual(['A', 'B']);
    const wrong = Buffer.concat([
      Buffer.from('<HOST_LIST_OUTPUT><RESPONSE><HOST_LIST><HOST><A>'),
      Buffer.alloc(1000, 0xff),
      Buffer.from('</A></HOST></HOST_LIST></RESPONSE></HOST_LIST_OUTPUT>'),
    ]);
    expect(collect(HOSTS, [wrong]).seen).toHaveLength(1);
    const lean = Array.from({ length: 200 }, (_, i) => `<a${i}/><b${i} c=""/><T>${i}<U/></T>`).join('');
    expect(hosts(`<HOST>${lean}</HOST><HOST/>`).seen).toHaveLength(2);
  });

  it('keeps member ids stable over the records of one reader', () => {
    const seen = new Map<string, Set<number>>();
    const target = new Uint8Array(4096);
    const reader = createXmlReader(HOSTS, {
      record(view) {
        view.write(target, 0);
        for (let i = 0; i < view.members.count; i++) {
          const id = view.members.ids[i]!;
          const name = view.members.name(id);
          seen.set(name, (seen.get(name) ?? new Set()).add(id));
        }
      },
    });
    reader.write(
      Buffer.from(
        '<HOST_LIST_OUTPUT><RESPONSE><HOST_LIST><HOST a="1"><ID/><X/><A/></HOST><HOST><X/>t<ID/><Y/></HOST><HOST a="2">u<Y/></HOST></HOST_LIST></RESPONSE></HOST_LIST_OUTPUT>',
      ),
    );
    reader.end();
    expect([...seen.keys()].sort()).toEqual(['#text', '@a', 'A', 'ID', 'X', 'Y']);
    expect([...seen.values()].map((ids) => ids.size)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set([...seen.values()].flatMap((ids) => [...ids])).size).toBe(6);
  });

  it('grows its member list, its tape and its tables with the record', () => {
    const many = Array.from({ length: 3000 }, (_, i) => `<F${i}>${i}</F${i}>`).join('');
    const wide = record(`${many}<TAGS>${'<TAG><A/></TAG>'.repeat(3000)}</TAGS>`);
    expect(Object.keys(wide)).toHaveLength(3001);
    expect(wide['F2999']).toBe('2999');
    expect((wide['TAGS'] as { TAG: unknown[] }).TAG).toHaveLength(3000);
  });

  it('lets a handler stop the reading by throwing, for good', () => {
    const stop = new Error('enough');
    const reader = createXmlReader(HOSTS, {
      record: () => {
        throw stop;
      },
    });
    const bytes = Buffer.from('<HOST_LIST_OUTPUT><RESPONSE><HOST_LIST><HOST/>');
    expect(() => reader.write(bytes)).toThrow(stop);
    expect(() => reader.write(bytes)).toThrow(stop);
    expect(() => reader.end()).toThrow(stop);
  });
});

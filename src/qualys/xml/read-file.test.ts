import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWithSaxes } from '../../../test/support/saxes-reader.ts';
import { skipUnless } from '../../../test/support/skip.ts';
import type { XmlFormat } from '../../core/format.ts';
import type { Fields } from '../../core/words.ts';
import { checksumHandler, lineChecksum } from './checksum.ts';
import { lineHandler } from './ndjson.ts';
import { readFileInto } from './read-file.ts';
import { createXmlReader } from './reader.ts';

const FORMAT: XmlFormat = {
  kind: 'xml',
  root: 'HOST_LIST_VM_DETECTION_OUTPUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  inner: { list: 'DETECTION_LIST', element: 'DETECTION', as: 'HOST' },
  lists: ['QDS_FACTORS/QDS_FACTOR', 'TAGS/TAG'],
  verbatim: ['RESULTS'],
  fields: ['QID', 'RESULTS'],
  contextFields: ['ID'],
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarry-xml-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const detection = (qid: number, results: string) =>
  `<DETECTION><QID>${qid}</QID><RESULTS>${results}</RESULTS></DETECTION>`;
const host = (id: number, detections: string) =>
  `<HOST><ID>${id}</ID><DETECTION_LIST>${detections}</DETECTION_LIST></HOST>`;
const answer = (hosts: string) =>
  `<HOST_LIST_VM_DETECTION_OUTPUT><RESPONSE><HOST_LIST>${hosts}</HOST_LIST></RESPONSE></HOST_LIST_VM_DETECTION_OUTPUT>`;

/** Two hosts, three detections; RESULTS of 11, 3 and 1 UTF-16 code units. */
const SMALL = answer(
  host(7, detection(1, '\n<![CDATA[é🔒"\\\t\u0001]]>&#1;&amp; ') + detection(20, 'a]&gt;')) +
    host(80, detection(300, '\ufeff')),
);
const SMALL_SUM = '2:3:87:321:15';

async function lines(path: string): Promise<{ text: string; checksum: string }> {
  const blocks: Buffer[] = [];
  const sums = lineChecksum();
  const handler = lineHandler('HOST', (block) => blocks.push(Buffer.from(block)), sums.line);
  await readFileInto(path, createXmlReader(FORMAT, handler));
  handler.flush();
  return { text: Buffer.concat(blocks).toString('utf8'), checksum: sums.checksum };
}

describe('reading a file', () => {
  it('reads plain and packed files alike, and sums up records and lines alike', async () => {
    const plain = join(folder, 'small.xml');
    const packed = join(folder, 'small.xml.gz');
    await writeFile(plain, SMALL);
    await writeFile(packed, gzipSync(SMALL));
    for (const path of [plain, packed]) {
      const sums = checksumHandler();
      const end = await readFileInto(path, createXmlReader(FORMAT, sums));
      expect(end).toMatchObject({ outer: 2, records: 3, bytes: Buffer.byteLength(SMALL) });
      expect(sums.checksum).toBe(SMALL_SUM);
      const { text, checksum } = await lines(path);
      expect(checksum).toBe(SMALL_SUM);
      expect(text.split('\n').map((line) => line === '' || JSON.parse(line))).toEqual([
        { QID: '1', RESULTS: '\né🔒"\\\t\u0001\u0001& ', HOST: { ID: '7' } },
        { QID: '20', RESULTS: 'a]>', HOST: { ID: '7' } },
        { QID: '300', RESULTS: '\ufeff', HOST: { ID: '80' } },
        true,
      ]);
    }
  });

  it('writes lines for empty records, without context, and longer than a block', async () => {
    const long = 'x'.repeat(1_000_000);
    const document = answer(`<HOST><DETECTION_LIST><DETECTION/></DETECTION_LIST></HOST>${host(7, detection(1, long))}`);
    const path = join(folder, 'odd.xml');
    await writeFile(path, document);
    expect((await lines(path)).text).toBe(`{"HOST":{}}\n{"QID":"1","RESULTS":"${long}","HOST":{"ID":"7"}}\n`);
    const blocks: Buffer[] = [];
    const handler = lineHandler(undefined, (block) => blocks.push(Buffer.from(block)));
    await readFileInto(path, createXmlReader(FORMAT, handler));
    handler.flush();
    expect(Buffer.concat(blocks).toString()).toBe(`{}\n{"QID":"1","RESULTS":"${long}"}\n`);
  });

  it('gives the error of the reader, of the file and of the packing', async () => {
    const path = join(folder, 'bad.xml');
    await writeFile(path, `${SMALL.slice(0, 100)}</x>${'y'.repeat(1_000_000)}`);
    const reader = () => createXmlReader(FORMAT, checksumHandler());
    await expect(readFileInto(path, reader())).rejects.toMatchObject({ code: 'QRY3001' });
    await writeFile(`${path}.gz`, gzipSync(SMALL).subarray(0, 100));
    await expect(readFileInto(`${path}.gz`, reader())).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
    await expect(readFileInto(join(folder, 'none.xml'), reader())).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readFileInto(join(folder, 'none.xml.gz'), reader())).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

const GENERATOR = join(import.meta.dirname, '../../../../shared/bench/gen.mjs');
const isHere = existsSync(GENERATOR);

describe('generated answers', skipUnless(isHere, 'the generator of large answers is not here'), () => {
  it('gives the known sums of 20 MB, and in the first 2 MB what saxes gives', async () => {
    const path = join(folder, 'hld.xml');
    await writeFile(path, execFileSync(process.execPath, [GENERATOR, 'hld', '20'], { maxBuffer: 64e6 }));
    const known = '242:12118:242029161:3450527906:5064577';
    const sums = checksumHandler();
    await readFileInto(path, createXmlReader(FORMAT, sums));
    expect(sums.checksum).toBe(known);
    expect((await lines(path)).checksum).toBe(known);

    await writeFile(path, execFileSync(process.execPath, [GENERATOR, 'hld', '2'], { maxBuffer: 64e6 }));
    const oracle = readWithSaxes(FORMAT, await readFile(path, 'utf8')).seen;
    const expected = oracle.flatMap((one) => ('record' in one ? [{ ...one.record, HOST: one.context }] : []));
    const ours = (await lines(path)).text.trimEnd().split('\n');
    expect(ours).toHaveLength(expected.length);
    for (const [i, line] of ours.entries()) expect(line).toBe(JSON.stringify(expected[i] as unknown as Fields));
  });
});

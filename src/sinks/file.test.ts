import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sinkContract } from '../../test/contracts/sink.ts';
import { batchOf, type Payload, payloads } from '../../test/support/batches.ts';
import { idsUpTo, writeNumber } from '../../test/support/file-sink-writes.ts';
import type { OpenSink } from '../core/sink.ts';
import { openFiles } from './file/files.ts';

const never = new AbortController().signal;
let root: string;
let open: OpenSink[] = [];

beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'quarry-sink-')), 'out');
});
afterEach(async () => {
  for (const sink of open) await sink.close();
  open = [];
  await rm(join(root, '..'), { recursive: true, force: true });
});

async function openAt(path = root, rotate = 1 << 30): Promise<OpenSink> {
  const sink = await openFiles(path, rotate);
  open.push(sink);
  return sink;
}
const write = (sink: OpenSink, id: string, count = 3, dataset = 'things') =>
  sink.write([batchOf(id, payloads(id, count), dataset)], never);

const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.ndjson')).sort();

/** Every line of every file of a data set, in order; fails on a torn one. */
async function linesOf(dataset = 'things', path = root): Promise<Payload[]> {
  const folder = join(path, 'c', dataset);
  const all: Payload[] = [];
  for (const name of await filesOf(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    expect(text === '' || text.endsWith('\n')).toBe(true);
    all.push(
      ...text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Payload),
    );
  }
  return all;
}
const ids = async (dataset?: string): Promise<string[]> => (await linesOf(dataset)).map(({ id }) => id);

sinkContract({
  title: 'file',
  guarantee: 'effectively once',
  can: ['transient'],
  start: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'quarry-sink-'));
    const path = join(folder, 'out');
    let away = false;
    return {
      // A plain file in the folder's place: nothing below it can be made, whoever asks.
      behave: async (how) => {
        if (how === 'transient' && !away) {
          await rename(path, `${path}.away`).catch(() => mkdir(`${path}.away`));
          await writeFile(path, '');
        } else if (how === 'accept' && away) {
          await rm(path);
          await rename(`${path}.away`, path);
        }
        away = how === 'transient';
      },
      open: () => openFiles(path, 1 << 30),
      received: async () => {
        const all: Payload[] = [];
        for (const connection of await readdir(path))
          for (const dataset of await readdir(join(path, connection)).catch(() => []))
            for (const name of await filesOf(join(path, connection, dataset))) {
              const text = await readFile(join(path, connection, dataset, name), 'utf8');
              all.push(
                ...text
                  .split('\n')
                  .slice(0, -1)
                  .map((line) => JSON.parse(line) as Payload),
              );
            }
        return all;
      },
      stop: () => rm(folder, { recursive: true }),
    };
  },
});

test('after every write the files hold whole lines alone, and exactly those confirmed: safe to tail', async () => {
  const sink = await openAt(root, 20_000);
  for (let n = 0; n < 60; n++) {
    await sink.write(writeNumber(n), never);
    expect(await ids('things')).toEqual(idsUpTo(n + 1, 'things'));
    expect(await ids('others')).toEqual(idsUpTo(n + 1, 'others'));
  }
});

test('a file that has reached its size is followed by the next; none is written again later', async () => {
  let sink = await openAt(root, 50);
  for (const id of ['a', 'b', 'c']) await write(sink, id);
  await sink.close();
  sink = await openAt(root, 50);
  await write(sink, 'd');
  const names = await filesOf(join(root, 'c', 'things'));
  expect(names).toEqual(['1', '2', '3', '4'].map((n) => `things-00000${n}.ndjson`));
  // A data set whose name another begins with is none of its business.
  await write(sink, 'x', 3, 'things-more');
  expect(await ids('things-more')).toHaveLength(3);
});

test('lines behind the confirmed end are cut off before the first write, and what is unfinished comes once [fault 83]', async () => {
  let sink = await openAt();
  await write(sink, 'a');
  await sink.close();
  const file = join(root, 'c', 'things', 'things-000001.ndjson');
  await appendFile(file, `${JSON.stringify({ id: 'b.0', text: 'x' })}\n{"id":"b.1","te`);
  sink = await openAt();
  await write(sink, 'b');
  expect(await ids()).toEqual(['a.0', 'a.1', 'a.2', 'b.0', 'b.1', 'b.2']);
});

test('a journal whose last line is torn counts as if that line was never begun', async () => {
  let sink = await openAt();
  await write(sink, 'a');
  await write(sink, 'b');
  await sink.close();
  const journal = join(root, '.quarry-journal');
  await truncate(journal, (await stat(journal)).size - 4);
  sink = await openAt();
  await write(sink, 'b');
  await write(sink, 'a');
  expect(await ids()).toEqual(['a.0', 'a.1', 'a.2', 'b.0', 'b.1', 'b.2']);
});

test('a journal that is damaged is said, and nothing is touched', async () => {
  let sink = await openAt();
  await write(sink, 'a');
  await sink.close();
  const journal = join(root, '.quarry-journal');
  await writeFile(journal, `garbage\n${await readFile(journal, 'utf8')}`);
  const file = join(root, 'c', 'things', 'things-000001.ndjson');
  await appendFile(file, 'not confirmed');
  sink = await openAt();
  await expect(write(sink, 'b')).rejects.toMatchObject({ code: 'QRY5003' });
  expect(await readFile(file, 'utf8')).toContain('not confirmed');
  // As the message says: without the journal, new files are begun beside the old ones.
  await rm(journal);
  await write(sink, 'b');
  expect(await filesOf(join(root, 'c', 'things'))).toHaveLength(2);
});

test('a file moved away under the hand of the sink is not written any more, and its name is not used again', async () => {
  const sink = await openAt();
  await write(sink, 'a');
  const folder = join(root, 'c', 'things');
  await rename(join(folder, 'things-000001.ndjson'), join(root, 'shipped'));
  await write(sink, 'b');
  expect(await filesOf(folder)).toEqual(['things-000002.ndjson']);
  expect((await readFile(join(root, 'shipped'), 'utf8')).split('\n')).toHaveLength(4);
  await rename(join(folder, 'things-000002.ndjson'), join(root, 'shipped2'));
  await sink.close();
  const again = await openAt();
  await write(again, 'c');
  expect(await filesOf(folder)).toEqual(['things-000003.ndjson']);
  expect(await ids()).toEqual(['c.0', 'c.1', 'c.2']);
});

test('a file that someone cut or wrote into is left as it is from then on', async () => {
  const sink = await openAt();
  const folder = join(root, 'c', 'things');
  await write(sink, 'a');
  await truncate(join(folder, 'things-000001.ndjson'), 0);
  await write(sink, 'b');
  await appendFile(join(folder, 'things-000002.ndjson'), 'a note\n');
  await write(sink, 'c');
  expect(await readFile(join(folder, 'things-000001.ndjson'), 'utf8')).toBe('');
  expect(await readFile(join(folder, 'things-000002.ndjson'), 'utf8')).toMatch(/^\{"id":"b.0"[\s\S]*a note\n$/);
  expect(await readFile(join(folder, 'things-000003.ndjson'), 'utf8')).toMatch(/^\{"id":"c.0"/);
});

test('a file that was there before is never written into', async () => {
  const folder = join(root, 'c', 'things');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'things-000001.ndjson'), 'foreign\n');
  await write(await openAt(), 'a');
  expect(await readFile(join(folder, 'things-000001.ndjson'), 'utf8')).toBe('foreign\n');
  expect(await filesOf(folder)).toHaveLength(2);
});

test('one folder has one writer; a check beside it works', async () => {
  const sink = await openAt();
  await write(sink, 'a');
  const other = await openAt();
  await other.check();
  await expect(write(other, 'b')).rejects.toMatchObject({ code: 'QRY5004' });
  await sink.close();
  await write(other, 'b');
  expect(await ids()).toHaveLength(6);
});

test('the journal is written anew when it is long, and remembers what may come again', async () => {
  let sink = await openAt();
  for (let i = 0; i < 5200; i++) await write(sink, `b${i}`, 1);
  const journal = join(root, '.quarry-journal');
  expect((await readFile(journal, 'utf8')).split('\n').length).toBeLessThan(300);
  await sink.close();
  sink = await openAt();
  for (let i = 5150; i < 5200; i++) await write(sink, `b${i}`, 1);
  await write(sink, 'after', 1);
  expect(await ids()).toHaveLength(5201);
});

test('nothing is left beside the files but journal and lock', async () => {
  const sink = await openAt();
  await sink.check();
  await write(sink, 'a');
  await sink.close();
  expect((await readdir(root)).sort()).toEqual(['.quarry-journal', '.quarry-lock', 'c']);
  expect(existsSync(join(root, '.quarry-journal.new'))).toBe(false);
});

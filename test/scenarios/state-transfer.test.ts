import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';

const made: string[] = [];
afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true, force: true });
});

const configOf = (dir: string): string =>
  JSON.stringify({
    data_dir: dir,
    server: false,
    connections: { demo: { api_url: 'http://127.0.0.1:9', username: 'u', password: 'p' } },
    sinks: { archive: { type: 'file', path: join(dir, 'out') } },
  });

it('`state export` moves an installation: the same streams, keys and counters on the other side, once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quarry-transfer-'));
  made.push(folder);
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  expect((await cli(['demo', '--hosts', '12', '--once', '--data-dir', from])).code).toBe(0);
  await writeFile(join(folder, 'from.yaml'), configOf(from));
  await writeFile(join(folder, 'to.yaml'), configOf(to));
  const list = async (side: string): Promise<unknown> =>
    JSON.parse((await cli(['state', 'list', '--json', '-c', join(folder, `${side}.yaml`)])).stdout);

  const exported = await cli(['state', 'export', '-c', join(folder, 'from.yaml')]);
  expect(exported.code).toBe(0);
  await writeFile(join(folder, 'state.ndjson'), exported.stdout);
  const imported = await cli(['state', 'import', join(folder, 'state.ndjson'), '-c', join(folder, 'to.yaml')]);
  expect(imported).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^24 streams and [1-9][\d,]* keys taken over\n/),
  });
  const watermarks = (streams: unknown): unknown =>
    (streams as { dataset: string; checkpoint: { watermark: string } }[]).map(({ dataset, checkpoint }) => [
      dataset,
      checkpoint.watermark,
    ]);
  expect(watermarks(await list('to'))).toEqual(watermarks(await list('from')));

  const again = await cli(['state', 'import', join(folder, 'state.ndjson'), '-c', join(folder, 'to.yaml')]);
  expect(again.code).not.toBe(0);
  expect(again.stderr).toContain('QRY4015');
  const missing = await cli(['state', 'import', join(folder, 'nowhere'), '-c', join(folder, 'to.yaml')]);
  expect(missing.stderr).toContain('QRY6005');
});

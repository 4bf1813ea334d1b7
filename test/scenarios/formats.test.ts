import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { CLASSES } from '../support/ocsf/classes.ts';
import { hostQids, type Line, type Rig, startRig } from '../support/rig.ts';

/**
 * One collection into a file sink of every format, from the simulator: what no golden file has seen, and the
 * KnowledgeBase joined.
 */
const FORMATS = ['raw', 'devo', 'interflow', 'ecs', 'ocsf', 'cim'] as const;
const WANTED = ['host_list_detection', 'knowledge_base', 'host_list', 'user_activity', 'vm_scans', 'tickets', 'assets'];

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({
    hosts: 6,
    hostQids,
    extraQids: 50,
    datasets: Object.fromEntries(WANTED.map((name) => [name, {}])),
  });
  rig.config = {
    ...rig.config,
    sinks: Object.fromEntries(FORMATS.map((format) => [format, { type: 'file', path: join(rig.dir, format), format }])),
  };
  // The second run sends detections again, which the first may have sent before the KnowledgeBase was there.
  await rig.run();
  rig.pass();
  await rig.run({ sweep: true });
}, 120_000);
afterAll(() => rig.close());

async function written(format: string, dataset: string): Promise<string[]> {
  const folder = join(rig.dir, format, 'acme', dataset);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).sort();
  const text = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return text.join('').split('\n').slice(0, -1);
}

const parsed = async (format: string, dataset: string): Promise<Record<string, unknown>[]> =>
  (await written(format, dataset)).map((line) => JSON.parse(line) as Record<string, unknown>);

describe.each(WANTED)('%s', (dataset) => {
  it('every event is there once in every format', async () => {
    const raw = (await parsed('raw', dataset)) as unknown as Line[];
    expect(raw.length).toBeGreaterThan(0);
    const ids = raw.map(({ id }) => id);
    const unwrap = { ecs: 'quarry', cim: undefined, ocsf: 'metadata', interflow: undefined } as const;
    for (const [format, member] of Object.entries(unwrap)) {
      const lines = await parsed(format, dataset);
      const found = lines.map((line) => {
        const inner = (member === undefined ? line : line[member]) as Record<string, unknown>;
        return inner['id'] ?? inner['uid'] ?? inner['event_id'];
      });
      const each = format === 'interflow' ? [...new Set(found)] : found;
      expect(each, format).toEqual(ids);
    }
    expect(await written('devo', dataset)).toHaveLength(raw.length);
  });

  it('every OCSF event is valid', async () => {
    for (const event of await parsed('ocsf', dataset)) {
      const result = (CLASSES.get(event['class_uid'] as number) as z.ZodType).safeParse(event);
      expect(result.success ? [] : result.error.issues).toEqual([]);
    }
  });

  it('[F35] classic tables get XML, the others JSON, each with its pulling id', async () => {
    const classic = ['host_list_detection', 'host_list', 'user_activity', 'vm_scans'].includes(dataset);
    const pulls = new Set(((await parsed('raw', dataset)) as unknown as Line[]).map(({ pulling_id }) => pulling_id));
    for (const line of await written('devo', dataset)) {
      expect(line.startsWith(classic ? '<' : '{')).toBe(true);
      const id = /@?devo_pulling_id"?[=:]"(\d{13})"/.exec(line)?.[1];
      expect(pulls.has(id ?? '')).toBe(true);
    }
  });
});

it('detections that came after the KnowledgeBase say what it says', async () => {
  const titles = new Map(
    (await parsed('raw', 'knowledge_base')).map(({ record }) => {
      const { QID, TITLE } = record as Record<string, unknown>;
      return [Number(QID), TITLE] as const;
    }),
  );
  const found = (await parsed('cim', 'host_list_detection')).filter(
    ({ cve, category }) => (cve ?? category) !== undefined,
  );
  expect(found.length).toBeGreaterThan(0);
  for (const { signature, signature_id } of found) expect(signature).toBe(titles.get(Number(signature_id)));
});

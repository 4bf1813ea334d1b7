import { expect } from 'vitest';
import { truthLines } from '../../src/simulator/index.ts';
import { type Row, viewRows } from './inventory.ts';
import { difference, type Rig, SAME } from './rig.ts';

export type Truth = Record<string, unknown> & { readonly dataset: string; readonly key: string[] };

/** What there is, from the generator of the simulated world. */
export const truthOf = (rig: Rig, dataset: string): Truth[] =>
  [...truthLines(rig.simulator.world, rig.simulator.now(), rig.simulator.activity, new Set([dataset]))].map(
    (text) => JSON.parse(text) as Truth,
  );

/** What an inventory has to show: hosts by id, and findings in words of both sides by host, QID and place. */
export interface Picture {
  readonly hosts: ReadonlyMap<string, Truth>;
  readonly findings: ReadonlyMap<string, string>;
}

export const NOTHING: Picture = { hosts: new Map(), findings: new Map() };

/** The picture now, of the hosts that `inScope` takes. */
export function pictureOf(rig: Rig, inScope: (host: Truth) => boolean = () => true): Picture {
  const hosts = new Map(
    truthOf(rig, 'host_list')
      .filter(inScope)
      .map((line) => [line.key[0]!, line]),
  );
  const findings = truthOf(rig, 'host_list_detection')
    .filter(({ key }) => hosts.has(key[0]!))
    .map((line): [string, string] => {
      const [host, qid, ...place] = line.key;
      return [`${host}/${qid}/${place.join('/')}`, said(line)];
    });
  return { hosts, findings: new Map(findings) };
}

/** What was there before, with what is seen now: where nothing may be taken for gone. */
export const kept = (before: Picture, now: Picture): Picture => ({
  hosts: new Map([...before.hosts, ...now.hosts]),
  findings: new Map([...before.findings, ...now.findings]),
});

const ms = (text: unknown): number | null => (typeof text === 'string' ? Date.parse(text) : null);
const said = (line: Truth): string =>
  JSON.stringify([
    ...[line['status'], line['type'], line['severity'], ms(line['first_found']), ms(line['last_found'])],
    ...[line['times_found'], line['status'] === 'Fixed' ? 0 : 1],
  ]);
const told = (row: Row): string =>
  JSON.stringify([
    ...[row['status'], row['type'], row['severity'], row['first_found'], row['last_found']],
    ...[row['times_found'], row['is_open']],
  ]);

const list = (cell: unknown): string[] => JSON.parse(String(cell)) as string[];
const one = (values: readonly unknown[]): string => JSON.stringify(values.toSorted());

/** One device for each machine, with all its hosts and with facts of one of them; each finding as Qualys has it. */
export async function expectPicture(rig: Rig, day: number, { hosts, findings }: Picture): Promise<void> {
  const devices = await viewRows(rig, 'devices');
  const machines = Map.groupBy(hosts.values(), ({ machine }) => String(machine));
  const have = new Map(devices.map((row) => [one(list(row['host_ids'])), row]));
  const want = new Map([...machines.values()].map((of) => [one(of.map(({ key }) => key[0]!)), of]));
  expect({ day, ...difference(have.keys(), want.keys()) }).toEqual({ day, ...SAME });
  expect(new Set(devices.map(({ device }) => device)).size).toBe(devices.length);
  for (const [ids, of] of want) {
    const row = have.get(ids)!;
    expect(row['asset_id'], ids).toBe(Math.min(...of.map(({ asset_id }) => Number(asset_id))));
    for (const [field, value] of [
      ['ip', row['ip']],
      ['os', row['os']],
      ['tags', one(list(row['tags']))],
    ] as const) {
      const right = of.map((host) => (field === 'tags' ? one(host['tags'] as string[]) : (host[field] ?? null)));
      expect(right, `day ${day}: ${field} of host ${ids}`).toContain(value);
    }
    expect(row['sources']).toContain('host_list');
  }
  const rows = await viewRows(rig, 'findings');
  const shown = new Map(rows.map((row) => [`${row['host_id']}/${row['qid']}/${row['place']}`, told(row)]));
  const different = [...findings].filter(([key, text]) => shown.has(key) && shown.get(key) !== text);
  expect({ day, ...difference(shown.keys(), findings.keys()), different }).toEqual({ day, ...SAME, different: [] });
}

import { exposureGraph } from '../../inventory/query/exposure-graph.ts';
import { exportRows, fieldsOf, type Row, viewOf } from '../../inventory/query/query.ts';
import { vexDocument } from '../../inventory/query/vex.ts';
import { print } from '../output.ts';
import { writerOf } from '../writers.ts';
import { cellText, withInventory } from './inventory.ts';
import { writeAll } from './query.ts';

export interface ExportFlags {
  readonly config?: string;
  readonly fields?: readonly string[];
  readonly sort?: string;
  readonly all?: boolean;
  readonly days?: number;
}

/** Every row of a view that a filter finds, with all columns. */
export async function exportView(
  format: 'csv' | 'ndjson',
  name: string,
  words: readonly string[],
  { config, fields, sort, all }: ExportFlags,
): Promise<number> {
  await withInventory(config, async (asked) => {
    const columns = fields ?? fieldsOf(viewOf(asked, name), undefined).map((column) => column.name);
    const rows = exportRows(asked, name, { filter: words.join(' '), all, sort, fields: columns });
    const count = await writeAll(rows, writerOf<Row>(format, columns, cellText));
    process.stderr.write(`${count.toLocaleString('en-US')} rows\n`);
  });
  return 0;
}

/** Nodes and edges, one a line; on standard error what they are and what was left out. */
export async function exportGraph({ config, days }: ExportFlags): Promise<number> {
  await withInventory(config, async (asked) => {
    const graph = exposureGraph(asked, days === undefined ? {} : { days });
    let lines = '';
    for (;;) {
      const next = await graph.next();
      if (next.done !== true) {
        lines += `${JSON.stringify(next.value)}\n`;
        if (lines.length < 65_536) continue;
      }
      await print(lines);
      lines = '';
      if (next.done !== true) continue;
      const { devices, cves, edges, devicesTooOld, devicesWithoutTime, findingsWithoutCve } = next.value;
      const said = (n: number, what: string): string => `${n.toLocaleString('en-US')} ${what}\n`;
      process.stderr.write(`${said(devices, 'devices')}${said(cves, 'CVEs')}${said(edges, 'edges')}`);
      if (devicesTooOld > 0)
        process.stderr.write(said(devicesTooOld, `devices left out: not modified in the last ${days ?? 90} days`));
      if (devicesWithoutTime > 0)
        process.stderr.write(
          said(
            devicesWithoutTime,
            'devices left out: no host asset says when they were modified (data set host_assets)',
          ),
        );
      if (findingsWithoutCve > 0)
        process.stderr.write(said(findingsWithoutCve, 'open findings left out: their QID has no CVE'));
      return;
    }
  });
  return 0;
}

/** One CycloneDX document; on standard error how many statements of each kind it makes. */
export async function exportVex({ config }: ExportFlags): Promise<number> {
  await withInventory(config, async (asked) => {
    const document = vexDocument(asked);
    let text = '';
    for (;;) {
      const next = await document.next();
      if (next.done !== true) {
        text += next.value;
        if (text.length < 65_536) continue;
      }
      await print(text);
      text = '';
      if (next.done !== true) continue;
      const { devices, vulnerabilities, statements } = next.value;
      const said = { devices, 'entries of vulnerabilities': vulnerabilities, ...statements };
      for (const [what, n] of Object.entries(said)) process.stderr.write(`${n.toLocaleString('en-US')} ${what}\n`);
      return;
    }
  });
  return 0;
}

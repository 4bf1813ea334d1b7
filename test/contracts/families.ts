import type { DatasetFile } from '../../src/datasets/define.ts';
import { datasets } from '../../src/datasets/registry.gen.ts';

/** Data sets that are tried in one file of tests, so that several can be tried at once. */
export type Family = 'scans' | 'assets' | 'compliance' | 'qps' | 'gateway';

function familyOf(file: DatasetFile): Family {
  const { path, server } = file.records(file.options.parse({}) as never, { pageSize: 1 });
  if (server === 'gateway') return 'gateway';
  if (path.startsWith('/qps/')) return 'qps';
  if (path.includes('/compliance/')) return 'compliance';
  return path.includes('/asset/') || path.startsWith('/msp/') ? 'assets' : 'scans';
}

/** What a data set that is read whole, and follows the world, proves beyond its own contract. */
const PROVES: Readonly<Record<string, string>> = {
  vm_scans: ' [A22, D36]',
  host_list: ' [A14]',
  host_list_detection: ' [A28]',
  knowledge_base: ' [A24]',
  host_assets: ' [M9]',
  tags: ' [A30]',
  webapps: ' [A19]',
  webapp_findings: ' [A20]',
  assets: ' [A32]',
  certificates: ' [A29]',
  fim_events: ' [F1]',
};

export const ofFamily = (family: Family): (readonly [string, DatasetFile])[] =>
  [...datasets.values()]
    .filter((file) => familyOf(file) === family)
    .map((file) => [`${file.name}${PROVES[file.name] ?? ''}`, file]);

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

export const ofFamily = (family: Family): (readonly [string, DatasetFile])[] =>
  [...datasets.values()].filter((file) => familyOf(file) === family).map((file) => [file.name, file]);

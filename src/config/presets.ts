import type { Path } from './problems.ts';
import type { Parts } from './schema.ts';
import { isObject } from './unknown-keys.ts';
import type { Report } from './validate.ts';

/**
 * Puts the data sets of each connection's preset where a file would have written them; what the file itself says of a
 * data set goes before it, option by option. Changes `value`. Returns by path what came from which preset. Reports
 * QRY1006 where the data sets are chosen in another way as well.
 */
export function applyPresets(value: unknown, { presets }: Parts, report: Report): ReadonlyMap<string, string> {
  const origins = new Map<string, string>();
  const connections = isObject(value) && isObject(value['connections']) ? value['connections'] : {};
  for (const [id, connection] of Object.entries(connections)) {
    const name = isObject(connection) ? connection['preset'] : undefined;
    const preset = typeof name === 'string' ? presets?.get(name) : undefined;
    if (!isObject(connection) || typeof name !== 'string' || preset === undefined) continue;
    const own = connection['datasets'] ?? {};
    const path: Path = ['connections', id, 'datasets'];
    if (!isObject(own)) {
      report('QRY1006', path, 'a preset chooses the data sets; beside it give options by name, or leave preset out');
      continue;
    }
    const datasets: Record<string, unknown> = { ...own };
    for (const [dataset, options] of Object.entries(preset)) {
      const written = own[dataset] ?? {};
      if (!isObject(written)) continue;
      datasets[dataset] = { ...options, ...written };
      const at = [...path, dataset].join('.');
      if (!(dataset in own)) origins.set(`${at}.enabled`, name);
      for (const option of Object.keys(options)) if (!(option in written)) origins.set(`${at}.${option}`, name);
    }
    connection['datasets'] = datasets;
  }
  return origins;
}

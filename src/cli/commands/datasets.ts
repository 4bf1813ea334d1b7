import { datasets } from '../../collector/port.ts';
import { contextAs } from '../../core/format.ts';
import { print, printJson, table } from '../output.ts';

export async function listDatasets(options: { json?: boolean }): Promise<number> {
  const all = [...datasets.values()];
  if (options.json === true) {
    const facts = all.map(({ name, aliases, title, about, kind, key, permission, schedule, destinations, links }) => {
      const { api } = datasets.get(name)!.records(datasets.get(name)!.options.parse({}), { pageSize: 1 });
      const keys = key.map(({ from, field }) =>
        from === 'context' ? `${contextAs(datasets.get(name)!.format)}.${field}` : field,
      );
      return { name, aliases, title, about, kind, api, key: keys, permission, schedule, destinations, links };
    });
    await printJson(facts);
  } else {
    const rows = all.map(({ name, kind, title, permission, destinations }) => [
      name,
      kind,
      title,
      permission.licence,
      destinations.devo,
    ]);
    await print(table(['DATA SET', 'KIND', 'WHAT', 'NEEDS', 'DEVO TABLE'], rows));
  }
  return 0;
}

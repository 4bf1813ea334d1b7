import { datasets, describe } from '../../collector/port.ts';
import { print, printJson, table } from '../output.ts';

/** The catalogue: every data set with its API, what it needs, how it is read, and its names at the destinations. */
export async function listDatasets(options: { json?: boolean }): Promise<number> {
  const all = [...datasets.values()];
  if (options.json === true) {
    const facts = all.map((one) => {
      const { name, aliases, title, about, kind, permission, signIn, schedule, destinations, links } = one;
      const described = describe(one);
      return { name, aliases, title, about, kind, ...described, permission, signIn, schedule, destinations, links };
    });
    await printJson(facts);
  } else {
    const rows = all.map((one) => {
      const { cursor, reads, sweeps, api } = describe(one);
      const read = [cursor, reads, ...(sweeps.length === 0 ? [] : [`sweeps ${sweeps.join('+')}`])].join(', ');
      const { name, kind, title, permission, signIn, destinations } = one;
      return [name, kind, title, api, signIn.join('/'), read, permission.licence, destinations.devo];
    });
    await print(table(['DATA SET', 'KIND', 'WHAT', 'API', 'SIGN-IN', 'READ BY', 'NEEDS', 'DEVO TABLE'], rows));
  }
  return 0;
}

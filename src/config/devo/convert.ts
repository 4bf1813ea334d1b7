import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Document, isMap, isScalar, visit } from 'yaml';
import { type LoadOptions, loadConfig } from '../load.ts';
import { readTree } from '../tree.ts';
import { isDevoLayout, readDevoLayout } from './layout.ts';
import type { DevoLayout } from './names.ts';

/**
 * The `quarry.yaml` that does what a Devo layout does, with the same ids and the same state: who changes over goes on
 * where the layout stopped. Undefined for a file of another layout; throws what is wrong with it, as `loadConfig` does.
 * It holds the password, as the layout does.
 */
export function convertDevo(options: LoadOptions & { readonly file: string }, schema: string): string | undefined {
  const { file } = options;
  const tree = readTree(readFileSync(file, 'utf8'), file, undefined);
  if (!isDevoLayout(tree.value)) return undefined;
  const { baseDir, devo } = loadConfig(options);
  const native = readDevoLayout({
    ...{ tree, label: file, fileDir: dirname(file) },
    datasets: [...options.datasets.keys()],
    listens: false,
    report: () => {},
    now: options.now ?? Date.now(),
  });
  return text(native.tree.value, devo!, schema, file, baseDir);
}

function text(value: unknown, devo: DevoLayout, schema: string, file: string, root: string): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  // What stands in the layout is text; here a dollar sign would begin a reference.
  visit(document, {
    Scalar: (key, node) => {
      if (key !== 'key' && typeof node.value === 'string') node.value = node.value.replaceAll('$', '$$$$');
    },
  });
  const say = (path: readonly string[], comment: string): void => {
    const map = document.getIn(path.slice(0, -1));
    const pair = isMap(map) ? map.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined;
    if (pair !== undefined && isScalar(pair.key)) pair.key.commentBefore = ` ${comment}`;
  };
  say(['data_dir'], 'Database and spool, where the layout kept its state.');
  say(['server'], 'No HTTP server; or { listen: 127.0.0.1:8480 } for the page, the API and metrics.');
  for (const [connection, { name, id, services }] of devo.inputs) {
    say(
      ['connections', connection],
      `inputs.${name} (id ${id}). Its name is part of its state and of every event's id.`,
    );
    say(
      ['connections', connection, 'password'],
      'Better kept outside: ${QUALYS_PASSWORD}, or ${file:/run/secrets/qualys}.',
    );
    for (const [dataset, service] of services)
      if (dataset !== service) say(['connections', connection, 'datasets', dataset], `The service ${service}.`);
  }
  say(
    ['routes'],
    "As Devo's collector: nothing is said of what is gone, and current hosts and detections come again every day.",
  );
  const head = [
    ` yaml-language-server: $schema=${schema}`,
    ` Made from ${file}; paths lead into ${root}.`,
    " QUARRY_LOG_FORMAT=devo writes log lines in the form of Devo's collectors.",
    ...devo.warnings.map((warning) => ` Not taken over: ${warning}`),
  ];
  document.commentBefore = head.join('\n');
  return document.toString({ lineWidth: 120 });
}

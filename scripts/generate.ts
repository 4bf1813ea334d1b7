import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { registry } from './support/registry.ts';

/** `npm run generate` writes every derived file; with `--check` it only says which are stale, and fails if any is. */

const root = resolve(import.meta.dirname, '..');

interface Generated {
  /** From the root of the repository. */
  readonly path: string;
  make(): string | Promise<string>;
}

const load = (path: string): Promise<unknown> => import(pathToFileURL(join(root, path)).href);

/** In this order: the registries come first, since the others import them. */
const generated: Generated[] = [
  {
    path: 'src/datasets/registry.gen.ts',
    make: () =>
      registry(root, {
        folder: 'src/datasets',
        name: 'datasets',
        type: 'DatasetFile',
        key: 'name',
        about: 'Every data set, by name.',
      }),
  },
  {
    path: 'src/sinks/registry.gen.ts',
    make: () =>
      registry(root, {
        folder: 'src/sinks',
        name: 'sinks',
        type: 'SinkFile',
        key: 'type',
        about: 'Every kind of sink, by type.',
      }),
  },
  {
    path: 'docs/reference/config.schema.json',
    make: async () => {
      const { jsonSchema } = (await load('src/config/show.ts')) as typeof import('../src/config/show.ts');
      const { datasets } = (await load(
        'src/datasets/registry.gen.ts',
      )) as typeof import('../src/datasets/registry.gen.ts');
      const { sinks } = (await load('src/sinks/registry.gen.ts')) as typeof import('../src/sinks/registry.gen.ts');
      const { presets } = (await load('src/datasets/presets.ts')) as typeof import('../src/datasets/presets.ts');
      return `${JSON.stringify(jsonSchema({ datasets, sinks, presets }), null, 2)}\n`;
    },
  },
];

// Pages whose generator stands in a file of its own.
if (existsSync(join(root, 'scripts/generate-errors.ts'))) {
  generated.push({
    path: 'docs/reference/errors.md',
    make: async () => ((await load('scripts/generate-errors.ts')) as { errorsPage(): string }).errorsPage(),
  });
}

/** After the registries, which may just have been written: these pages import them. */
async function pages(): Promise<Generated[]> {
  const made = (await load('scripts/generate-datasets.ts')) as typeof import('./generate-datasets.ts');
  const { sinksPage } = (await load('scripts/generate-sinks.ts')) as typeof import('./generate-sinks.ts');
  const { shapesPage } = (await load('scripts/generate-shapes.ts')) as typeof import('./generate-shapes.ts');
  const { metricsPage } = (await load('scripts/generate-metrics.ts')) as typeof import('./generate-metrics.ts');
  const { openapiFiles } = (await load('scripts/generate-openapi.ts')) as typeof import('./generate-openapi.ts');
  return [
    ...(await openapiFiles()).map(({ path, text }) => ({ path, make: () => text })),
    ...made.datasetPages().map(({ path, text }) => ({ path, make: () => text })),
    { path: 'docs/reference/sinks.md', make: sinksPage },
    { path: 'docs/reference/shapes.md', make: shapesPage },
    { path: 'docs/reference/metrics.md', make: metricsPage },
  ];
}

const check = process.argv.includes('--check');
const stale: string[] = [];
const bring = async ({ path, make }: Generated): Promise<void> => {
  const file = join(root, path);
  const text = await make();
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  stale.push(path);
  if (check) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
};
for (const one of generated) await bring(one);
for (const one of await pages()) await bring(one);
const said = stale.map((path) => `${check ? 'stale' : 'written'}  ${path}\n`).join('');
process.stdout.write(said === '' ? 'everything generated is up to date\n' : said);
if (check && stale.length > 0) {
  process.stdout.write('run `npm run generate` and commit the result\n');
  process.exitCode = 1;
}

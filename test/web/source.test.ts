import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../web/src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(tsx?|css)$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

it('the page is made of its own files and of packages it names, and fetches nothing from elsewhere', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, '../package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const packages = Object.keys(devDependencies);
  expect(files.length).toBeGreaterThan(40);
  for (const { path, text } of files) {
    const imported = [...text.matchAll(/^(?:import|export)\s(?:[^';]*?from\s)?'([^']+)'|\bimport\('([^']+)'\)/gm)].map(
      ([, first, lazily]) => (first ?? lazily)!,
    );
    const wrong = imported.filter((name) =>
      name.startsWith('.')
        ? !resolve(root, path, '..', name).startsWith(`${root}/`)
        : !packages.some((known) => name === known || name.startsWith(`${known}/`)),
    );
    expect({ path, wrong }).toEqual({ path, wrong: [] });
    expect({ path, far: /fetch\(\s*['"`]https?:|url\(\s*['"]?https?:/.test(text) }).toEqual({ path, far: false });
  }
});

it('no file of it is long', () => {
  const long = files.filter(({ path, text }) => !path.endsWith('.gen.ts') && text.split('\n').length > 400);
  expect(long.map(({ path }) => path)).toEqual([]);
});
